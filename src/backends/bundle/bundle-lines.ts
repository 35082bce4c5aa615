import type { Duplex } from 'node:stream';
import { BottleError } from '../../errors.ts';
import { createFrameParser } from '../engine/frames.ts';

const maxLineBytes = 1024 * 1024;
const maxWords = 500;

/**
 * What the bundle prints, a line at a time without its end, until the stream does.
 * @param stream an attached bundle's
 * @throws BottleError `bundle-failed` at a line without end
 */
export async function* readBundleLines(stream: Duplex): AsyncGenerator<string> {
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

/**
 * A line's object, or null where it is none.
 * SECURITY: its `daemon` says truly who spoke: init puts the name into each line itself, and takes out one that was there.
 */
export function parseBundleLine(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** A line for a person: who spoke, where that was not init, and what it said, cut to a bound. */
export function toBundleWords(line: string): string {
  const event = parseBundleLine(line);
  const words = typeof event?.message === 'string' ? event.message : line;
  const speaker = typeof event?.daemon === 'string' && event.daemon !== 'init' ? `${event.daemon}: ` : '';
  return `${speaker}${words}`.slice(0, maxWords);
}
