import { hostMatches } from '../policy/host-pattern.ts';
import type { RequestRule } from '../policy/request-rule.ts';
import type { BottlePlan } from './bottle-plan.ts';
import { credentialPlaceholder } from './credential-placeholder.ts';
import type { GitRemotePlan } from './git-gate-plan.ts';
import type { HostFacts } from './host-facts.ts';
import { looksSecret } from './looks-secret.ts';
import type { PipelockRule } from './pipelock-plan.ts';

/** Patterns that match all branches, or all that have no slash in their name. */
const everyBranch: ReadonlySet<string> = new Set(['*', '**', 'refs/heads/*', 'refs/heads/**']);

/** Something a plan allows that its operator may not have meant. */
export interface PlanWarning {
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** Looks a plan over before launch. */
export function findPlanWarnings(plan: BottlePlan, facts: HostFacts): readonly PlanWarning[] {
  return [
    ...findOwnerWarnings(plan, facts),
    ...findMemoryWarnings(plan, facts),
    ...findEnvWarnings(plan),
    ...(plan.gitGate?.remotes.flatMap(findRemoteWarnings) ?? []),
    ...plan.pipelock.rules.flatMap(findExemptionWarnings),
    ...plan.egress.routes.flatMap((route, index) =>
      findRouteWarnings(route, plan.egress.routes.slice(0, index)),
    ),
  ];
}

function findOwnerWarnings(
  { guest }: BottlePlan,
  { workspaceOwner, user }: HostFacts,
): readonly PlanWarning[] {
  const { source, mode } = guest.workspace;
  const { uid, gid } = guest.user;
  if (mode !== 'bind' || workspaceOwner === null || workspaceOwner.uid === uid) return [];
  // The guest's root has no capability, so it is bound by permissions like everybody else.
  const remedy = user.uid === 0 ? `Run "chown -R ${uid}:${gid} ${source}"` : 'Make it writable for that user';
  return [
    {
      message: `The workspace ${source} belongs to user ${workspaceOwner.uid}, but the guest runs as ${uid}, so it may be unable to write there.`,
      remedy: `${remedy}, or set workspace.mode to "clone" or "copy".`,
    },
  ];
}

function findMemoryWarnings({ guest }: BottlePlan, { backends }: HostFacts): readonly PlanWarning[] {
  const { docker } = backends;
  if (docker.kind === 'unavailable' || guest.resources.memoryBytes <= docker.memoryBytes) return [];
  return [
    {
      message: 'The guest may use more memory than the engine has.',
      remedy: 'Lower resources.memory, so that a guest that runs away is ended before the host is.',
    },
  ];
}

function findEnvWarnings({ guest }: BottlePlan): readonly PlanWarning[] {
  return Object.entries(guest.env)
    .filter(([name, value]) => value !== credentialPlaceholder && looksSecret(name, value))
    .map(([name]) => ({
      message: `env.${name} looks like a secret, and the guest will have it.`,
      remedy:
        'Give it to a route as auth instead: then it is added on the way out, and the guest never has it.',
    }));
}

function findRemoteWarnings({ name, upstream, push, approve }: GitRemotePlan): readonly PlanWarning[] {
  const warnings: PlanWarning[] = [];
  if (!approve && push.some((pattern) => everyBranch.has(pattern))) {
    warnings.push({
      message: `git.remotes.${name} lets the guest push to every branch, the one others build on too.`,
      remedy: 'Name a beginning of its own, such as "agent/*", or set approve to true and look at each push.',
    });
  }
  if (push.length > 0 && upstream.kind === 'https' && upstream.auth === null) {
    warnings.push({
      message: `git.remotes.${name} may be pushed to, but has no token, and hardly any host takes such a push.`,
      remedy: 'Give it a token, or leave out push.',
    });
  }
  return warnings;
}

function findExemptionWarnings({ id, host, exempt }: PipelockRule): readonly PlanWarning[] {
  if (exempt.length === 0 || !host.startsWith('*.')) return [];
  return [
    {
      message: `${id} lets ${exempt.join(' and ')} pass to every name below ${host.slice(2)}.`,
      remedy: 'Name the one host that is to have it.',
    },
  ];
}

function findRouteWarnings(route: RequestRule, earlier: readonly RequestRule[]): readonly PlanWarning[] {
  const shadow = earlier.find((other) => covers(other, route));
  const shadowed =
    shadow === undefined
      ? []
      : [
          {
            message: `${route.id} never decides: ${shadow.id} matches all that it does, and comes first.`,
            remedy: 'Move the narrower route up.',
          },
        ];
  if (route.scheme === 'https') return shadowed;
  const message = `${route.id} sends to ${route.host} in the clear: whoever is on the way can read and change it.`;
  return [...shadowed, { message, remedy: 'Use https where the host offers it.' }];
}

/** Whether a rule matches everything that another one does. Path patterns are compared as texts, so some are missed. */
function covers(wide: RequestRule, narrow: RequestRule): boolean {
  const isHostCovered =
    wide.host === narrow.host || hostMatches(wide.host, narrow.host.replace(/^\*\./, 'x.'));
  return (
    isHostCovered &&
    wide.scheme === narrow.scheme &&
    wide.port === narrow.port &&
    coversList(wide.methods, narrow.methods) &&
    coversList(wide.paths, narrow.paths)
  );
}

function coversList(wide: readonly string[] | null, narrow: readonly string[] | null): boolean {
  return wide === null || wide.includes('/**') || (narrow?.every((item) => wide.includes(item)) ?? false);
}
