import type { Writable } from 'node:stream';

/**
 * Writes bytes and waits until the receiver keeps up again.
 * @throws Error when the stream breaks, or the receiver takes nothing for `timeoutMs`
 */
export function writeBytes(
  stream: Writable,
  bytes: Buffer | string,
  timeoutMs: number,
): Promise<void> | undefined {
  if (stream.destroyed || stream.writableEnded) return Promise.reject(new Error('the receiver is gone'));
  const more = typeof bytes === 'string' ? stream.write(bytes, 'latin1') : stream.write(bytes);
  return more ? undefined : waitForDrain(stream, timeoutMs);
}

function waitForDrain(stream: Writable, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      stream.off('drain', onDrain).off('close', onClose);
    };
    const onDrain = (): void => {
      settle();
      resolve();
    };
    const onClose = (): void => {
      settle();
      reject(new Error('the receiver is gone'));
    };
    const timer = setTimeout(onClose, timeoutMs);
    stream.once('drain', onDrain).once('close', onClose);
  });
}
