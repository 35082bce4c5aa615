import { describe, expect, it } from 'vitest';
import { type ContainerSpec, toCreateOptions } from '../../../../src/backends/engine/container-spec.ts';
import { labelNames, parseLabels, toLabelFilter, toLabels } from '../../../../src/backends/engine/labels.ts';

const spec: ContainerSpec = {
  name: 'c',
  image: 'i:1',
  argv: ['program', 'a', 'b c'],
  user: '1000:1000',
  workdir: '/workspace',
  hostname: 'h',
  env: { A: '1', B: 'x=y' },
  labels: { l: 'v' },
  tty: false,
  stdin: 'once',
  init: true,
  network: { name: 'net', address: '10.0.0.3' },
  dns: ['10.0.0.2'],
  mounts: [
    { kind: 'bind', source: '/s', target: '/t', readOnly: true },
    { kind: 'volume', name: 'v', target: '/v' },
  ],
  tmpfs: { '/tmp': 'rw' },
  readOnlyRoot: true,
  capabilities: ['KILL'],
  sysctls: { 'net.ipv4.ip_forward': '0' },
  resources: { cpus: 1.5, memoryBytes: 1000, pids: 10 },
  runtime: 'runsc',
};

describe('toCreateOptions', () => {
  const options = toCreateOptions(spec);

  it('replaces entry point and command together, so that nothing of the image runs first', () => {
    expect(options).toMatchObject({ Entrypoint: ['program'], Cmd: ['a', 'b c'] });
    expect(toCreateOptions({ ...spec, argv: null })).not.toHaveProperty('Entrypoint');
  });

  it('gives up every right that is not named', () => {
    expect(options.HostConfig).toMatchObject({
      CapDrop: ['ALL'],
      CapAdd: ['KILL'],
      Privileged: false,
      SecurityOpt: ['no-new-privileges:true'],
      ReadonlyRootfs: true,
      IpcMode: 'private',
      RestartPolicy: { Name: 'no' },
      Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
    });
    expect(toCreateOptions({ ...spec, capabilities: [] }).HostConfig?.CapAdd).toEqual([]);
  });

  it('limits what can be used up, swap included', () => {
    expect(options.HostConfig).toMatchObject({
      NanoCpus: 1_500_000_000,
      Memory: 1000,
      MemorySwap: 1000,
      PidsLimit: 10,
      LogConfig: { Type: 'json-file', Config: { 'max-size': expect.any(String) } },
    });
  });

  it('knows one network, one resolver and no domains of the host', () => {
    expect(options.HostConfig).toMatchObject({
      NetworkMode: 'net',
      Dns: ['10.0.0.2'],
      DnsSearch: ['.'],
      DnsOptions: [],
    });
    expect(options.NetworkingConfig).toEqual({
      EndpointsConfig: { net: { IPAMConfig: { IPv4Address: '10.0.0.3' } } },
    });
    expect(toCreateOptions({ ...spec, network: null }).HostConfig).toMatchObject({ NetworkMode: 'none' });
  });

  it("mounts no more than is named, and the engine's socket never", () => {
    expect(options.HostConfig?.Mounts).toEqual([
      { Type: 'bind', Source: '/s', Target: '/t', ReadOnly: true, BindOptions: { Propagation: 'rprivate' } },
      { Type: 'volume', Source: 'v', Target: '/v' },
    ]);
    expect(options.HostConfig).not.toHaveProperty('Binds');
  });

  it.each([
    ['closed', { OpenStdin: false, StdinOnce: false }],
    ['once', { OpenStdin: true, StdinOnce: true }],
    ['open', { OpenStdin: true, StdinOnce: false }],
  ] as const)('opens the input as asked: %s', (stdin, expected) => {
    expect(toCreateOptions({ ...spec, stdin })).toMatchObject(expected);
  });
});

describe('labels', () => {
  const labels = {
    name: 'one',
    slug: 'one-1234',
    role: 'guest',
    plan: 'abc',
    created: '2026-01-01T00:00:00.000Z',
    detached: true,
    owner: '1/2/3/4',
    state: '/state',
    tty: false,
    user: '1:2',
  } as const;

  it('pass through the engine', () => {
    expect(parseLabels(toLabels(labels))).toEqual(labels);
    expect(Object.keys(toLabels(labels)).every((name) => name.startsWith('dev.bottle.'))).toBe(true);
  });

  it.each([
    ['none', undefined],
    ['none at all', null],
    ["others'", { 'com.example': 'x' }],
    ['without a slug', { [labelNames.role]: 'guest' }],
    ['of a role that is unknown', { [labelNames.slug]: 'x', [labelNames.role]: 'other' }],
  ])("are none of bottle's: %s", (_what, found) => {
    expect(parseLabels(found)).toBeNull();
  });

  it('are what lists are filtered by', () => {
    expect(toLabelFilter({})).toEqual({ label: ['dev.bottle.slug'] });
    expect(toLabelFilter({ name: 'one' })).toEqual({ label: ['dev.bottle.name=one'] });
    expect(toLabelFilter({ slug: 'one-1' })).toEqual({ label: ['dev.bottle.slug=one-1'] });
  });
});
