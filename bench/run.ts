// Measures bottle beside the raw things it is made of, in one run, and prints what came out. Every figure is also
// written to bench/results/. Nothing here fails for a missed target: a bench tells, the tests judge.
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { measureApprovals } from './approval.ts';
import { measureCommands } from './commands.ts';
import { measureGit } from './git.ts';
import { readMachine } from './machine.ts';
import { measureProxies } from './proxies.ts';
import { toTable, toVerdict } from './result.ts';

const startedAt = new Date().toISOString();
const machine = await readMachine();
console.log(
  Object.entries(machine)
    .map(([fact, value]) => `${fact}: ${String(value)}`)
    .join('\n'),
);
console.log('\nmeasuring, some minutes; leave the machine alone meanwhile\n');

const commands = await measureCommands();
console.log(`${toTable(commands)}\n`);
const proxies = await measureProxies();
console.log(`${toTable(proxies)}\n`);
const approvals = await measureApprovals();
console.log(`${toTable(approvals)}\n`);
const gate = await measureGit();
console.log(toTable(gate));
const results = [...commands, ...proxies, ...approvals, ...gate];

const folder = fileURLToPath(new URL('results/', import.meta.url));
await mkdir(folder, { recursive: true });
const file = `${folder}${startedAt.replaceAll(':', '-')}.json`;
const report = {
  startedAt,
  machine,
  results: results.map((result) => ({ ...result, verdict: toVerdict(result) })),
};
await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
console.log(`\nwritten to ${file}`);
