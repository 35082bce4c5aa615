/** Why upstream could not be used. */
export type UpstreamFailureKind =
  | 'host-key'
  | 'not-allowed'
  | 'not-found'
  | 'not-trusted'
  | 'moved'
  | 'unreachable'
  | 'timed-out'
  | 'failed';

/** Tried in this order: ssh says of a changed key several things, of which the last ones fit other failures too. */
const signs: readonly (readonly [UpstreamFailureKind, RegExp])[] = [
  ['host-key', /host key verification failed|host identification has changed|no \S+ host key is known/i],
  [
    'not-allowed',
    /permission denied \(|authentication failed|terminal prompts disabled|error: 40[13]|too many authentication failures|invalid format|error in libcrypto/i,
  ],
  ['not-trusted', /certificate|ssl|gnutls_handshake|tls /i],
  ['moved', /error: 30\d|redirect/i],
  [
    'not-found',
    /repository not found|does not appear to be a git repository|error: 404|repository '.*' not found|does not exist/i,
  ],
  [
    'unreachable',
    /could not resolve|name or service not known|temporary failure in name resolution|connection refused|no route to host|network is unreachable|connection timed out|operation timed out|failed to connect|couldn't connect|connection reset|connection closed|kex_exchange_identification|early eof|hung up|error: 5\d\d/i,
  ],
];

/** Tells from what git and ssh wrote on standard error, which is in English whatever the system's language. */
export function toUpstreamFailure(stderr: string): UpstreamFailureKind {
  return signs.find(([, sign]) => sign.test(stderr))?.[0] ?? 'failed';
}

/** What is wrong and what to do, for the agent. `host` is the manifest's. */
function toFailureSentence(kind: UpstreamFailureKind, host: string): string {
  switch (kind) {
    case 'host-key':
      return `The host key of ${host} is not the one pinned in the bottle's manifest, so nothing was sent to it. Only your operator can check the key and change the pin.`;
    case 'not-allowed':
      return `${host} does not accept the gate's credential for this repository. Only your operator can change it.`;
    case 'not-trusted':
      return `The certificate of ${host} cannot be trusted, so nothing was sent to it. Only your operator can check why.`;
    case 'moved':
      return `${host} says that the repository is elsewhere, and the gate follows no redirect. Your operator has to put the new URL in the manifest.`;
    case 'not-found':
      return `${host} knows no such repository, or not for the gate's credential. Your operator has to check the remote's URL.`;
    case 'unreachable':
      return `The gate could not reach ${host}. Try again later, or tell your operator.`;
    case 'timed-out':
      return `${host} did not answer the gate in time. Try again later, or tell your operator.`;
    case 'failed':
      return `git could not be served by ${host}. Your operator can read why in the bottle's log.`;
  }
}

/** Upstream was not there, or not as it should be. The message is the sentence for the agent. */
export class UpstreamFailure extends Error {
  override readonly name = 'UpstreamFailure';
  readonly kind: UpstreamFailureKind;
  /** The end of what git wrote, for the log. */
  readonly detail: string;

  constructor(kind: UpstreamFailureKind, host: string, detail: string) {
    super(toFailureSentence(kind, host));
    this.kind = kind;
    this.detail = detail;
  }
}
