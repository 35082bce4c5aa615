import { constants } from 'node:fs';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDecision } from '../../queue/parse-decision.ts';
import { parseRequest, toRequestText } from '../../queue/parse-request.ts';
import { queueLimits } from '../../queue/queue-limits.ts';
import type { Decision, QueueDaemon, QueueRequest, RequestId } from '../../queue/request.ts';
import { fromFileName, isUnfinishedFile, toFileName } from '../../queue/request-id.ts';

/** A file of the queue's folder that is no request, and why: one sentence. */
export interface UnreadableFile {
  readonly name: string;
  readonly message: string;
}

/** One daemon's requests on disk, and the answers to them. */
export interface QueueFiles {
  /** All requests that lie in the folder. What is no request is told and left where it is. */
  readRequests(): Promise<{
    readonly requests: readonly QueueRequest[];
    readonly unreadable: readonly UnreadableFile[];
  }>;
  /**
   * Writes a request, new or anew. INVARIANT: its name never stands for half of it: readers see all of the old text or all of
   * the new one, after a crash too.
   */
  writeRequest(request: QueueRequest): Promise<void>;
  /**
   * The answer to a request, or null while there is none.
   * @throws Error when what lies there is no decision, which may only mean that it is not whole yet
   */
  readDecision(id: RequestId): Promise<Decision | null>;
}

/** @param decisionsDirectory read-only for this process */
export function createQueueFiles(
  daemon: QueueDaemon,
  queueDirectory: string,
  decisionsDirectory: string,
): QueueFiles {
  return {
    async readRequests() {
      const requests: QueueRequest[] = [];
      const unreadable: UnreadableFile[] = [];
      for (const name of (await readdir(queueDirectory)).toSorted()) {
        const path = join(queueDirectory, name);
        // What an earlier process did not finish never was a request.
        if (isUnfinishedFile(name)) {
          await rm(path, { force: true, recursive: true });
          continue;
        }
        const id = fromFileName(name);
        try {
          if (id === null) throw new Error('its name is not that of a request');
          requests.push(parseRequest(await readBoundedFile(path), { daemon, id }));
        } catch (error) {
          unreadable.push({ name, message: error instanceof Error ? error.message : String(error) });
        }
      }
      return { requests, unreadable };
    },

    async writeRequest(request) {
      const text = toRequestText(request);
      if (Buffer.byteLength(text) > queueLimits.maxFileBytes) {
        throw new Error(`the request is larger than ${queueLimits.maxFileBytes} bytes`);
      }
      const path = join(queueDirectory, toFileName(request.id));
      const unfinished = join(queueDirectory, `.${toFileName(request.id)}`);
      {
        await using file = await open(unfinished, 'w', 0o644);
        await file.writeFile(text);
        await file.sync();
      }
      await rename(unfinished, path);
      await using folder = await open(queueDirectory, 'r');
      await folder.sync();
    },

    async readDecision(id) {
      try {
        return parseDecision(await readBoundedFile(join(decisionsDirectory, toFileName(id))), id);
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
        throw error;
      }
    },
  };
}

/** SECURITY: nothing but a plain file is opened, no link is followed, and no more is read than a file may hold. */
async function readBoundedFile(path: string): Promise<string> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const facts = await file.stat();
  if (!facts.isFile()) throw new Error('it is not a plain file');
  if (facts.size > queueLimits.maxFileBytes) {
    throw new Error(`it is larger than ${queueLimits.maxFileBytes} bytes`);
  }
  const buffer = Buffer.alloc(facts.size);
  const { bytesRead } = await file.read(buffer, 0, facts.size, 0);
  return buffer.toString('utf8', 0, bytesRead);
}
