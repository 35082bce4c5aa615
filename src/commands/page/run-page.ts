import { once } from 'node:events';
import type { Server } from 'node:http';
import type { Operator } from '../../approvals/operator.ts';
import { BottleError } from '../../errors.ts';
import { openNotifier } from '../program/open-notifier.ts';
import { readPageFiles } from './page-files.ts';
import { createPageServer } from './page-server.ts';
import { createPageSession } from './page-session.ts';
import { createSnapshotStreams } from './snapshot-streams.ts';

/** What still has to be sent when the page ends gets this long. */
const graceMs = 500;

/** SECURITY: the only address the page is served on: no other machine reaches it. */
const loopback = '127.0.0.1';

export interface PageOptions {
  /** Null: any that is free. */
  readonly port: number | null;
  /** Called once, with the address to open. */
  readonly onListening: (url: string) => void;
  /** Told in one sentence what failed and ends nothing. */
  readonly onWarning: (message: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Serves the page until the signal aborts.
 * @throws BottleError `usage-invalid` when the port is taken, and what the operator's side throws
 */
export async function runPage(operator: Operator, options: PageOptions): Promise<void> {
  const { signal } = options;
  const files = await readPageFiles();
  const session = createPageSession();
  const streams = createSnapshotStreams(Date.now);
  let authority = '';
  const server = createPageServer({
    operator,
    session,
    streams,
    files,
    authority: () => authority,
    signal,
  });
  authority = `${loopback}:${await listen(server, options.port ?? 0)}`;
  await using stack = new AsyncDisposableStack();
  stack.defer(async () => {
    const closed = once(server, 'close');
    server.close();
    const late = setTimeout(() => server.closeAllConnections(), graceMs);
    await closed;
    clearTimeout(late);
  });
  stack.use(streams);
  options.onListening(`http://${authority}/?token=${session.token}`);
  await using notifier = openNotifier(options.onWarning);
  for await (const snapshot of operator.watch(signal)) {
    streams.send(snapshot);
    await notifier.notify(snapshot.entries);
  }
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, loopback);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new BottleError('usage-invalid', `The page cannot be served on port ${port}.`, {
      hint: 'Another program may have it: choose another one with --port, or none.',
      cause,
    });
  }
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}
