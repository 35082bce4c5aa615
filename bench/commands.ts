import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createBottleHome } from '../test/support/bottle-cli.ts';
import { findContainer } from '../test/support/sealed-bottle.ts';
import { captureBottle } from './capture.ts';
import { interleave, median, timeProgram } from './measure.ts';
import type { Result } from './result.ts';

const entry = fileURLToPath(new URL('../bin/run.js', import.meta.url));
const rawUp = fileURLToPath(new URL('raw-up.ts', import.meta.url));
const name = 'bench';

/** Whole programs against whole programs, from their start to their end. */
export async function measureCommands(): Promise<readonly Result[]> {
  await using stack = new AsyncDisposableStack();
  const home = stack.use(await createBottleHome());
  await home.writeManifest(name, {
    agent: { command: ['sleep', 'infinity'] },
    workspace: { source: home.workspace, mode: 'bind' },
    egress: { routes: [{ host: 'example.com' }] },
  });
  const bottle = (...args: readonly string[]) => [process.execPath, entry, ...args];
  const run = (argv: readonly string[]) => () => timeProgram(argv, home.env);
  const results: Result[] = [];

  const version = await interleave(40, 4, [run(bottle('--version')), run([process.execPath, '-e', '0'])]);
  results.push(toResult('bottle --version', version, 'node -e 0', 2.5));

  stack.defer(async () => void (await home.run(['down', name])));
  await timeProgram(bottle('up', name, '--detach'), home.env);
  const guest = await findContainer(name, 'guest');
  const exec = await interleave(40, 4, [
    run(bottle('exec', name, '--', 'true')),
    run(['docker', 'exec', guest.id, 'true']),
  ]);
  results.push(toResult('bottle exec NAME -- true', exec, 'docker exec NAME true', 2));
  const spec = join(home.folder, 'raw.json');
  await writeFile(spec, JSON.stringify(await captureBottle(name)));
  await timeProgram(bottle('down', name), home.env);

  const node = [process.execPath, '--no-warnings', rawUp, spec];
  const up = await interleave(15, 2, [
    run(bottle('up', name, '--', 'true')),
    run([...node, 'sequential']),
    run([...node, 'parallel']),
  ]);
  results.push(toResult('bottle up NAME -- true', up, 'the same engine calls, one by one', 1.5));
  results.push({
    ...toResult(
      'bottle up NAME -- true',
      [up[0] ?? [], up[2] ?? []],
      'the same engine calls, at once where they can be',
      0,
    ),
    target: null,
  });
  return results;
}

function toResult(
  what: string,
  samples: readonly (readonly number[])[],
  rawName: string,
  atMost: number,
): Result {
  const [bottle = [], raw = []] = samples;
  return {
    name: what,
    unit: 'ms',
    bottle: median(bottle),
    raw: median(raw),
    rawName,
    samples: bottle.length,
    target: { kind: 'ratio', atMost },
  };
}
