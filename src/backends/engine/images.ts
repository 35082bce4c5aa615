import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { BottleError } from '../../errors.ts';
import type { Engine } from './engine.ts';
import { statusOf, toEngineWords } from './engine-error.ts';

/** Whether the engine has an image of this reference. */
export async function hasImage(engine: Engine, reference: string): Promise<boolean> {
  try {
    await engine.call(`image inspect ${reference}`, (docker) => docker.getImage(reference).inspect());
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}

/**
 * Pulls an image from its registry.
 * @throws BottleError `image-missing` when the registry does not give it
 */
export async function pullImage(
  engine: Engine,
  reference: string,
  options: { readonly signal: AbortSignal; readonly onOutput: (line: string) => void },
): Promise<void> {
  const { signal, onOutput } = options;
  const tagged = /[:@][^/]*$/.test(reference) ? reference : `${reference}:latest`;
  const fail = (words: string): BottleError =>
    new BottleError('image-missing', `Pulling ${reference} failed: ${words}.`, {
      hint: 'Check the reference, and that the engine reaches its registry.',
    });
  const output = await engine
    .call(`image pull ${tagged}`, (docker) => docker.pull(tagged, { abortSignal: signal }))
    .catch((error: unknown) => {
      signal.throwIfAborted();
      // A registry that is not there or that refuses: the engine answers with any status.
      throw statusOf(error) === null ? error : fail(toEngineWords(error));
    });
  await readProgress(output as Readable, { signal, onOutput, onFailure: fail });
}

/**
 * Builds an image with the engine's classic builder from a tar of its context.
 * @throws BottleError `image-build-failed`
 */
export async function buildImage(
  engine: Engine,
  context: Readable,
  options: {
    readonly reference: string;
    readonly dockerfile: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly signal: AbortSignal;
    readonly onOutput: (line: string) => void;
  },
): Promise<void> {
  const { reference, dockerfile, labels, signal, onOutput } = options;
  const fail = (words: string): BottleError =>
    new BottleError('image-build-failed', `Building ${reference} failed: ${words}.`);
  const output = await engine
    .call(`image build ${reference}`, (docker) =>
      docker.buildImage(context, {
        t: reference,
        dockerfile,
        labels,
        rm: true,
        forcerm: true,
        abortSignal: signal,
      }),
    )
    .catch((error: unknown) => {
      signal.throwIfAborted();
      throw statusOf(error) === null ? error : fail(toEngineWords(error));
    });
  await readProgress(output as Readable, { signal, onOutput, onFailure: fail });
}

/** The engine reports progress as JSON objects, one a line; a failure comes as one of them, behind a status of 200. */
interface ProgressLine {
  readonly stream?: string;
  readonly status?: string;
  readonly id?: string;
  readonly progress?: string;
  readonly error?: string;
}

interface ProgressReader {
  readonly signal: AbortSignal;
  readonly onOutput: (line: string) => void;
  readonly onFailure: (words: string) => BottleError;
}

async function readProgress(
  output: Readable,
  { signal, onOutput, onFailure }: ProgressReader,
): Promise<void> {
  let unfinished = '';
  try {
    for await (const text of createInterface({ input: output, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (text.trim() === '') continue;
      const line: ProgressLine = JSON.parse(text);
      if (line.error !== undefined) throw onFailure(line.error.trim().replace(/\.$/, ''));
      if (line.status !== undefined && line.progress === undefined) {
        onOutput([line.id, line.status].filter((part) => part !== undefined).join(': '));
      }
      const lines = (unfinished + (line.stream ?? '')).split(/\r?\n/);
      unfinished = lines.pop() ?? '';
      for (const whole of lines) onOutput(whole);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
  signal.throwIfAborted();
  if (unfinished !== '') onOutput(unfinished);
}
