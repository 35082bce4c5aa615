import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findEndpoint } from '../../../../src/backends/engine/endpoint.ts';

describe('findEndpoint', () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'bottle-test-'));
  });
  afterEach(() => rm(home, { recursive: true }));

  async function writeContext(name: string, host: string): Promise<void> {
    const folder = join(home, '.docker/contexts/meta', createHash('sha256').update(name).digest('hex'));
    await mkdir(folder, { recursive: true });
    await writeFile(
      join(folder, 'meta.json'),
      JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } }),
    );
  }

  it.each([
    ['unix:///tmp/x.sock', { kind: 'socket', path: '/tmp/x.sock' }],
    ['tcp://engine.test:2375', { kind: 'tcp', host: 'engine.test', port: 2375, tls: null }],
    ['tcp://127.0.0.1', { kind: 'tcp', host: '127.0.0.1', port: 2375, tls: null }],
    ['engine.test:1234', { kind: 'tcp', host: 'engine.test', port: 1234, tls: null }],
    ['', { kind: 'socket', path: '/var/run/docker.sock' }],
  ])('understands DOCKER_HOST "%s"', (text, endpoint) => {
    expect(findEndpoint({ HOME: home, DOCKER_HOST: text })).toEqual(endpoint);
  });

  it.each([
    ['ssh://user@engine.test', 'over ssh'],
    ['fd://', 'over fd'],
    ['tcp://', 'no address'],
    ['tcp://engine.test:2376', 'wants TLS'],
  ])('refuses DOCKER_HOST "%s" plainly', (text, words) => {
    const refusal = expect.objectContaining({
      code: 'engine-unreachable',
      message: expect.stringContaining(words),
    });
    expect(() => findEndpoint({ HOME: home, DOCKER_HOST: text })).toThrow(refusal);
  });

  it('reads what TLS takes', async () => {
    for (const name of ['ca', 'cert', 'key']) await writeFile(join(home, `${name}.pem`), name);
    const env = {
      HOME: home,
      DOCKER_HOST: 'tcp://engine.test',
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: home,
    };
    const tls = { ca: 'ca', cert: 'cert', key: 'key' };
    expect(findEndpoint(env)).toEqual({ kind: 'tcp', host: 'engine.test', port: 2376, tls });
  });

  it('follows the context of the client', async () => {
    await writeContext('desk', 'unix:///tmp/desk.sock');
    await writeContext('other', 'unix:///tmp/other.sock');
    await writeFile(join(home, '.docker/config.json'), JSON.stringify({ currentContext: 'desk' }));
    expect(findEndpoint({ HOME: home })).toEqual({ kind: 'socket', path: '/tmp/desk.sock' });
    expect(findEndpoint({ HOME: home, DOCKER_CONTEXT: 'other' })).toEqual({
      kind: 'socket',
      path: '/tmp/other.sock',
    });
    expect(findEndpoint({ HOME: home, DOCKER_CONTEXT: 'default' })).toMatchObject({
      path: '/var/run/docker.sock',
    });
    expect(findEndpoint({ HOME: home, DOCKER_HOST: 'unix:///tmp/x.sock' })).toMatchObject({
      path: '/tmp/x.sock',
    });
    const missing = expect.objectContaining({ message: expect.stringContaining('"gone" is not there') });
    expect(() => findEndpoint({ HOME: home, DOCKER_CONTEXT: 'gone' })).toThrow(missing);
  });

  it('does without a configuration that it cannot read', async () => {
    await mkdir(join(home, '.docker'));
    await writeFile(join(home, '.docker/config.json'), '{ not json');
    expect(findEndpoint({ HOME: home })).toMatchObject({ kind: 'socket' });
  });
});
