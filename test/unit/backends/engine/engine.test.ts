import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createContainer } from '../../../../src/backends/engine/containers.ts';
import { openEngine } from '../../../../src/backends/engine/engine.ts';
import { statusOf, toEngineError } from '../../../../src/backends/engine/engine-error.ts';
import { pullImage } from '../../../../src/backends/engine/images.ts';
import { BottleError } from '../../../../src/errors.ts';

describe('openEngine', () => {
  let folder: string;
  let server: Server | null = null;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bottle-test-'));
  });
  afterEach(async () => {
    server?.closeAllConnections();
    await new Promise((resolve) => (server === null ? resolve(null) : server.close(resolve)));
    server = null;
    await rm(folder, { recursive: true });
  });

  /** Something on a socket that gives every request the same answer. */
  async function answer(status: number, body: string): Promise<string> {
    const path = join(folder, 'engine.sock');
    server = createServer((request, response) => {
      request.resume();
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
    await new Promise<void>((resolve) => server?.listen(path, resolve));
    return `unix://${path}`;
  }
  const ping = (host: string): Promise<unknown> =>
    openEngine({ DOCKER_HOST: host }).call('ping', (docker) => docker.version());

  it('passes answers on', async () => {
    expect(await ping(await answer(200, '{"ApiVersion":"1.41"}'))).toMatchObject({ ApiVersion: '1.41' });
  });

  it('says that no engine answers: there is no socket', async () => {
    await expect(ping(`unix://${folder}/none.sock`)).rejects.toMatchObject({
      code: 'engine-unreachable',
      message: expect.stringContaining('none.sock'),
      exit: 3,
    });
  });

  it('says that no engine answers: nobody listens', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(ping(`unix://${folder}/file`)).rejects.toMatchObject({ code: 'engine-unreachable' });
    await expect(ping('tcp://127.0.0.1:1')).rejects.toMatchObject({ code: 'engine-unreachable' });
  });

  it('says so of an address that is no use, when it is asked something', async () => {
    const engine = openEngine({ DOCKER_HOST: 'ssh://x' });
    await expect(engine.call('ping', (docker) => docker.version())).rejects.toMatchObject({
      code: 'engine-unreachable',
      message: expect.stringContaining('ssh'),
    });
  });

  it.each([
    [404, 'No such image: x:1', 'image-missing'],
    [403, 'Pool overlaps with other one on this address space', 'subnet-taken'],
    [
      403,
      'cannot create network a (br-a): conflicts with network b (br-b): networks have overlapping IPv4',
      'subnet-taken',
    ],
    [409, 'Conflict. The container name "/x" is already in use', 'engine-failed'],
    [500, 'something\n  else broke.', 'engine-failed'],
  ])('says what an answer of %i means: %s', async (status, message, code) => {
    const host = await answer(status, JSON.stringify({ message }));
    const error = await ping(host).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code });
    expect(statusOf(error)).toBe(status);
    if (code === 'engine-failed') {
      const words = message.replace(/\s+/g, ' ').replace(/\.$/, '');
      expect(error).toMatchObject({ message: `The engine refused "ping": ${words}.` });
    }
  });

  it('reports what fails behind a good status', async () => {
    const host = await answer(200, '{"status":"Pulling"}\n{"error":"no such thing."}\n');
    const lines: string[] = [];
    const options = { signal: new AbortController().signal, onOutput: (line: string) => lines.push(line) };
    await expect(pullImage(openEngine({ DOCKER_HOST: host }), 'x', options)).rejects.toMatchObject({
      code: 'image-missing',
      message: 'Pulling x failed: no such thing.',
    });
    expect(lines).toEqual(['Pulling']);
  });

  it("keeps an abort's reason and errors of ours as they are", () => {
    const own = new BottleError('bug', 'ours');
    const abort = Object.assign(new Error('aborted', { cause: own }), { name: 'AbortError' });
    expect([toEngineError(own, 'x', 'y'), toEngineError(abort, 'x', 'y')]).toEqual([own, own]);
    expect(toEngineError('text', 'x', 'y')).toBe('text');
  });

  it('says that the socket lets nobody in, by the code alone', () => {
    const refused = Object.assign(new Error('connect EACCES'), { code: 'EACCES' });
    expect(toEngineError(refused, 'x', '/s')).toMatchObject({
      code: 'engine-forbidden',
      message: expect.stringContaining('/s'),
    });
  });

  it('names the call in its message', async () => {
    const host = await answer(500, '{"message":"no"}');
    const spec = {
      name: 'c',
      image: 'i',
      argv: null,
      user: null,
      workdir: null,
      hostname: 'h',
      env: {},
      labels: {},
      tty: false,
      stdin: 'closed',
      init: false,
      network: null,
      dns: [],
      mounts: [],
      tmpfs: {},
      readOnlyRoot: false,
      capabilities: [],
      sysctls: {},
      resources: { cpus: null, memoryBytes: 1, pids: 1 },
      runtime: null,
    } as const;
    await expect(createContainer(openEngine({ DOCKER_HOST: host }), spec)).rejects.toThrow(
      '"container create c"',
    );
  });
});
