import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { vi } from 'vitest';
import type {
  GitGateLimits,
  GitGatePlan,
  GitRemotePlan,
  GitUpstream,
} from '../../../../src/plans/git-gate-plan.ts';
import type { Decision, QueueRequest } from '../../../../src/queue/request.ts';
import type { DaemonSecretsLine } from '../../../../src/sidecars/protocol.ts';
import { gitEnvironment } from '../../../support/git.ts';
import type { HttpUpstream, SshUpstream } from '../../../support/git-upstreams.ts';

const source = (path: string) =>
  fileURLToPath(new URL(`../../../../src/sidecars/git-gate/${path}`, import.meta.url));

// A test starts a dozen processes; a machine with much else to do takes its time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** Git's hook as the image has it: one file of plain JavaScript. */
const hookText =
  buildSync({
    entryPoints: [source('hook/main.ts')],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
  }).outputFiles[0]?.text ?? '';

export type LogLine = Readonly<Record<string, unknown>> & {
  readonly event: string;
  readonly message: string;
};

/** The git-gate daemon as a process of its own, in a folder that stands for the bundle's file system. */
export interface TestGate {
  readonly root: string;
  readonly port: number;
  readonly child: ChildProcessWithoutNullStreams;
  readonly log: readonly LogLine[];
  /** What a guest asks for: `git://127.0.0.1:<port>/<gate path>`. */
  url(path?: string): string;
  /** The mirror's folder. */
  mirror(remote?: string): string;
  /** Resolves with the first line of the log that has the event and the fields. */
  said(event: string, fields?: Readonly<Record<string, unknown>>): Promise<LogLine>;
  requests(): readonly QueueRequest[];
  /** Answers as an operator does, and sends SIGHUP. */
  decide(request: QueueRequest, answer: Partial<Decision>): void;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface TestGateOptions {
  readonly remotes: readonly GitRemotePlan[];
  readonly values?: Readonly<Record<string, string>>;
  readonly fingerprints?: DaemonSecretsLine['fingerprints'];
  readonly extraCa?: readonly string[];
  readonly limits?: Partial<GitGateLimits>;
}

const limits: GitGateLimits = {
  maxGitMemoryBytes: 512 * 1024 * 1024,
  maxConnections: 16,
  requestTimeoutMs: 5_000,
  refreshTimeoutMs: 15_000,
  pushTimeoutMs: 15_000,
  idleTimeoutMs: 15_000,
  approvalTimeoutMs: 15_000,
};

/** A remote with the usual settings, that takes pushes to `agent/**`. */
export function toRemote(upstream: GitUpstream, more: Partial<GitRemotePlan> = {}): GitRemotePlan {
  return {
    name: 'origin',
    url: 'https://forge.example/o/r.git',
    gatePath: 'forge.example/o/r',
    upstream,
    push: ['agent/**'],
    force: false,
    approve: false,
    checks: {
      submodules: 'refuse',
      attributes: 'refuse',
      hooks: 'refuse',
      symlinks: 'refuse',
      lfs: 'refuse',
    },
    ...more,
    limits: {
      maxPushBytes: 16 * 1024 * 1024,
      maxFileBytes: 8 * 1024 * 1024,
      maxUnpackedBytes: 64 * 1024 * 1024,
      maxRefs: 20,
      maxCommits: 1_000,
      ...more.limits,
    },
  };
}

/** The plan's part about a test's sshd; its key is `secret-0`. */
export function toSshUpstreamPlan(upstream: SshUpstream): GitUpstream {
  const { user, host, port, directory } = upstream;
  return {
    kind: 'ssh',
    user,
    host,
    port,
    path: directory,
    knownHosts: [upstream.knownHost],
    identity: 'secret-0',
  };
}

/** The plan's part about a test's https server; its token is `secret-1`. */
export function toHttpUpstreamPlan({ host, port, path, username }: HttpUpstream): GitUpstream {
  return { kind: 'https', host, port, path, auth: { username, secretId: 'secret-1' } };
}

export async function startGate(options: TestGateOptions): Promise<TestGate> {
  const root = mkdtempSync(join(tmpdir(), 'bottle-gate-'));
  const folder = (path: string, mode = 0o755): string => {
    mkdirSync(join(root, path), { recursive: true, mode });
    return join(root, path);
  };
  const decisions = folder('etc/bottle/decisions');
  const queue = folder('var/lib/bottle/git-gate/queue', 0o777);
  const mirrors = folder('var/lib/bottle/git-gate/mirrors', 0o700);
  folder('run/git-gate', 0o700);
  writeFileSync(join(folder('opt/bottle'), 'package.json'), '{"type":"module"}');
  writeFileSync(join(root, 'opt/bottle/git-hook.js'), hookText);
  const program = (name: string, text: string): void => {
    writeFileSync(join(folder('opt/bottle/git-gate/hooks'), '..', name), text);
    chmodSync(join(root, 'opt/bottle/git-gate', name), 0o755);
  };
  // As the image has them, but for the root.
  const image = (name: string): string =>
    readFileSync(
      fileURLToPath(new URL(`../../../../images/bundle/git-gate/${name}`, import.meta.url)),
      'utf8',
    );
  program('ssh', image('ssh').replace('/run/git-gate', join(root, 'run/git-gate')));
  program(
    'hooks/pre-receive',
    image('hooks/pre-receive')
      .replace('/usr/local/bin/node', process.execPath)
      .replace('/opt/bottle/', join(root, 'opt/bottle/')),
  );

  const values = options.values ?? {};
  const secretIds = Object.keys(values) as `secret-${number}`[];
  const plan: GitGatePlan = {
    listen: { address: '127.0.0.1', port: 0 },
    remotes: options.remotes,
    mirrorDirectory: '/var/lib/bottle/git-gate/mirrors',
    queueDirectory: '/var/lib/bottle/git-gate/queue',
    extraCa: options.extraCa ?? [],
    secretIds,
    secretLabels: Object.fromEntries(secretIds.map((id) => [id, `LABEL_${id}`])),
    limits: { ...limits, ...options.limits },
  };
  writeFileSync(join(root, 'etc/bottle/git-gate.json'), JSON.stringify({ version: 1, ...plan }));

  const child = spawn(process.execPath, [source('main.ts'), root], { env: {}, cwd: '/' });
  child.stdin.on('error', () => {});
  child.stdin.end(`${JSON.stringify({ values, fingerprints: options.fingerprints ?? [] })}\n`);
  const exit = once(child, 'exit');
  const log: LogLine[] = [];
  const reader = createInterface(child.stdout);
  reader.on('line', (line) => log.push(JSON.parse(line)));
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const said: TestGate['said'] = async (event, fields = {}) => {
    for (;;) {
      const found = log.find(
        (line) => line.event === event && Object.entries(fields).every(([key, value]) => line[key] === value),
      );
      if (found !== undefined) return found;
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`the gate has ended: ${JSON.stringify(log)} ${errors}`);
      await Promise.race([once(reader, 'line'), exit]);
    }
  };
  await said('ready');
  const port = Number((await said('startup')).message.split(':').at(-1));

  return {
    root,
    port,
    child,
    log,
    said,
    url: (path = 'forge.example/o/r.git') => `git://127.0.0.1:${port}/${path}`,
    mirror: (remote = 'origin') => join(mirrors, `${remote}.git`),
    requests: () =>
      readdirSync(queue)
        .filter((name) => !name.startsWith('.'))
        .map((name) => JSON.parse(readFileSync(join(queue, name), 'utf8'))),
    decide(request, answer) {
      const decision: Decision = {
        version: 1,
        id: request.id,
        status: 'approved',
        notes: '',
        operator: 'tester',
        decidedAt: new Date().toISOString(),
        proposal: answer.status === 'rejected' ? null : request.proposal,
        revision: null,
        ...answer,
      };
      writeFileSync(join(decisions, `.${request.id}`), JSON.stringify(decision));
      renameSync(join(decisions, `.${request.id}`), join(decisions, `${request.id}.json`));
      child.kill('SIGHUP');
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exit;
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** How a client's git ended. */
export interface ClientEnd {
  readonly status: number | null;
  /** All it printed, with the lines `remote: ...`. */
  readonly output: string;
}

/** The guest's git. It does not block this process, in which upstreams run. */
export async function runClient(folder: string, ...args: readonly string[]): Promise<ClientEnd> {
  const child = spawn('git', args, {
    cwd: folder,
    env: { ...gitEnvironment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const add = (chunk: Buffer): void => {
    output += chunk;
  };
  child.stdout.on('data', add);
  child.stderr.on('data', add);
  const [status] = await once(child, 'close');
  return { status, output };
}
