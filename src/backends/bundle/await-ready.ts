import { X509Certificate } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { BottleError } from '../../errors.ts';
import { parseBundleLine, readBundleLines, toBundleWords } from './bundle-lines.ts';

const shownLines = 5;

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
    for await (const line of readBundleLines(stream)) {
      const event = parseBundleLine(line);
      // What a daemon prints is never taken for a word of init's.
      const own = event?.daemon === 'init' ? event.event : null;
      if (own === 'bundle-ready') return parseCertificate(event?.caCertificate);
      last.push(toBundleWords(line));
      if (last.length > shownLines) last.shift();
      if (own === 'bundle-failed') break;
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

function parseCertificate(value: unknown): string {
  try {
    const pem = String(value);
    if (new X509Certificate(pem).ca) return pem;
  } catch {
    // Said below.
  }
  throw new BottleError('bundle-failed', 'The bundle was ready without a certificate authority.');
}
