import type { BackendPlan, BottlePlan, GuestPlan } from './bottle-plan.ts';
import { credentialPlaceholder } from './credential-placeholder.ts';
import type { GitGatePlan, GitRemotePlan } from './git-gate-plan.ts';
import { isReservedEnvName } from './guest-env.ts';
import { looksSecret } from './looks-secret.ts';
import { toConditionsText, toTargetText } from './route-text.ts';
import type { SecretId } from './secret-reference.ts';
import { toVisibleText } from './visible-text.ts';

/** A section's heading and its lines, each a label and what stands beside it. */
interface Section {
  readonly title: string;
  readonly rows: readonly (readonly [label: string, text: string])[];
}

/**
 * A plan for people: what the guest may reach and with which credential, what it runs with, and what will be made. Secrets
 * are shown by where they come from; environment values that look like secrets are masked.
 */
export function renderPlan(plan: BottlePlan): string {
  const sections = [
    toHead(plan),
    toReach(plan),
    ...toGit(plan.gitGate),
    ...toOperator(plan),
    toSecrets(plan),
    toGuest(plan.guest),
    toBackend(plan.backend),
  ];
  return sections.map(toText).join('\n');
}

function toHead(plan: BottlePlan): Section {
  return {
    title: `bottle ${plan.name}`,
    rows: [
      ['instance', plan.slug],
      ...plan.manifestSources.map((path, index) => [index === 0 ? 'manifest' : 'extends', path] as const),
      ['bundle', plan.bundle.image],
      ['state', plan.stateDirectory],
      ['plan hash', plan.hash],
    ],
  };
}

function toReach({ egress, pipelock }: BottlePlan): Section {
  const toExemptions = (id: string) => {
    const labels = pipelock.rules.find((rule) => rule.id === id)?.exempt ?? [];
    return labels.length === 0 ? '' : `; ${labels.join(' and ')} may pass`;
  };
  const rows = egress.routes.map(
    (route) =>
      [toTargetText(route), toConditionsText(route, egress.secretLabels) + toExemptions(route.id)] as const,
  );
  const ranges = egress.allowPrivate.map((range) => ['private range', range] as const);
  return {
    title: 'may reach',
    rows: [...rows, ...ranges, [rows.length === 0 ? 'nothing' : 'nothing else', '']],
  };
}

function toGit(gate: GitGatePlan | null): readonly Section[] {
  if (gate === null) return [];
  return [
    { title: 'git, through the gate', rows: gate.remotes.map((remote) => [remote.name, toRemote(remote)]) },
  ];
}

function toRemote({ url, push, force, approve, checks }: GitRemotePlan): string {
  if (push.length === 0) return `${url}, read-only`;
  const reported = Object.entries(checks).flatMap(([name, action]) => (action === 'report' ? [name] : []));
  return [
    `${url}, push ${push.join(' ')}`,
    ...(force ? ["by force on the bottle's own branches"] : []),
    ...(approve ? ['each push waits for you'] : []),
    ...(reported.length > 0 ? [`reported, not refused: ${reported.join(' ')}`] : []),
  ].join('; ');
}

function toOperator({ supervise, gitGate }: BottlePlan): readonly Section[] {
  const isAsked =
    supervise !== null || gitGate?.remotes.some(({ approve, push }) => approve && push.length > 0) === true;
  const waitMs = supervise?.answerTimeoutMs ?? gitGate?.limits.approvalTimeoutMs;
  if (!isAsked || waitMs === undefined) return [];
  const what = supervise === null ? 'pushes' : 'whatever the agent asks for';
  const text = `${what}, within ${waitMs / 1000} s each, else refused`;
  return [{ title: 'you decide', rows: [[text, '']] }];
}

function toSecrets({ pipelock, bundle, egress, gitGate }: BottlePlan): Section {
  const use = (id: SecretId) =>
    [
      ...(egress.secretIds.includes(id) ? ['added by routes'] : []),
      ...(gitGate?.secretIds.includes(id) === true ? ['used by the git gate'] : []),
      'must not leave the guest',
    ].join('; ');
  const rows = pipelock.knownSecretIds.map((id) => [bundle.secretLabels[id] ?? id, use(id)] as const);
  return { title: 'secrets', rows: rows.length === 0 ? [['none', '']] : rows };
}

function toGuest(guest: GuestPlan): Section {
  const { cpus, memoryBytes, pids } = guest.resources;
  const env = Object.entries(guest.env).filter(([name]) => !isReservedEnvName(name));
  return {
    title: 'guest',
    rows: [
      ['image', guest.image],
      ['runs', guest.argv.map(toWord).join(' ')],
      ['as', `${guest.user.uid}:${guest.user.gid}, no capabilities, read-only root file system`],
      ['workspace', `${guest.workspace.source} at ${guest.workdir} (${guest.workspace.mode})`],
      [
        'limits',
        `${cpus} cpus, ${(memoryBytes / 1024 ** 3).toFixed(2).replace(/\.?0+$/, '')} GiB memory, ${pids} processes`,
      ],
      ...guest.files.map(({ path }) => ['file', `/etc/bottle/${path}`] as const),
      ...guest.homeFiles.map(({ path }) => ['file', `${guest.home}/${path}`] as const),
      ...env.map(([name, value]) => ['env', `${name}=${toShownValue(name, value)}`] as const),
    ],
  };
}

function toBackend(backend: BackendPlan): Section {
  const { guestNetwork, uplinkNetwork } = backend;
  const uplink =
    uplinkNetwork.kind === 'owned'
      ? `${uplinkNetwork.name} ${uplinkNetwork.cidr}`
      : `${uplinkNetwork.name} (existing)`;
  return {
    title: `backend ${backend.kind}`,
    rows: [
      ['runtime', backend.runtime],
      [
        'guest network',
        `${guestNetwork.name} ${guestNetwork.cidr}, internal; guest ${guestNetwork.guest}, bundle ${guestNetwork.bundle}`,
      ],
      ['way out', uplink],
      ['containers', `${backend.bundleContainer}, ${backend.guestContainer}`],
      [
        'volumes',
        [backend.homeVolume, backend.workspaceVolume, backend.mirrorVolume]
          .filter((volume) => volume !== null)
          .join(', '),
      ],
    ],
  };
}

/** SECURITY: what looks like a secret is not shown, since plans end up in terminals' scrollback and in bug reports. */
function toShownValue(name: string, value: string): string {
  if (value === credentialPlaceholder) return 'a placeholder';
  return looksSecret(name, value) ? '[masked]' : toWord(value);
}

/** Quotes what is not plain, so that no text of a manifest can write to the terminal, and shortens what is long. */
function toWord(text: string): string {
  const short = text.length > 120 ? `${text.slice(0, 120)}...` : text;
  return /^[\w@%+=:,./-]+$/.test(short) ? short : toVisibleText(JSON.stringify(short));
}

function toText({ title, rows }: Section): string {
  const width = Math.max(0, ...rows.map(([label]) => label.length));
  const lines = rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`.trimEnd());
  return [title, ...lines, ''].join('\n');
}
