import Docker from 'dockerode';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { whyNoEngine } from '../support/engine.ts';
import { type Place, runProbe, startProbe } from '../support/probe.ts';
import { createSealedBottle, prompt, type SealedBottle } from '../support/sealed-bottle.ts';
import { execIn } from '../support/test-network.ts';

interface Standing {
  readonly uid: number;
  readonly gid: number;
  readonly status: Readonly<Record<string, string>>;
  readonly writes: readonly string[];
  readonly creates: readonly string[];
  readonly exists: readonly boolean[];
  readonly devices: readonly string[];
}

const pids = 96;
const memoryMiB = 384;
const noCapabilities = '0000000000000000';
const engineSockets = [
  '/var/run/docker.sock',
  '/run/docker.sock',
  '/run/containerd/containerd.sock',
  '/run/podman',
];
const ownFolders = ['/', '/usr', '/etc', '/var', '/opt', '/etc/bottle'];
const ownFiles = [
  '/etc/bottle/ca.pem',
  '/etc/bottle/prompt.md',
  '/etc/passwd',
  '/usr/local/lib/node_modules/npm/package.json',
];

const reason = await whyNoEngine();

describe('the guest itself', () => {
  beforeEach(({ skip }) => skip(reason !== null, reason ?? ''));

  const stack = new AsyncDisposableStack();
  let bottle: SealedBottle;

  beforeAll(async () => {
    if (reason !== null) return;
    bottle = stack.use(
      await createSealedBottle('guest', {
        resources: { cpus: 1, memory: `${String(memoryMiB)}MiB`, pids },
      }),
    );
  });
  afterAll(() => stack.disposeAsync());

  const places = (): readonly (readonly [string, Place])[] => [
    ['agent', bottle.asAgent],
    ['root', bottle.asRoot],
  ];

  it('has no capability and gains no privilege, as its user and as root', async () => {
    const control = await runProbe<Standing>(bottle.plain.exec, 'standing', {});
    expect(control.status).toMatchObject({
      CapEff: expect.not.stringMatching(noCapabilities),
      NoNewPrivs: '0',
    });
    for (const [who, place] of places()) {
      const { status, uid } = await runProbe<Standing>(place, 'standing', {});
      expect([who, uid === 0]).toEqual([who, who === 'root']);
      expect(status).toMatchObject({
        CapInh: noCapabilities,
        CapPrm: noCapabilities,
        CapEff: noCapabilities,
        CapBnd: noCapabilities,
        CapAmb: noCapabilities,
        NoNewPrivs: '1',
        Seccomp: '2',
      });
    }
  });

  it('can write to its workspace, home and temporary folders, and nowhere else', async () => {
    const input = { write: ownFiles, create: [...ownFolders, '/workspace', '/tmp'] };
    const control = await runProbe<Standing>(bottle.plain.exec, 'standing', {
      write: ['/etc/passwd', '/usr/local/lib/node_modules/npm/package.json'],
      create: ['/', '/usr', '/etc'],
    });
    expect([...control.writes, ...control.creates]).toEqual(['', '', '', '', '']);
    const { writes, creates } = await runProbe<Standing>(bottle.asAgent, 'standing', input);
    expect(writes.map((code) => code !== '')).toEqual(ownFiles.map(() => true));
    expect(creates.map((code) => code === '')).toEqual([...ownFolders.map(() => false), true, true]);
    const asRoot = await runProbe<Standing>(bottle.asRoot, 'standing', {
      write: ownFiles,
      create: ownFolders,
    });
    expect([...asRoot.writes, ...asRoot.creates].filter((code) => code === '')).toEqual([]);
    const home = await bottle.asAgent(['sh', '-c', 'echo kept > "$HOME/note" && cat "$HOME/note"'], '');
    expect(home.stdout).toBe('kept\n');
  });

  it('has no socket of an engine and no device of the host', async () => {
    for (const [who, place] of places()) {
      const { exists, devices } = await runProbe<Standing>(place, 'standing', {
        look: [...engineSockets, '/etc/bottle/ca.pem'],
      });
      expect([who, exists]).toEqual([who, [...engineSockets.map(() => false), true]]);
      expect(devices.filter((name) => /^(sd|vd|nvme|loop|kvm|mem|fuse|kmsg)/.test(name))).toEqual([]);
    }
  });

  it('finds the prompt file and the certificate of its bottle', async () => {
    const files = await bottle.asAgent(['cat', '/etc/bottle/prompt.md', '/etc/bottle/ca.pem'], '');
    expect(files.stdout).toContain(prompt);
    expect(files.stdout).toContain('-----BEGIN CERTIFICATE-----');
    expect(files.stdout).not.toContain('PRIVATE KEY');
  });

  it('knows its proxy and no credential by its environment', async () => {
    const output = await bottle.asAgent(['env'], '');
    const env = Object.fromEntries(output.stdout.split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2)));
    const proxy = `http://${bottle.proxy.host}:${String(bottle.proxy.port)}`;
    expect(env).toMatchObject({
      HTTP_PROXY: proxy,
      https_proxy: proxy,
      NODE_EXTRA_CA_CERTS: '/etc/bottle/ca.pem',
    });
    expect(output.stdout).not.toContain(bottle.secrets.token);
    expect(output.stdout).not.toContain(bottle.secrets.planted);
  });

  it('cannot start more processes than its plan gives it, and is usable afterwards', async () => {
    const control = await runProbe<{ started: number }>(bottle.plain.exec, 'crowd', { count: pids * 2 });
    expect(control.started).toBe(pids * 2);
    const crowd = await runProbe<{ started: number; code: string }>(bottle.asAgent, 'crowd', {
      count: pids * 2,
    });
    expect(crowd.code).toBe('EAGAIN');
    expect(crowd.started).toBeLessThan(pids);
    expect((await bottle.asAgent(['true'], '')).status).toBe(0);
  });

  it('cannot fill more memory than its plan gives it, and is usable afterwards', async () => {
    const bytes = memoryMiB * 2 * 1024 * 1024;
    const control = await runProbe<{ filled: number }>(bottle.plain.exec, 'memory', { bytes });
    expect(control.filled).toBeGreaterThanOrEqual(bytes);
    const result = await startProbe(bottle.asAgent, 'memory', { bytes });
    expect([result.status, result.stdout]).toEqual([137, '']);
    expect((await bottle.asAgent(['true'], '')).status).toBe(0);
  });

  it('cannot fill the host through its temporary folders', async () => {
    const fill = 'for folder in /tmp /run /dev/shm; do df -k --output=size "$folder" | tail -1; done';
    const sizes = await bottle.asAgent(['sh', '-c', fill], '');
    const host = (await bottle.asAgent(['sh', '-c', 'df -k --output=size / | tail -1'], '')).stdout;
    const kilobytes = sizes.stdout.trim().split('\n').map(Number);
    expect(kilobytes).toHaveLength(3);
    expect(Math.max(...kilobytes)).toBeLessThan(Number(host) / 4);
  });

  it('has the limits of its plan on the engine, for memory and swap together', async () => {
    const { HostConfig } = await bottle.guest.inspect();
    expect(HostConfig).toMatchObject({
      Memory: memoryMiB * 1024 * 1024,
      MemorySwap: memoryMiB * 1024 * 1024,
      PidsLimit: pids,
      NanoCpus: 1_000_000_000,
      ReadonlyRootfs: true,
      Privileged: false,
    });
  });
});

describe('when a part of the bundle dies', () => {
  beforeEach(({ skip }) => skip(reason !== null, reason ?? ''));

  it.each(['pipelock', 'egress'])('the guest has no peer: %s killed', async (daemon) => {
    await using bottle = await createSealedBottle(`dies-${daemon}`);
    const ask = { requests: [{ url: 'https://open.test/alive' }] };
    const target = { targets: [{ kind: 'tcp', ...bottle.proxy }] };
    const before = await runProbe<readonly { status: number }[]>(bottle.asAgent, 'fetch', ask);
    expect(before.map(({ status }) => status)).toEqual([200]);

    await killDaemon(bottle.bundle, daemon);
    await bottle.bundle.wait();

    const [reached] = await runProbe<readonly { reached: boolean }[]>(bottle.asAgent, 'reach', target);
    expect(reached?.reached).toBe(false);
    const after = await runProbe<readonly { outcome: string }[]>(bottle.asAgent, 'fetch', ask);
    expect(after.map(({ outcome }) => outcome)).toEqual(['error']);
    expect((await bottle.bundle.inspect()).State).toMatchObject({ Running: false, Restarting: false });
    const listed = await bottle.home.run(['ls', '--json']);
    expect(listed.stdout).toContain('drifted');
    const log = await new Docker().getContainer(bottle.bundle.id).logs({ stdout: true });
    expect(log.toString()).toContain('bundle-failed');
  });

  /** Ends a daemon inside the bundle, as a crash would: nobody asked it to. */
  async function killDaemon(bundle: Docker.Container, daemon: string): Promise<void> {
    const program = `
      const { readdirSync, readFileSync } = require('node:fs');
      const isIt = (pid) => /^[0-9]+$/.test(pid) && readFileSync('/proc/' + pid + '/cmdline', 'utf8').includes('/${daemon}.js');
      for (const pid of readdirSync('/proc')) if (pid !== String(process.pid) && isIt(pid)) process.kill(Number(pid), 'SIGKILL');`;
    await execIn(bundle, ['node', '-e', program], '');
  }
});
