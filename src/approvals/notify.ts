import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../host/folders.ts';
import { toPrintableJson } from '../host/printable-json.ts';
import { type ProgramResult, runProgram } from '../host/run-program.ts';
import type { ManifestContext } from '../plans/manifest/load-layers.ts';
import { createExclusively } from './create-exclusively.ts';
import type { QueueEntry } from './queue-entry.ts';

export interface NotifySurroundings {
  /** The operator's environment, which a notification's program sees too. */
  readonly env: Environment;
  readonly manifests: ManifestContext;
  /** Told in one sentence what failed. Nothing that fails here ends anything. */
  readonly onFailure: (message: string) => void;
}

/** Runs the manifest's `supervise.notify` for requests that nobody was notified of. Disposing it ends what still runs. */
export interface Notifier extends AsyncDisposable {
  /** Looks for new requests; does not wait for the programs it starts. */
  notify(entries: readonly QueueEntry[]): Promise<void>;
}

const timeoutMs = 30_000;
/** What still runs when the notifier is disposed gets this long. */
const graceMs = 2_000;
const maxOutputBytes = 64 * 1024;
/** SECURITY: of one bottle, however many files a daemon makes that has fallen. The rest is notified of when a minute is over. */
const maxPerMinute = 20;

/**
 * Makes the one function that notifies. INVARIANT: exactly one process notifies of a request, however many look, and once.
 * SECURITY: no word of a guest's is in an argument or a variable: it comes as JSON on standard input, and may be anything.
 */
export function createNotifier(surroundings: NotifySurroundings): Notifier {
  const { onFailure } = surroundings;
  const settled = new Set<string>();
  const running = new Set<Promise<void>>();
  const times = new Map<string, readonly number[]>();
  const end = new AbortController();

  function isTooMany(slug: string): boolean {
    const now = performance.now();
    const recent = (times.get(slug) ?? []).filter((time) => now - time < 60_000);
    times.set(slug, recent.length < maxPerMinute ? [...recent, now] : recent);
    return recent.length >= maxPerMinute;
  }

  async function notifyOf(entry: QueueEntry, argv: readonly string[]): Promise<void> {
    const { id } = entry.request;
    const result = await run(entry, argv, surroundings, end.signal);
    if (result !== null) onFailure(`The notification of ${id} failed: ${toWords(result)}.`);
  }

  return {
    async notify(entries) {
      for (const entry of entries) {
        const key = `${entry.slug} ${entry.request.id}`;
        if (entry.status !== 'waiting' || settled.has(key)) continue;
        try {
          const argv = await readNotifyCommand(entry.bottle, surroundings.manifests);
          if (argv === null || isTooMany(entry.slug)) continue;
          settled.add(key);
          if (!(await claim(entry))) continue;
          const work = notifyOf(entry, argv).finally(() => running.delete(work));
          running.add(work);
        } catch (error) {
          settled.add(key);
          const message = error instanceof Error ? error.message : String(error);
          onFailure(`Nobody was notified of ${entry.request.id}: ${message}`);
        }
      }
    },
    async [Symbol.asyncDispose]() {
      const late = setTimeout(() => end.abort(), graceMs);
      await Promise.allSettled(running);
      clearTimeout(late);
    },
  };
}

/** Whether this process is the one to notify of a request. */
async function claim({ stateDirectory, request }: QueueEntry): Promise<boolean> {
  const folder = join(stateDirectory, 'notified');
  await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  });
  return await createExclusively(join(folder, request.id), '', 0o600);
}

/** Read anew each time: the bundle must not see it, and the operator may have changed it. */
async function readNotifyCommand(
  bottle: string,
  manifests: ManifestContext,
): Promise<readonly string[] | null> {
  // A schema library and a YAML parser, for the few who are notified.
  const { loadManifest } = await import('../plans/manifest/load-manifest.ts');
  const { supervise } = await loadManifest(bottle, manifests);
  return supervise?.notify ?? null;
}

/** @returns null when it went well */
async function run(
  { bottle, request }: QueueEntry,
  argv: readonly string[],
  { env, manifests }: NotifySurroundings,
  signal: AbortSignal,
): Promise<Exclude<ProgramResult, { status: 0 }> | null> {
  const own = {
    BOTTLE_NAME: bottle,
    BOTTLE_REQUEST_ID: request.id,
    BOTTLE_REQUEST_KIND: request.proposal.kind,
  };
  const input = `${toPrintableJson(request, 0)}\n`;
  const limits = { timeoutMs, maxOutputBytes, cwd: manifests.home, signal };
  const result = await runProgram({ argv, env: { ...env, ...own }, input, ...limits }).catch(
    (): ProgramResult => ({ kind: 'killed', signal: 'SIGTERM' }),
  );
  return result.kind === 'ended' && result.status === 0 ? null : result;
}

function toWords(result: ProgramResult): string {
  switch (result.kind) {
    case 'ended':
      return `its program ended with status ${result.status}`;
    case 'not-started':
      return `its program cannot be run (${result.reason})`;
    case 'timed-out':
      return `its program did not end within ${timeoutMs / 1000} s`;
    case 'too-much-output':
      return `its program printed more than ${maxOutputBytes} bytes`;
    case 'killed':
      return 'its program was killed';
  }
}
