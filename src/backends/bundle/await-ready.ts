import { X509Certificate } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { BottleError } from '../../errors.ts';
import { createFrameParser } from '../engine/frames.ts';

const shownLines = 5;
const maxLineBytes = 1024 * 1024;

/**
 * Reads what the bundle prints until its init says that all is ready.
 * @returns the PEM of the bottle's certificate authority
 * @throws BottleError `bundle-failed`, with the bundle's own last words, when it ends, fails or is late; the signal's
 *   reason when that aborts
 */
export async function awaitReady(
  stream: Duplex,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<string> {
  const late = AbortSignal.timeout(options.timeoutMs);
  const stop = AbortSignal.any([options.signal, late]);
  const onStop = (): unknown => stream.destroy();
  stop.addEventListener('abort', onStop, { once: true });
  if (stop.aborted) onStop();
  const last: string[] = [];
  try {
    for await (const line of readLines(stream)) {
      const event = parseEvent(line);
      if (event?.event === 'bundle-ready') return parseCertificate(event.caCertificate);
      last.push(toWords(event, line));
      if (last.length > shownLines) last.shift();
      if (event?.event === 'bundle-failed') break;
    }
  } catch (error) {
    if (error instanceof BottleError) throw error;
    // A broken connection says no more than that the bundle is gone; why, is asked below.
  } finally {
    stop.removeEventListener('abort', onStop);
  }
  options.signal.throwIfAborted();
  const problem = late.aborted ? `was not ready within ${options.timeoutMs} ms` : 'ended before it was ready';
  const words = last.length === 0 ? 'It said nothing.' : `It said: ${last.join(' | ')}`;
  throw new BottleError('bundle-failed', `The bundle ${problem}. ${words}`);
}

/** An event of init's own; what a daemon prints is never taken for one. */
function parseEvent(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) return null;
    const event = value as Record<string, unknown>;
    // SECURITY: init puts the name of who spoke first into each line itself.
    return event.daemon === 'init' ? event : { message: event.message, daemon: event.daemon };
  } catch {
    return null;
  }
}

function toWords(event: Record<string, unknown> | null, line: string): string {
  const words = typeof event?.message === 'string' ? event.message : line;
  const speaker = typeof event?.daemon === 'string' && event.daemon !== 'init' ? `${event.daemon}: ` : '';
  return `${speaker}${words}`.slice(0, 500);
}

function parseCertificate(value: unknown): string {
  try {
    const pem = String(value);
    if (new X509Certificate(pem).ca) return pem;
  } catch {
    // Said below.
  }
  throw new BottleError('bundle-failed', 'The bundle was ready without a certificate authority.');
}

async function* readLines(stream: Duplex): AsyncGenerator<string> {
  const parse = createFrameParser();
  let rest = Buffer.alloc(0);
  for await (const chunk of stream) {
    for (const { bytes } of parse(chunk)) {
      rest = Buffer.concat([rest, bytes]);
      for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
        yield rest.toString('utf8', 0, end);
        rest = rest.subarray(end + 1);
      }
      if (rest.length > maxLineBytes)
        throw new BottleError('bundle-failed', 'The bundle printed a line without end.');
    }
  }
  if (rest.length > 0) yield rest.toString('utf8');
}
