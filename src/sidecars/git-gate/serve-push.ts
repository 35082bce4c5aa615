import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { collectErrors, endProcessGroup } from './git/git-process.ts';
import { toBoundedGit, toGitEnvironment } from './git/git-program.ts';
import { type HookQuestion, hookVariables } from './hook/hook-protocol.ts';
import { joinStreams } from './join-streams.ts';
import { removeReceived } from './mirror/remove-leftovers.ts';
import { decidePush, type PushRulings } from './push/decide-push.ts';
import { forwardInTurn } from './push/forward-in-turn.ts';
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
const emptyPushBytes = 4;

/** Serves `git-receive-pack` on a connection whose first line is read; resolves when it is over. */
export async function servePush(service: PushService, socket: Socket): Promise<void> {
  const { remote, mirror, limits, home, hooks, underWay } = service;
  const gone = new AbortController();
  const ended = Promise.withResolvers<void>();
  let wasAsked = false;
  let isForwarding = false;
  const progress = {
    gone: gone.signal,
    ended: ended.promise,
    onForwarding: () => {
      isForwarding = true;
    },
  };
  const decide = async (question: HookQuestion, say: (line: string) => void): Promise<boolean> => {
    wasAsked = true;
    try {
      const updates = await decidePush(service, question, gone.signal, say);
      await forwardInTurn(service, updates, question, progress, say);
      return true;
    } catch (error) {
      refuse(service, error, say);
      return false;
    }
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
    // Once upstream is asked, a push goes to its end, whoever waits for it.
    gone.abort(new PushRefusal('The connection ended before the push was decided.'));
    if (!isForwarding) endProcessGroup(child);
  };
  socket.once('end', leave);
  socket.once('close', leave);
  child.once('exit', leave);
  const before = socket.bytesRead - socket.readableLength;
  try {
    const [status] = await once(child, 'close');
    // Who has nothing to push says so in four bytes.
    if (!wasAsked && socket.bytesRead - before > emptyPushBytes) refusePack(service, status, errors());
  } finally {
    ended.resolve();
    socket.off('end', leave);
    underWay.delete(socket);
    if (underWay.size === 0) await removeReceived(mirror.directory).catch(() => {});
  }
}

/** Says to the log that git did not take in what came; the agent has read git's own words. */
function refusePack({ remote, log }: PushService, status: number | null, detail: string): void {
  const hint = `The push was not taken in: its pack is damaged, cut off, or larger than ${remote.limits.maxPushBytes} bytes or than the gate's memory.`;
  const message = `git did not take in a push to ${remote.name}`;
  const fields = { reason: 'pack', layer: 'git', url: remote.url, remote: remote.name, status, detail };
  log.write({ level: 'warn', event: 'blocked', hint, message, ...fields });
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
    url: remote.url,
    remote: remote.name,
    message: `a push to ${remote.name} is refused`,
    ...(error instanceof UpstreamFailure ? { detail: error.detail } : {}),
    ...(expected ? {} : { detail: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  });
}
