import type { GitGateLimits, GitGatePlan, GitPushLimits, GitRemotePlan } from '../git-gate-plan.ts';
import type { HostFacts } from '../host-facts.ts';
import type { Manifest, ManifestRemote } from '../manifest.ts';
import { toGatePath } from './gate-path.ts';
import { type PreparedSecrets, toSecretLabels } from './secrets.ts';

/** Git's own port; the guest's URLs name it all the same. */
const gitGatePort = 9418;

const mebibyte = 1024 * 1024;
const minuteMs = 60_000;

/** What one bundle can look through in the time an agent waits; a push beyond that is a mistake or an attack. */
const pushLimits: Omit<GitPushLimits, 'maxPushBytes' | 'maxFileBytes'> = {
  maxUnpackedBytes: 4096 * mebibyte,
  maxRefs: 100,
  maxCommits: 50_000,
};

const limits: Omit<GitGateLimits, 'approvalTimeoutMs'> = {
  maxGitMemoryBytes: 1024 * mebibyte,
  maxConnections: 32,
  requestTimeoutMs: 10_000,
  refreshTimeoutMs: 10 * minuteMs,
  pushTimeoutMs: 10 * minuteMs,
  idleTimeoutMs: 5 * minuteMs,
};

/** How long a push waits for an operator where the manifest does not say how long requests do. */
const defaultApprovalTimeoutMs = 15 * minuteMs;

/**
 * Decides what the git gate serves, or null where there is no remote.
 * @param address the bundle's own on the guest's network
 */
export function prepareGitGate(
  manifest: Manifest,
  facts: HostFacts,
  secrets: PreparedSecrets,
  address: string,
): GitGatePlan | null {
  if (manifest.git.remotes.length === 0) return null;
  return {
    listen: { address, port: gitGatePort },
    remotes: manifest.git.remotes.map((remote) => toRemotePlan(remote, secrets)),
    mirrorDirectory: '/var/lib/bottle/git-gate/mirrors',
    queueDirectory: '/var/lib/bottle/git-gate/queue',
    extraCa: facts.extraCa,
    secretIds: secrets.gitIds,
    secretLabels: toSecretLabels(secrets.references, secrets.gitIds),
    limits: { ...limits, approvalTimeoutMs: manifest.supervise?.answerTimeoutMs ?? defaultApprovalTimeoutMs },
  };
}

function toRemotePlan(
  { upstream, maxPushBytes, maxFileBytes, ...remote }: ManifestRemote,
  secrets: PreparedSecrets,
): GitRemotePlan {
  return {
    ...remote,
    gatePath: toGatePath(upstream),
    upstream: toUpstreamPlan(upstream, secrets),
    limits: { maxPushBytes, maxFileBytes, ...pushLimits },
  };
}

function toUpstreamPlan(
  upstream: ManifestRemote['upstream'],
  secrets: PreparedSecrets,
): GitRemotePlan['upstream'] {
  if (upstream.kind === 'ssh') return { ...upstream, identity: secrets.idOf(upstream.identity) };
  const { auth } = upstream;
  return {
    ...upstream,
    auth: auth === null ? null : { username: auth.username, secretId: secrets.idOf(auth.secret) },
  };
}
