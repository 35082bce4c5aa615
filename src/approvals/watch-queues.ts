import { type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { QueueSnapshot } from './queue-entry.ts';

/** Time lapses without any file changing, and not every file system tells of changes. */
const lookEveryMs = 1_000;
/** One change of a queue is several of its folder. */
const settleMs = 20;

/** A snapshot, and the folders whose changes make another. */
export interface WatchedSnapshot {
  readonly snapshot: QueueSnapshot;
  /** The folder of the instances' folders, and each of these. */
  readonly instances: string;
  readonly stateDirectories: readonly string[];
}

/**
 * Takes snapshots: one now, and one after each change of a folder that holds something of them. Yields those that differ from the
 * one before. Ends when the signal aborts.
 */
export async function* watchQueues(
  takeSnapshot: () => Promise<WatchedSnapshot>,
  signal: AbortSignal,
): AsyncGenerator<QueueSnapshot, void> {
  using folders = watchFolders();
  let last: string | null = null;
  while (!signal.aborted) {
    const { changed } = folders;
    const { snapshot, instances, stateDirectories } = await takeSnapshot();
    const text = JSON.stringify(snapshot);
    const parts = ['.', 'queue/supervise', 'queue/git-gate', 'bundle/decisions'];
    folders.follow([
      instances,
      ...stateDirectories.flatMap((state) => parts.map((part) => join(state, part))),
    ]);
    if (text !== last) yield snapshot;
    last = text;
    await waitFor(changed, signal);
  }
}

async function waitFor(changed: Promise<void>, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  const pause = (ms: number) => sleep(ms, undefined, { signal: stop }).catch(() => undefined);
  await Promise.race([changed.then(() => pause(settleMs)), pause(lookEveryMs)]);
  over.abort();
}

interface FolderWatch extends Disposable {
  /** Resolves with the next change. */
  readonly changed: Promise<void>;
  /** Follows these folders and no others. */
  follow(folders: readonly string[]): void;
}

function watchFolders(): FolderWatch {
  const watchers = new Map<string, FSWatcher>();
  let next = Promise.withResolvers<void>();
  const onChange = () => {
    next.resolve();
    next = Promise.withResolvers();
  };
  const close = (folder: string) => {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  };
  return {
    get changed() {
      return next.promise;
    },
    follow(folders) {
      for (const folder of [...watchers.keys()]) if (!folders.includes(folder)) close(folder);
      for (const folder of folders) {
        if (watchers.has(folder)) continue;
        try {
          const watcher = watch(folder, { persistent: false }, onChange);
          watcher.on('error', () => close(folder));
          watchers.set(folder, watcher);
        } catch {
          // Not there, or too many are watched: the slow look finds it.
        }
      }
    },
    [Symbol.dispose]() {
      for (const folder of [...watchers.keys()]) close(folder);
    },
  };
}
