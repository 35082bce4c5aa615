import { BottleError } from '../../errors.ts';
import type { ManifestRemote } from '../manifest.ts';
import { parseByteSize, pushRange } from './byte-size.ts';
import { remoteDefaults } from './defaults.ts';
import { parseGitUrl } from './git-url.ts';
import { parseKnownHosts } from './known-host.ts';
import type { RemoteText } from './remote-schema.ts';
import { toSecretReference } from './to-secret-reference.ts';

/** Writes out every default of one entry of `git.remotes`. */
export function toRemote(name: string, text: RemoteText): ManifestRemote {
  const { url, push, force, approve, checks, maxPush, maxFile } = { ...remoteDefaults, ...text };
  return {
    name,
    url,
    upstream: toUpstream(text),
    push,
    force,
    approve,
    checks: { ...remoteDefaults.checks, ...checks },
    maxPushBytes: toBytes(maxPush),
    maxFileBytes: toBytes(maxFile),
  };
}

function toUpstream({ url, identity, knownHost, token, username }: RemoteText): ManifestRemote['upstream'] {
  const place = parseGitUrl(url);
  if (place.kind === 'refused') throw letThrough(url);
  if (place.kind === 'https') {
    const auth =
      token === undefined
        ? null
        : { username: username ?? remoteDefaults.username, secret: toSecretReference(token) };
    return { ...place, auth };
  }
  const known = parseKnownHosts(knownHost ?? [], place);
  if (identity === undefined || known.kind === 'refused') throw letThrough(url);
  return { ...place, knownHosts: known.lines, identity: { kind: 'key-file', path: identity } };
}

function toBytes(text: string): number {
  const bytes = parseByteSize(text, pushRange);
  if (bytes === null) throw letThrough(text);
  return bytes;
}

/** INVARIANT: the schema accepted the text, so it parses. */
function letThrough(text: string): BottleError {
  return new BottleError('bug', `The schema let ${JSON.stringify(text)} through.`);
}
