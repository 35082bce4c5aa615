import { readFile } from 'node:fs/promises';
import type { ContainerOutput } from './test-network.ts';

/** Runs a program somewhere: in a guest through the real command, or in a plain container for the control. */
export type Place = (argv: readonly string[], stdin: string) => Promise<ContainerOutput>;

/** A file of `test/support/probes`. */
export type ProbeName =
  | 'crowd'
  | 'dns'
  | 'events'
  | 'fetch'
  | 'http2'
  | 'mcp'
  | 'memory'
  | 'reach'
  | 'search'
  | 'standing'
  | 'steady'
  | 'transfer'
  | 'websocket'
  | 'wire';

/**
 * Sends a probe to a place and returns what it printed. Both the probe and what it is to do go through standard
 * input: nothing of it is in a file or an argument vector there, so that a search does not find itself.
 */
export async function runProbe<Result>(place: Place, name: ProbeName, input: object): Promise<Result> {
  const output = await startProbe(place, name, input);
  if (output.status !== 0 || output.stdout === '') {
    throw new Error(`probe ${name} ended with ${output.status}: ${output.stderr}${output.stdout}`);
  }
  return JSON.parse(output.stdout) as Result;
}

/** As {@link runProbe}, for a probe that is expected not to live to its end. */
export async function startProbe(place: Place, name: ProbeName, input: object): Promise<ContainerOutput> {
  const program = await readFile(new URL(`./probes/${name}.mjs`, import.meta.url), 'utf8');
  const text = `const input = ${JSON.stringify(input)};\n${program}`;
  return place(['node', '--input-type=module', '-'], text);
}

/** The probe for echo requests and raw frames, in Perl, which every Debian has. */
export async function runPacketProbe(
  place: Place,
  host: string,
): Promise<{ readonly echo: string; readonly frames: string }> {
  const program = await readFile(new URL('./probes/packets.pl', import.meta.url), 'utf8');
  const output = await place(['perl', '-'], `our $host = '${host}';\n${program}`);
  if (output.status !== 0) throw new Error(`the packet probe ended with ${output.status}: ${output.stderr}`);
  return JSON.parse(output.stdout) as { echo: string; frames: string };
}
