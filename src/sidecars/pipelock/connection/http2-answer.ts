import type { ServerHttp2Stream } from 'node:http2';
import type { Answer, AnswerFraming } from '../exchange/guest-request.ts';
import type { Field } from '../http/fields.ts';
import type { ByteSource } from '../streams/byte-source.ts';
import { writeBytes } from '../streams/write-bytes.ts';

/** Error code of RFC 9113, 7. */
const noError = 0;

/** Writes the answer to one HTTP/2 stream. */
export function createHttp2Answer(
  stream: ServerHttp2Stream,
  source: ByteSource,
  idleTimeoutMs: number,
): Answer {
  let framing: AnswerFraming | null = null;
  let trailing: readonly Field[] = [];
  let ended = false;

  return {
    get started() {
      return framing !== null;
    },
    onGone: source.onClosed,
    // One stream's end is no other stream's matter.
    closeAfter() {},
    interim(status, fields) {
      if (framing !== null || stream.destroyed || stream.closed) return;
      stream.additionalHeaders({ ...toRecord(fields), ':status': status });
    },
    start(status, _reason, fields, given) {
      const length = given.kind === 'length' ? ['content-length', String(given.length)] : [];
      const block = [
        ':status',
        String(status),
        ...fields.flatMap(({ name, value }) => [name, value]),
        ...length,
      ];
      if (stream.destroyed || stream.closed) {
        framing = given;
        return;
      }
      const waitForTrailers = given.kind === 'streamed';
      if (waitForTrailers) stream.once('wantTrailers', () => stream.sendTrailers(toRecord(trailing)));
      stream.respond(block, { endStream: given.kind === 'none', waitForTrailers });
      framing = given;
    },
    write: (bytes) => (bytes.length === 0 ? undefined : writeBytes(stream, bytes, idleTimeoutMs)),
    end(trailers) {
      ended = true;
      trailing = trailers;
      if (stream.destroyed || stream.writableEnded) return;
      // Whoever is answered before the end of its body need not send the rest.
      stream.once('finish', () => {
        if (!stream.readableEnded && !stream.closed) stream.close(noError);
      });
      stream.end();
    },
    abort() {
      // Not `close`: that ends the data in good order first, and half an answer would pass for a whole one.
      if (!stream.destroyed && !ended) stream.destroy(new Error('the answer broke off'));
    },
    upgrade: null,
  };
}

function toRecord(fields: readonly Field[]): Record<string, string[]> {
  const record: Record<string, string[]> = {};
  for (const { name, value } of fields) record[name] = [...(record[name] ?? []), value];
  return record;
}
