import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOperator } from '../../src/approvals/create-operator.ts';
import type { Operator } from '../../src/approvals/operator.ts';
import type { ApprovalSurroundings } from '../../src/approvals/surroundings.ts';
import { writeInstanceFolders } from '../../src/backends/bundle/write-folders.ts';
import { BottleError } from '../../src/errors.ts';
import type { AuditEntry } from '../../src/host/audit/audit-entry.ts';
import { openAuditLog } from '../../src/host/audit/audit-log.ts';
import { createManifestFiles } from '../../src/host/manifest-files.ts';
import { readOwnIdentity } from '../../src/host/process-identity.ts';
import { createStateDirectory } from '../../src/host/state-directory.ts';
import type { BottlePlan } from '../../src/plans/bottle-plan.ts';
import type { LivePolicy } from '../../src/plans/live-policy.ts';
import type { ManifestContext } from '../../src/plans/manifest/load-layers.ts';
import { loadManifest } from '../../src/plans/manifest/load-manifest.ts';
import { prepareBottle } from '../../src/plans/prepare/prepare-bottle.ts';
import { toRequestText } from '../../src/queue/parse-request.ts';
import type { RouteProposal } from '../../src/queue/proposal.ts';
import type { QueueRequest, RequestId } from '../../src/queue/request.ts';
import { createHostFacts } from './host-facts.ts';

/** A bottle that agents of the tests ask from: one route with a credential, one without, a known secret, a git remote. */
export const askingManifest = `
agent: shell
workspace: { source: ., mode: bind }
egress:
  routes:
    - host: api.example.com
      methods: [GET]
      auth: { kind: bearer, secret: { env: API_TOKEN } }
    - host: open.example.com
pipelock: { knownSecrets: [{ env: DATABASE_URL }] }
supervise: true
`;

/** The policy files that the daemons of a bottle act by, as they were when the daemons were told last. */
interface Acting {
  readonly 'egress.json': string;
  readonly 'pipelock-rules.json': string;
}

/** Folders of an operator with bottles that are up as far as these folders know; no engine is asked. */
export interface OperatorHome extends AsyncDisposable {
  /** Holds `config` and `state`, as the environment's XDG variables would name them. */
  readonly folder: string;
  readonly stateHome: string;
  /** Makes a bottle with its folders as launch leaves them. */
  addBottle(name: string, seed?: string): Promise<BottlePlan>;
  /** Writes a request as its daemon does. */
  ask(plan: BottlePlan, change?: Partial<QueueRequest>): Promise<QueueRequest>;
  /** An operator; `change` replaces some of its surroundings. */
  operator(change?: Partial<ApprovalSurroundings>): Operator;
  surroundings(change?: Partial<ApprovalSurroundings>): ApprovalSurroundings;
  policy(plan: BottlePlan): Promise<LivePolicy>;
  /** What the bottle's daemons act by, or null before they were told anything. */
  acting(plan: BottlePlan): Promise<Acting | null>;
  /** What is in the files that they read. */
  files(plan: BottlePlan): Promise<Acting>;
  audit(): Promise<readonly AuditEntry[]>;
}

export const routeProposal: RouteProposal = {
  kind: 'route',
  host: 'new.example.com',
  scheme: 'https',
  port: 443,
  methods: ['GET'],
  paths: ['/v1/**'],
  credentialOf: null,
};

let count = 0;

/** A request's id that no other has in this process. */
export function nextId(): RequestId {
  count += 1;
  return `req-${count.toString(16).padStart(8, '0')}`;
}

/** A request that waits for ten minutes from now, with what `change` says. */
export function toRequest(change: Partial<QueueRequest> = {}): QueueRequest {
  const now = Date.now();
  return {
    version: 1,
    id: nextId(),
    daemon: change.proposal?.kind === 'push' ? 'git-gate' : 'supervise',
    createdAt: new Date(now).toISOString(),
    expiresAt: new Date(now + 600_000).toISOString(),
    asked: 1,
    reason: 'The build needs it.',
    proposal: routeProposal,
    lapsedAt: null,
    ...change,
  };
}

/** The daemons of a bottle as far as an operator's commands see them: told to, they act by what their files say. */
export async function actByFiles(plan: BottlePlan, revision: number | null): Promise<void> {
  if (revision === null) return;
  const acting = await readPolicyFiles(plan);
  if (JSON.parse(acting['egress.json']).revision !== revision) {
    throw new BottleError('policy-not-applied', `The files are not of revision ${revision}.`);
  }
  const draft = join(plan.stateDirectory, 'acting.json.draft');
  await writeFile(draft, JSON.stringify(acting));
  await rename(draft, join(plan.stateDirectory, 'acting.json'));
}

async function readPolicyFiles(plan: BottlePlan): Promise<Acting> {
  const read = (name: string) => readFile(join(plan.stateDirectory, 'bundle', name), 'utf8');
  return {
    'egress.json': await read('egress.json'),
    'pipelock-rules.json': await read('pipelock-rules.json'),
  };
}

/** Surroundings of an operator by the name of `alice`, whose bottles are all up. */
export function toSurroundings(
  stateHome: string,
  change: Partial<ApprovalSurroundings> = {},
): ApprovalSurroundings {
  const operator = change.operator ?? 'alice';
  const now = change.now ?? Date.now;
  return {
    stateHome,
    operator,
    now,
    audit: openAuditLog({ stateHome, operator, now }),
    manifests: toManifests(join(stateHome, '../..')),
    openBottle: async (plan) => ({ reload: (revision) => actByFiles(plan, revision) }),
    ...change,
  };
}

/** Where an operator's manifests are, in such a home. */
export function toManifests(folder: string): ManifestContext {
  const { read } = createManifestFiles({ XDG_CONFIG_HOME: join(folder, 'config') });
  return { readManifestFile: read, home: folder, workingDirectory: join(folder, 'work') };
}

/** Makes the folders below the system's folder for temporary files. */
export async function createOperatorHome(): Promise<OperatorHome> {
  const folder = await mkdtemp(join(tmpdir(), 'bottle-operator-'));
  const stateHome = join(folder, 'state', 'bottle');
  const manifests = join(folder, 'config', 'bottle', 'bottles');
  await mkdir(manifests, { recursive: true });
  await mkdir(join(folder, 'work'));
  const surroundings = (change?: Partial<ApprovalSurroundings>) => toSurroundings(stateHome, change);
  return {
    folder,
    stateHome,
    surroundings,
    async addBottle(name, seed = '1a2b3c4d5e6f7081') {
      const path = join(manifests, `${name}.yaml`);
      await writeFile(path, askingManifest);
      const manifest = await loadManifest(name, toManifests(folder));
      const plan = prepareBottle(manifest, createHostFacts({ stateHome, seed }));
      await createStateDirectory(plan.stateDirectory, plan.slug, await readOwnIdentity());
      await writeInstanceFolders(plan);
      return plan;
    },
    async ask(plan, change = {}) {
      const request = toRequest(change);
      const queue = join(plan.stateDirectory, 'queue', request.daemon);
      await mkdir(queue, { recursive: true });
      await writeFile(join(queue, `.${request.id}.json`), toRequestText(request));
      await rename(join(queue, `.${request.id}.json`), join(queue, `${request.id}.json`));
      return request;
    },
    operator: (change) => createOperator(surroundings(change)),
    policy: async (plan) => JSON.parse(await readFile(join(plan.stateDirectory, 'policy.json'), 'utf8')),
    async acting(plan) {
      const text = await readFile(join(plan.stateDirectory, 'acting.json'), 'utf8').catch(() => null);
      return text === null ? null : JSON.parse(text);
    },
    files: readPolicyFiles,
    async audit() {
      const entries: AuditEntry[] = [];
      for await (const { entry } of surroundings().audit.entries()) entries.push(entry);
      return entries;
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
