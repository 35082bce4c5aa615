import type { Socket } from 'node:net';
import type { Log } from '../daemon/log.ts';
import { PushRefusal, toAllowedSentence } from './push/ref-policy.ts';
import { endRefused } from './request/end-refused.ts';
import { findRemote } from './request/find-remote.ts';
import { type GitRequest, RequestRefusal } from './request/git-request.ts';
import { readGitRequest } from './request/read-request.ts';
import { serveFetch } from './serve-fetch.ts';
import { type PushService, servePush } from './serve-push.ts';
import { UpstreamFailure } from './upstream/upstream-failure.ts';

/** One remote, served. */
export type RemoteService = PushService;

/**
 * Serves one connection to its end. Whatever is refused before git speaks is one line that git shows to the agent.
 * @param opening resolves with what is served; connections may come before
 */
export async function serveConnection(
  socket: Socket,
  opening: Promise<readonly RemoteService[]>,
  requestTimeoutMs: number,
  log: Log,
): Promise<void> {
  try {
    const request = await readGitRequest(socket, requestTimeoutMs);
    const services = await opening;
    const remote = findRemote(
      services.map((service) => service.remote),
      request.path,
    );
    const service = services.find((candidate) => candidate.remote === remote);
    if (service !== undefined) await serve(service, request, socket);
  } catch (error) {
    // Who connected and said nothing asked for nothing.
    if (socket.destroyed || socket.bytesRead === 0) socket.destroy();
    else refuse(socket, error, log);
  }
}

async function serve(service: RemoteService, request: GitRequest, socket: Socket): Promise<void> {
  if (request.service === 'git-upload-pack') return serveFetch(service, request, socket);
  if (service.remote.push.length === 0) throw new PushRefusal(toAllowedSentence(service.remote));
  // SECURITY: the last contact with upstream before the push has passed everything, and it happens before the push is received.
  await service.mirror.refreshIfDoubtful();
  return servePush(service, socket);
}

function refuse(socket: Socket, error: unknown, log: Log): void {
  const reason = toReason(error);
  const said = error instanceof Error ? error.message : String(error);
  const hint =
    reason === 'defect'
      ? "The gate could not serve this. Your operator can read why in the bottle's log."
      : said;
  endRefused(socket, hint);
  log.write({
    level: 'warn',
    event: 'blocked',
    reason,
    layer: 'git',
    hint,
    message: 'a connection is refused',
    ...(error instanceof UpstreamFailure ? { detail: error.detail } : {}),
    ...(reason === 'defect' ? { detail: said } : {}),
  });
}

function toReason(error: unknown): string {
  if (error instanceof RequestRefusal) return 'request';
  if (error instanceof UpstreamFailure) return error.kind;
  return error instanceof PushRefusal ? 'read-only' : 'defect';
}
