import { describe, expect, it } from 'vitest';
import { toBundleContainer } from '../../../../src/backends/bundle/bundle-container.ts';
import { homeMountPoint, toGuestContainer } from '../../../../src/backends/docker/guest-container.ts';
import { toCreateOptions } from '../../../../src/backends/engine/container-spec.ts';
import type { BottlePlan } from '../../../../src/plans/bottle-plan.ts';
import type { Invocation } from '../../../../src/plans/host-facts.ts';
import { loadManifest } from '../../../../src/plans/manifest/load-manifest.ts';
import { prepareBottle } from '../../../../src/plans/prepare/prepare-bottle.ts';
import { createHostFacts } from '../../../support/host-facts.ts';

async function plan(text = '', invocation: Partial<Invocation> = {}): Promise<BottlePlan> {
  const manifest = await loadManifest('one', {
    readManifestFile: () => ({ path: '/m/one.yaml', text: `agent: shell\n${text}` }),
    home: '/home/op',
    workingDirectory: '/work',
  });
  return prepareBottle(
    manifest,
    createHostFacts({ invocation: { command: null, detach: false, tty: true, ...invocation } }),
  );
}

const options = { filesFolder: '/state/guest', labels: {} };
const guest = async (text?: string, invocation?: Partial<Invocation>) =>
  toGuestContainer(await plan(text, invocation), options);

describe("the guest's container", () => {
  it('has no right, one network, one resolver, and a root it cannot write', async () => {
    const { backend } = await plan();
    expect(await guest()).toMatchObject({
      user: '1234:2345',
      capabilities: [],
      readOnlyRoot: true,
      init: true,
      network: { name: backend.guestNetwork.name, address: backend.guestNetwork.guest },
      dns: [backend.guestNetwork.bundle],
      sysctls: {},
      runtime: 'runc',
    });
  });

  it('sees of the host its files and its bound workspace alone', async () => {
    const { mounts } = await guest('workspace: { source: /work, mode: bind }');
    expect(mounts).toEqual([
      { kind: 'bind', source: '/state/guest', target: '/etc/bottle', readOnly: true },
      { kind: 'volume', name: expect.stringContaining('home'), target: '/home' },
      { kind: 'bind', source: '/work', target: '/workspace', readOnly: false },
    ]);
  });

  it.each(['clone', 'copy'])('sees nothing of the host\'s workspace with mode "%s"', async (mode) => {
    const { mounts } = await guest(`workspace: { source: /work, mode: ${mode} }`);
    expect(mounts.filter(({ kind }) => kind === 'bind').map(({ target }) => target)).toEqual(['/etc/bottle']);
    expect(mounts.at(-1)).toMatchObject({ kind: 'volume', target: '/workspace' });
  });

  it.each<[string, Partial<Invocation>, string]>([
    ['a terminal', { tty: true }, 'open'],
    ['no terminal', { tty: false }, 'once'],
    ['nobody at all', { tty: false, detach: true }, 'closed'],
    ['a terminal for later', { tty: true, detach: true }, 'open'],
  ])('reads its input from %s', async (_what, invocation, stdin) => {
    expect(await guest('', invocation)).toMatchObject({ stdin, tty: invocation.tty });
  });

  it('is root without any capability where its manifest says so', async () => {
    expect(await guest('user: root')).toMatchObject({ user: '0:0', capabilities: [] });
  });

  it.each([
    ['/home/agent', '/home'],
    ['/home/deep/agent', '/home/deep'],
    ['/root', '/root'],
  ])('has the home %s on a volume at %s', (home, target) => {
    expect(homeMountPoint(home)).toBe(target);
  });
});

describe("the bundle's container", () => {
  const place = {
    container: 'b',
    network: { name: 'n', address: '10.201.0.2' },
    configFolder: '/state/bundle',
    queues: [],
    mirrors: null,
    labels: {},
  };

  it('is no router, has three capabilities, a root it cannot write, and nothing of the host but its configuration', async () => {
    const spec = toBundleContainer((await plan()).bundle, place);
    expect(spec).toMatchObject({
      argv: null,
      user: '0:0',
      env: {},
      stdin: 'once',
      readOnlyRoot: true,
      capabilities: ['SETUID', 'SETGID', 'KILL'],
      sysctls: { 'net.ipv4.ip_forward': '0', 'net.ipv4.ip_unprivileged_port_start': '0' },
      mounts: [{ kind: 'bind', source: '/state/bundle', target: '/etc/bottle', readOnly: true }],
    });
    expect(toCreateOptions(spec).HostConfig?.Memory).toBeGreaterThan(120 * 1024 * 1024);
  });

  it('has the queues of the daemons that ask, decisions read-only, and the mirrors and more memory with a gate', async () => {
    const { bundle } = await plan();
    const queue = { source: '/state/queue/git-gate', target: '/var/lib/bottle/git-gate/queue' };
    const mirrors = { volume: 'm', target: '/var/lib/bottle/git-gate/mirrors' };
    const without = toBundleContainer(bundle, place);
    const spec = toBundleContainer(bundle, { ...place, queues: [queue], mirrors });
    expect(spec.mounts).toEqual([
      { kind: 'bind', source: '/state/bundle', target: '/etc/bottle', readOnly: true },
      { kind: 'bind', ...queue, readOnly: false },
      { kind: 'volume', name: 'm', target: '/var/lib/bottle/git-gate/mirrors' },
    ]);
    expect(spec.resources.memoryBytes).toBeGreaterThan(without.resources.memoryBytes);
    expect(spec.resources.pids).toBeGreaterThan(without.resources.pids);
    const { mounts, resources, ...rest } = spec;
    expect(without).toMatchObject(rest);
  });
});
