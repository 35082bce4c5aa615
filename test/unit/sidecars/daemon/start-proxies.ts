import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import type { EgressPlan, EgressRoute } from '../../../../src/plans/egress-plan.ts';
import type { PipelockPlan } from '../../../../src/plans/pipelock-plan.ts';
import { toEgressJson } from '../../../../src/plans/to-egress-json.ts';
import { toPipelockRules } from '../../../../src/plans/to-pipelock-rules.ts';
import { toPipelockYamlText } from '../../../../src/plans/to-pipelock-yaml.ts';
import { toRule } from '../pipelock/support/running-pipelock.ts';

const source = join(import.meta.dirname, '../../../../src/sidecars');

/** A daemon as a real process. */
export interface TestDaemonProcess extends AsyncDisposable {
  readonly child: ChildProcessWithoutNullStreams;
  /** All it printed so far. */
  readonly events: readonly Record<string, unknown>[];
  /** Resolves with the first line of this event at or behind a place in {@link events}. */
  event(name: string, from?: number): Promise<Record<string, unknown>>;
  /** Resolves once it has a handler for SIGHUP. */
  catchesHangUps(): Promise<void>;
}

/** Starts `main.ts` of a daemon with a configuration folder. */
export function startDaemonProcess(name: 'egress' | 'pipelock', folder: string): TestDaemonProcess {
  const child = spawn(process.execPath, [join(source, name, 'main.ts'), folder], { stdio: 'pipe' });
  const exit = once(child, 'close');
  child.stdin.on('error', () => {});
  const events: Record<string, unknown>[] = [];
  const changed = new EventTarget();
  createInterface(child.stdout).on('line', (line) => {
    events.push(JSON.parse(line));
    changed.dispatchEvent(new Event('change'));
  });
  let errors = '';
  child.stderr.on('data', (bytes) => {
    errors += bytes;
  });
  void exit.then(() => changed.dispatchEvent(new Event('change')));
  return {
    child,
    events,
    async event(wanted, from = 0) {
      for (;;) {
        const found = events.slice(from).find(({ event }) => event === wanted);
        if (found !== undefined) return found;
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`${name} ended without ${wanted}: ${JSON.stringify(events.at(-1))}${errors}`);
        await once(changed, 'change');
      }
    },
    async catchesHangUps() {
      for (;;) {
        const [, caught = '0'] =
          /^SigCgt:\t(\w+)$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
        if ((BigInt(`0x${caught}`) & 1n) === 1n) return;
        await setImmediate();
      }
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exit;
    },
  };
}

export interface TestPolicy {
  readonly revision: number;
  readonly routes: readonly EgressRoute[];
}

/** pipelock and egress, each a process of its own, as in a bundle. */
export interface TestProxies extends AsyncDisposable {
  readonly port: number;
  readonly ca: string;
  readonly egress: TestDaemonProcess;
  readonly pipelock: TestDaemonProcess;
  readonly folder: string;
  /** Writes what an operator's process writes, each file by renaming. */
  write(policy: TestPolicy): void;
  /** Signals both and resolves with what each says to it. */
  hangUp(): Promise<readonly Record<string, unknown>[]>;
}

/** Starts both with a policy of revision 0. */
export async function startProxies(
  routes: readonly EgressRoute[],
  given: { readonly extraCa: readonly string[]; readonly secret: string; readonly idleTimeoutMs?: number },
): Promise<TestProxies> {
  const folder = mkdtempSync(join(tmpdir(), 'bottle-proxies-'));
  const idleTimeoutMs = given.idleTimeoutMs ?? 20_000;
  let egressPort = 0;
  function write({ revision, routes: allowed }: TestPolicy): void {
    const egress: EgressPlan = {
      revision,
      listen: { address: '127.0.0.1', port: 0 },
      routes: allowed,
      allowPrivate: ['127.0.0.1/32'],
      extraCa: given.extraCa,
      secretIds: ['secret-0'],
      secretLabels: { 'secret-0': 'API_KEY' },
      limits: { connectTimeoutMs: 5_000, responseTimeoutMs: 20_000, idleTimeoutMs, maxConnections: 500 },
    };
    const pipelock: PipelockPlan = {
      revision,
      listen: { address: '127.0.0.1', port: 0 },
      dns: { address: '127.0.0.1', port: 0 },
      egress: { address: '127.0.0.1', port: egressPort },
      mode: 'strict',
      rules: allowed.map(toRule),
      knownSecretIds: [],
      exemptible: [],
      supervise: true,
      limits: {
        maxHeaderBytes: 64 * 1024,
        maxHeaderCount: 200,
        maxUrlBytes: 8 * 1024,
        maxBodyBytes: 64 * 1024 * 1024,
        maxConnections: 500,
        headTimeoutMs: 10_000,
        tlsHandshakeTimeoutMs: 10_000,
        idleTimeoutMs,
      },
    };
    const files = {
      'egress.json': JSON.stringify(toEgressJson(egress)),
      'pipelock.yaml': toPipelockYamlText({ pipelock, egress }),
      'pipelock-rules.json': JSON.stringify(toPipelockRules(pipelock)),
    };
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(folder, `${name}.new`), text);
      renameSync(join(folder, `${name}.new`), join(folder, name));
    }
  }
  write({ revision: 0, routes });
  const egress = startDaemonProcess('egress', folder);
  egress.child.stdin.end(`${JSON.stringify({ values: { 'secret-0': given.secret } })}\n`);
  egressPort = await portOf(egress);
  write({ revision: 0, routes });
  const pipelock = startDaemonProcess('pipelock', folder);
  pipelock.child.stdin.end('{"fingerprints":[]}\n');
  const port = await portOf(pipelock);
  const { caCertificate } = await pipelock.event('ready');
  return {
    port,
    ca: String(caCertificate),
    egress,
    pipelock,
    folder,
    write,
    async hangUp() {
      const answers = [egress, pipelock].map(async (daemon) => {
        const from = daemon.events.length;
        daemon.child.kill('SIGHUP');
        return await Promise.race([daemon.event('reloaded', from), daemon.event('reload-refused', from)]);
      });
      return await Promise.all(answers);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([egress[Symbol.asyncDispose](), pipelock[Symbol.asyncDispose]()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function portOf(daemon: TestDaemonProcess): Promise<number> {
  return Number(/:(\d+)$/.exec(String((await daemon.event('startup')).message))?.[1]);
}
