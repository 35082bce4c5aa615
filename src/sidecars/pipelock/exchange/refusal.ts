import type { RequestTarget, RuleDecision } from '../../../policy/request-rule.ts';
import type { ScanHit } from '../../../scan/scanner.ts';
import { toUrlHost } from '../http/authority.ts';

/** Which of our rules refuses; the value of `X-Bottle-Block`. */
export type BlockLayer = 'allowlist' | 'authority' | 'http' | 'tls' | 'dlp' | 'dns' | 'git';

/** A request that is not passed on: a value, never an exception. */
export interface Refusal {
  readonly kind: 'refused';
  readonly layer: BlockLayer;
  /** pipelock's label of what stopped it. */
  readonly scanner: string;
  /** pipelock's reason, for the log. */
  readonly reason: string;
  /** For the agent: what was refused and how the operator can allow it, one plain sentence. */
  readonly sentence: string;
  /** The tool by which an agent may ask for it, where an operator could allow it while the bottle runs. */
  readonly ask: 'egress-block' | 'pipelock-block' | null;
  /** Label of the known secret that was found, or null. */
  readonly secret: string | null;
}

/** Where a known secret was found. */
export type SecretPlace = 'url' | 'header' | 'body' | 'trailer' | 'frame';

function refusal(layer: BlockLayer, scanner: string, reason: string, sentence: string): Refusal {
  return { kind: 'refused', layer, scanner, reason, sentence, ask: null, secret: null };
}

function refuseRoute(reason: string, sentence: string): Refusal {
  return { ...refusal('allowlist', 'allowlist', reason, sentence), ask: 'egress-block' };
}

/** A message that is malformed, ambiguous, oversized or slow; `reason` is a clause such as "it has a bare line feed". */
export function refuseMalformed(reason: string): Refusal {
  return refusal(
    'http',
    'parser',
    reason,
    `This request was refused because ${reason}; no setting allows that: send a plain, well-formed request.`,
  );
}

/** A target that no rule allows. */
export function refuseByAllowlist(
  target: RequestTarget,
  decision: Extract<RuleDecision, { readonly kind: 'refused' }>,
): Refusal {
  const place = `${toUrlHost(target.host)}:${target.port}`;
  const { nearest } = decision;
  switch (decision.failed) {
    case 'host':
      return refuseHost(target.host);
    case 'port':
      return refuseRoute(
        `port not in allowlist: ${target.scheme}://${place}`,
        `${target.scheme} to port ${target.port} of ${target.host} is not in this bottle's allowlist; the operator can add a route for it under egress.routes in the manifest.`,
      );
    case 'method':
      return refuseRoute(
        `method not in allowlist: ${target.method} ${place}`,
        `Method ${target.method} is not allowed for ${target.host}${toAllowed(nearest?.methods)}; the operator can add it to ${nearest?.id ?? 'egress.routes'} in the manifest.`,
      );
    case 'path':
      return refuseRoute(
        `path not in allowlist: ${place}`,
        `This path of ${target.host} is not in this bottle's allowlist${toAllowed(nearest?.paths)}; the operator can add it to ${nearest?.id ?? 'egress.routes'} in the manifest.`,
      );
  }
}

/** A host that no rule names. */
export function refuseHost(host: string): Refusal {
  return refuseRoute(
    `domain not in allowlist: ${host}`,
    `Host ${host} is not in this bottle's allowlist; the operator can add a route for it under egress.routes in the manifest.`,
  );
}

function toAllowed(allowed: readonly string[] | null | undefined): string {
  return allowed === null || allowed === undefined ? '' : ` (allowed: ${allowed.slice(0, 8).join(', ')})`;
}

/** A path or URL that can be read in two ways. */
export function refuseAmbiguousPath(reason: string): Refusal {
  return refusal(
    'http',
    'path_traversal',
    reason,
    `This request was refused because ${reason}; no setting allows that: send the path in its plain form.`,
  );
}

/** Names of one request that disagree; `reason` is a clause such as "its Host is not the one of the tunnel". */
export function refuseAuthority(reason: string): Refusal {
  return refusal(
    'authority',
    'tls_authority_mismatch',
    'authority mismatch: blocked',
    `This request was refused because ${reason}; no setting allows that: name the same host everywhere.`,
  );
}

/** A tunnel without readable TLS in it. */
export function refuseTunnel(reason: string): Refusal {
  return refusal(
    'tls',
    'tls_handshake_error',
    reason,
    `This tunnel was refused because ${reason}; only TLS that the bottle can read passes, and no setting changes that.`,
  );
}

const placeNames = {
  url: 'URL',
  header: 'headers',
  body: 'body',
  trailer: 'trailers',
  frame: 'WebSocket messages',
};
const placeScanners = {
  url: 'dlp',
  header: 'header_dlp',
  body: 'body_dlp',
  trailer: 'header_dlp',
  frame: 'body_dlp',
};

/** A known secret in what the guest sends. SECURITY: names the secret's label, never its value. */
export function refuseSecret(place: SecretPlace, hit: ScanHit): Refusal {
  const sentence =
    `The ${placeNames[place]} of this request hold the secret ${hit.label} of this bottle (${hit.encoding}); leave it out: bottle adds credentials itself on the way out, and only the operator can let it pass, by exempting it on a route in the manifest.`.replace(
      /^The (URL|body) of this request hold /,
      'The $1 of this request holds ',
    );
  return {
    ...refusal('dlp', placeScanners[place], toSecretReason(place, hit), sentence),
    ask: 'pipelock-block',
    secret: hit.label,
  };
}

function toSecretReason(place: SecretPlace, { label, encoding }: ScanHit): string {
  if (place === 'url') return `DLP match: known secret ${label} (${encoding})`;
  if (place === 'header' || place === 'trailer')
    return `request header contains secret: ${label} (${encoding})`;
  return `request body contains secret: ${label} (${encoding})`;
}

/** A body that cannot be scanned, so it does not pass; `reason` is a clause such as "its Content-Encoding is unknown". */
export function refuseUnscannable(reason: string): Refusal {
  return refusal(
    'dlp',
    'body_dlp',
    `request body cannot be scanned: ${reason}`,
    `This request was refused because ${reason}, so its body cannot be scanned; send it plain or smaller, for no setting of the manifest allows that.`,
  );
}

/** A git push that does not go through the git gate. */
export function refuseGitPush(): Refusal {
  return refusal(
    'git',
    'git_protection',
    'git push over HTTP(S) round the git gate',
    "A git push over HTTPS does not leave this bottle, whatever its routes allow: push to one of the bottle's git remotes by its own URL, and the git gate forwards it; if there is none for this repository, the operator can add it under git.remotes in the manifest.",
  );
}
