import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toDecisionText } from '../../../../src/queue/parse-decision.ts';
import { parseRequest } from '../../../../src/queue/parse-request.ts';
import type { Decision, QueueDaemon, QueueRequest } from '../../../../src/queue/request.ts';
import { fromFileName, toFileName } from '../../../../src/queue/request-id.ts';

/** A queue's two folders, real ones, and the operator's hand in them. */
export interface QueueFolders extends Disposable {
  readonly queue: string;
  readonly decisions: string;
  /** All requests that lie in the queue, read as the operator reads them. */
  requests(): readonly QueueRequest[];
  /** Puts an answer there, whole. */
  decide(decision: Decision): void;
}

export function makeQueueFolders(daemon: QueueDaemon = 'supervise'): QueueFolders {
  const folder = mkdtempSync(join(tmpdir(), 'bottle-queue-'));
  const queue = join(folder, 'queue');
  const decisions = join(folder, 'decisions');
  mkdirSync(queue);
  mkdirSync(decisions);
  return {
    queue,
    decisions,
    requests: () =>
      readdirSync(queue).flatMap((name) => {
        const id = fromFileName(name);
        return id === null ? [] : [parseRequest(readFileSync(join(queue, name), 'utf8'), { daemon, id })];
      }),
    decide(decision) {
      const path = join(decisions, toFileName(decision.id));
      writeFileSync(`${path}.new`, toDecisionText(decision));
      renameSync(`${path}.new`, path);
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
