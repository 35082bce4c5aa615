import type { ServerHttp2Stream } from 'node:http2';
import type { BodyReader } from '../http/body-reader.ts';
import type { Field } from '../http/fields.ts';
import { type ByteSource, ByteSourceError } from '../streams/byte-source.ts';

/** The body of a stream, whose bytes `source` has; `hasBody` says whether it went on behind the header block. */
export function createHttp2Body(
  stream: Pick<ServerHttp2Stream, 'aborted' | 'closed' | 'destroyed' | 'on'>,
  source: ByteSource,
  hasBody: boolean,
  timeoutMs: number,
): BodyReader {
  let ended = !hasBody;
  let trailers: readonly Field[] = [];
  stream.on('trailers', (fields) => {
    trailers = Object.entries(fields).flatMap(([name, value]) =>
      [value ?? []].flat().map((member) => ({ name, value: member })),
    );
  });
  return {
    async read() {
      if (ended) return null;
      const bytes = await source.read(timeoutMs);
      if (bytes !== null) return bytes;
      // SECURITY: a stream that was reset ends like one that is complete; half a body must not pass for a whole one.
      if (stream.closed || stream.aborted || stream.destroyed) throw new ByteSourceError('broken');
      ended = true;
      return null;
    },
    get ended() {
      return ended;
    },
    get trailers() {
      return trailers;
    },
  };
}
