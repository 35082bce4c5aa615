import type { ServerResponse } from 'node:http';
import type { QueueSnapshot } from '../../approvals/queue-entry.ts';
import { beginAnswer } from './page-answer.ts';
import type { PageSnapshot } from './page-messages.ts';

/** So that a browser finds out that the server is gone, and the server that a browser is. */
const heartbeatMs = 15_000;

/** The pages that follow the queues, each over an answer that does not end. */
export interface SnapshotStreams extends Disposable {
  /** Sends what the queues hold now, to all. */
  send(snapshot: QueueSnapshot): void;
  /** Begins one more; it gets the last snapshot at once. */
  add(response: ServerResponse): void;
}

export function createSnapshotStreams(nowMs: () => number): SnapshotStreams {
  const streams = new Map<ServerResponse, { late: boolean }>();
  let last: QueueSnapshot | null = null;
  const heartbeat = setInterval(() => {
    for (const response of streams.keys()) if (!response.writableNeedDrain) response.write(': \n\n');
  }, heartbeatMs).unref();

  function write(response: ServerResponse, stream: { late: boolean }): void {
    if (last === null) return;
    // A page that does not keep up gets the newest once it does, not all of them.
    stream.late = response.writableNeedDrain;
    if (stream.late) return;
    const message: PageSnapshot = { ...last, nowMs: nowMs() };
    response.write(`data: ${JSON.stringify(message)}\n\n`);
  }

  return {
    send(snapshot) {
      last = snapshot;
      for (const [response, stream] of streams) write(response, stream);
    },
    add(response) {
      const stream = { late: false };
      streams.set(response, stream);
      response.once('close', () => streams.delete(response));
      response.on('drain', () => {
        if (stream.late) write(response, stream);
      });
      beginAnswer(response, 200, 'text/event-stream', { connection: 'close' });
      response.flushHeaders();
      write(response, stream);
    },
    [Symbol.dispose]() {
      clearInterval(heartbeat);
      for (const response of streams.keys()) response.end();
    },
  };
}
