import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { GitGateLimits, GitRemotePlan } from '../../plans/git-gate-plan.ts';
import type { Log } from '../daemon/log.ts';
import { collectErrors, endProcessGroup } from './git/git-process.ts';
import { readingBounds, toBoundedGit, toGitEnvironment } from './git/git-program.ts';
import { joinStreams } from './join-streams.ts';
import type { Mirror } from './mirror/mirror.ts';
import type { GitRequest } from './request/git-request.ts';

/** What serves the fetches of one remote. */
export interface FetchService {
  readonly remote: GitRemotePlan;
  readonly mirror: Mirror;
  readonly limits: GitGateLimits;
  /** A folder without any git files. */
  readonly home: string;
  readonly log: Log;
}

/**
 * Serves `git-upload-pack` on a connection whose first line is read; resolves when it is over.
 * INVARIANT: only from a mirror that was made as upstream is after the request came.
 * @throws UpstreamFailure before anything is served
 */
export async function serveFetch(
  { remote, mirror, limits, home, log }: FetchService,
  request: GitRequest,
  socket: Socket,
): Promise<void> {
  const began = performance.now();
  await mirror.refresh();
  const refreshMs = Math.round(performance.now() - began);
  if (socket.destroyed) return;
  const [command, ...args] = toBoundedGit(limits, readingBounds);
  const child = spawn(command, [...args, 'upload-pack', '--strict', mirror.directory], {
    cwd: mirror.directory,
    env: {
      ...toGitEnvironment(home),
      ...(request.protocol === 0 ? {} : { GIT_PROTOCOL: `version=${request.protocol}` }),
    },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const errors = collectErrors(child.stderr);
  socket.once('close', () => endProcessGroup(child));
  joinStreams(socket, child, limits.idleTimeoutMs);
  const [status] = await once(child, 'close');
  log.write({
    level: 'info',
    event: 'git-fetch',
    remote: remote.name,
    refresh_ms: refreshMs,
    bytes: socket.bytesWritten,
    ...(status === 0 ? {} : { status, detail: errors() }),
    message: `served ${remote.name}`,
  });
}
