import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createBottleHome } from '../../support/bottle-cli.ts';

/** Writes the address of every module that is loaded to standard error. */
const recorder = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  import { writeSync } from 'node:fs';
  registerHooks({ load(url, context, next) { writeSync(2, 'loaded ' + url + '\\n'); return next(url, context); } });
`)}`;

const entry = fileURLToPath(new URL('../../../bin/run.js', import.meta.url));

/** What one run of the command loads, in its order. */
async function loadedBy(args: readonly string[]): Promise<readonly string[]> {
  await using home = await createBottleHome({ DOCKER_HOST: 'unix:///nonexistent/docker.sock' });
  const run = promisify(execFile)(process.execPath, ['--import', recorder, entry, ...args], {
    env: home.env,
  });
  const { stderr } = await run.catch((error: { stderr: string }) => error);
  return stderr
    .split('\n')
    .flatMap((line) => (line.startsWith('loaded ') ? [line.slice('loaded '.length)] : []));
}

/** The packages whose code is in the chunks that were loaded, by the comments that the bundler leaves. */
async function packagesIn(urls: readonly string[]): Promise<readonly string[]> {
  const files = urls.filter((url) => url.includes('/dist/'));
  const texts = await Promise.all(files.map((url) => readFile(new URL(url), 'utf8')));
  const found = texts.flatMap((text) =>
    [...text.matchAll(/^\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)\//gm)].map(([, name]) => name ?? ''),
  );
  return [...new Set(found)].sort();
}

describe('what a command loads', () => {
  it('--version loads the entry and nothing else of ours', async () => {
    const loaded = await loadedBy(['--version']);
    expect(loaded.filter((url) => url.startsWith('file:'))).toEqual([expect.stringMatching(/bin\/run\.js$/)]);
  });

  it("exec loads the engine's client and none of what planning, launching and copying need", async () => {
    const loaded = await loadedBy(['exec', 'nobody', '--', 'true']);
    const packages = await packagesIn(loaded);
    expect(packages).toContain('dockerode');
    for (const name of [
      'zod',
      'yaml',
      'tar-stream',
      'listr2',
      'execa',
      'ssh2',
      'protobufjs',
      '@grpc/grpc-js',
      'readable-stream',
      'ink',
      'react',
    ]) {
      expect(packages).not.toContain(name);
    }
    // Loading these as modules costs 35 ms and 13 ms.
    expect(loaded).not.toContain('node:http');
    expect(loaded).not.toContain('node:https');
  });

  it('init loads no engine', async () => {
    expect(await packagesIn(await loadedBy(['init', 'fresh']))).not.toContain('dockerode');
  });
});
