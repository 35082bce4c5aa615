#!/usr/bin/env node
// Written for whatever Node there is, so that an old one gets a plain sentence instead of a syntax error.
import { readFileSync } from 'node:fs';
import module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname ?? '.', '..');
const argv = process.argv.slice(2);

if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(`Error: bottle needs Node 24 or newer; this is Node ${process.versions.node}.\n`);
  process.stderr.write(
    'Hint: Install Node 24, or run "npm run setup" in the checkout, which brings its own.\n',
  );
  process.exitCode = 3;
} else if (argv.length === 1 && (argv[0] === '--version' || argv[0] === 'version')) {
  // Answered without loading anything: shells and editors ask often.
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  process.stdout.write(`bottle/${version} ${process.platform}-${process.arch} node-${process.version}\n`);
} else {
  // SECURITY: a folder of the user's own. Node's default is below the folder for temporary files, which others write to.
  module.enableCompileCache(
    join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'bottle', 'compiled'),
  );
  const { runProgram } = await import('../dist/main.js');
  await runProgram(argv, root, { development: false });
}
