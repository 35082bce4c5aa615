import { spawn } from 'node:child_process';

/** The value below which `share` (0 to 1) of the samples lie. */
function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  if (value === undefined) throw new Error('there are no samples');
  return value;
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}

/**
 * Takes samples of several things turn by turn, so that a slow moment of the machine falls on all of them. The
 * first `warmUp` turns are not counted, and every other turn goes backwards.
 */
export async function interleave(
  turns: number,
  warmUp: number,
  things: readonly (() => Promise<number>)[],
): Promise<readonly (readonly number[])[]> {
  const samples: number[][] = things.map(() => []);
  for (let turn = -warmUp; turn < turns; turn += 1) {
    const order = things.map((_, index) => index);
    for (const index of turn % 2 === 0 ? order : order.reverse()) {
      const took = await things[index]?.();
      if (turn >= 0 && took !== undefined) samples[index]?.push(took);
    }
  }
  return samples;
}

/** Runs a program to its end and returns how long that took, in milliseconds. Any status but 0 is an error. */
export async function timeProgram(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const [program = '', ...args] = argv;
  const started = performance.now();
  const child = spawn(program, args, { env: { ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += String(chunk);
  });
  const status = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const took = performance.now() - started;
  if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${String(status)}: ${errors}`);
  return took;
}
