import type { ServerResponse } from 'node:http';
import type { Readable, Transform } from 'node:stream';

/**
 * Pipes a host's body through `stages` into a response, and leaves the response open. Node's own `pipeline`
 * makes an abort controller and an error a call, a tenth of a millisecond; this is on the path of every request.
 * @returns whether all streams reached their end; when one did not, all are destroyed but the response
 */
export function passBody(
  body: Readable,
  stages: readonly Transform[],
  response: ServerResponse,
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const readers: readonly Readable[] = [body, ...stages];
  const breakOff = (): void => {
    for (const reader of readers) reader.destroy();
    resolve(false);
  };
  let last = body;
  for (const reader of readers) reader.on('error', breakOff);
  for (const stage of stages) last = last.pipe(stage);
  last.once('end', () => resolve(true));
  body.once('close', () => {
    if (!body.readableEnded) breakOff();
  });
  response.once('close', breakOff);
  last.pipe(response, { end: false });
  return promise;
}
