import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { collectErrors, endProcessGroup } from './git/git-process.ts';
import { toBoundedGit, toGitEnvironment } from './git/git-program.ts';
import { type HookQuestion, hookVariables } from './hook/hook-protocol.ts';
import { joinStreams } from './join-streams.ts';
import { removeReceived } from './mirror/remove-leftovers.ts';
import { decidePush, type PushRulings } from './push/decide-push.ts';
import { forwardPush } from './push/forward-push.ts';
import type { HookServer } from './push/hook-server.ts';
import { PushRefusal } from './push/ref-policy.ts';
import { UpstreamFailure } from './upstream/upstream-failure.ts';

/** What serves the pushes of one remote. */
export interface PushService extends PushRulings {
  readonly hooks: HookServer;
  /** Pushes of this remote that are under way; whoever is the last removes what was left. */
  readonly underWay: Set<Socket>;
}

/** Of the processes that read a pack: far above what the largest push takes. */
const maxCpuSeconds = 600;

/** Serves `git-receive-pack` on a connection whose first line is read; resolves when it is over. */
export async function servePush(service: PushService, socket: Socket): Promise<void> {
  const { remote, mirror, limits, home, hooks, underWay, log } = service;
  const gone = new AbortController();
  const ended = Promise.withResolvers<void>();
  // Once upstream is asked, a push goes to its end, whoever waits for it.
  let isForwarding = false;
  const decide = async (question: HookQuestion, say: (line: string) => void): Promise<boolean> => {
    try {
      const updates = await decidePush(service, question, gone.signal, say);
      await forward(question, updates, say);
      return true;
    } catch (error) {
      refuse(service, error, say);
      return false;
    }
  };
  const forward = (
    question: HookQuestion,
    updates: Awaited<ReturnType<typeof decidePush>>,
    say: (line: string) => void,
  ): Promise<void> => {
    const done = Promise.withResolvers<void>();
    // The turn lasts until git has changed the mirror's refs as upstream's were; a refresh in between would take that from it.
    void mirror.turns
      .take(async () => {
        try {
          const refs = await mirror.readRefs();
          const changed = updates.find(({ ref, old }) => (refs.get(ref) ?? '0'.repeat(old.length)) !== old);
          if (changed !== undefined) {
            throw new PushRefusal(
              `"${changed.ref}" was changed while the push was on its way. Fetch, and push again.`,
            );
          }
          isForwarding = true;
          await forwardPush(mirror.directory, service.access, updates, question, limits, say);
          await mirror.ownBranches.record(updates);
          const shown = updates.map(({ ref, change }) => `${change} ${ref}`);
          log.write({
            level: 'info',
            event: 'git-push',
            remote: remote.name,
            updates: shown,
            message: `pushed to ${remote.name}`,
          });
        } catch (error) {
          // Upstream may have taken what its answer did not say; the next push looks first.
          mirror.doubt();
          throw error;
        }
        done.resolve();
        await ended.promise;
      }, gone.signal)
      .catch(done.reject);
    return done.promise;
  };

  using expected = hooks.expect(decide);
  underWay.add(socket);
  const [command, ...args] = toBoundedGit(limits, {
    // Git completes a pack with what it refers to.
    maxFileBytes: 2 * remote.limits.maxPushBytes + 1024 * 1024,
    maxCpuSeconds,
  });
  const child = spawn(command, [...args, 'receive-pack', mirror.directory], {
    cwd: mirror.directory,
    env: {
      ...toGitEnvironment(home),
      [hookVariables.socket]: hooks.socketPath,
      [hookVariables.push]: expected.id,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const errors = collectErrors(child.stderr);
  joinStreams(socket, child, limits.idleTimeoutMs);
  const leave = (): void => {
    gone.abort(new PushRefusal('The connection ended before the push was decided.'));
    if (!isForwarding) endProcessGroup(child);
  };
  socket.once('end', leave);
  socket.once('close', leave);
  try {
    const [status] = await once(child, 'close');
    if (status !== 0) {
      log.write({
        level: 'info',
        event: 'git-push-failed',
        remote: remote.name,
        status,
        message: 'git ended a push',
        detail: errors(),
      });
    }
  } finally {
    ended.resolve();
    socket.off('end', leave);
    underWay.delete(socket);
    if (underWay.size === 0) await removeReceived(mirror.directory).catch(() => {});
  }
}

/** Says a refusal to the agent and to the log. */
function refuse({ remote, log }: PushService, error: unknown, say: (line: string) => void): void {
  const expected = error instanceof PushRefusal || error instanceof UpstreamFailure;
  const hint = expected
    ? error.message
    : "The gate could not decide about this push, so it is refused. Your operator can read why in the bottle's log.";
  say(hint);
  log.write({
    level: 'warn',
    event: 'blocked',
    reason: error instanceof UpstreamFailure ? 'upstream' : 'push',
    layer: error instanceof PushRefusal ? error.layer : 'git',
    hint,
    remote: remote.name,
    message: `a push to ${remote.name} is refused`,
    ...(error instanceof UpstreamFailure ? { detail: error.detail } : {}),
    ...(expected ? {} : { detail: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  });
}
