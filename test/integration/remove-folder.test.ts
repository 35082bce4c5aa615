import { chown, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeInstanceFolder } from '../../src/backends/bundle/remove-folder.ts';
import { findEndpoint } from '../../src/backends/engine/endpoint.ts';
import { openEngine } from '../../src/backends/engine/engine.ts';
import { readOwnIdentity } from '../../src/host/process-identity.ts';
import { createQueueFolder, createStateDirectory, writeStateFile } from '../../src/host/state-directory.ts';
import { builtImages } from '../support/built-images.ts';
import { whyNoEngine } from '../support/engine.ts';

const reason = (await whyNoEngine()) ?? (process.getuid?.() === 0 ? null : 'only root can play another user');
const operator = 12_345;
const daemon = '2004:2004';
const slug = 'one-1234';

describe("an ordinary user's state folder", () => {
  const docker = new Docker();
  const engine = openEngine(process.env);
  let folder: string;
  let path: string;
  beforeEach(async (context) => {
    context.skip(reason !== null, reason ?? '');
    folder = await mkdtemp(join(tmpdir(), 'bottle-test-'));
    path = join(folder, 'instances', slug);
    await chown(folder, operator, operator);
    // What is loaded when it is first asked for need not be that user's to read.
    await engine.call('ping', (client) => client.ping());
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Does the work as a user who may ask the engine, and has no right besides. */
  async function asOperator<T>(work: () => Promise<T>): Promise<T> {
    const endpoint = findEndpoint(process.env);
    const group = endpoint.kind === 'socket' ? (await stat(endpoint.path)).gid : operator;
    process.setegid?.(group);
    process.seteuid?.(operator);
    try {
      return await work();
    } finally {
      process.seteuid?.(0);
      process.setegid?.(0);
    }
  }

  /** Has a container's user do what the script says in a queue of a new state folder. */
  async function fill(script: string): Promise<void> {
    const queue = await asOperator(async () => {
      await createStateDirectory(path, slug, await readOwnIdentity());
      const plan = {
        name: 'one',
        slug,
        hash: '',
        bundle: { image: builtImages.bundle },
        guest: { user: { uid: 1, gid: 1 } },
      };
      await writeStateFile(path, { path: 'plan.json', content: JSON.stringify(plan) });
      return await createQueueFolder(path, 'supervise');
    });
    const [result, container] = await docker.run(
      builtImages.bundle,
      ['-e', `const fs = require('node:fs'); process.chdir('/queue'); ${script}`],
      process.stderr,
      {
        Entrypoint: ['node'],
        User: daemon,
        HostConfig: { Binds: [`${queue}:/queue`], NetworkMode: 'none' },
      },
    );
    await container.remove();
    expect(result).toMatchObject({ StatusCode: 0 });
  }

  const remove = (): Promise<void> => asOperator(() => removeInstanceFolder(engine, path, slug));

  it.each([
    [
      'files and links of a daemon',
      "fs.writeFileSync('file', '', { mode: 0o600 }); fs.symlinkSync('/etc', 'link')",
    ],
    [
      'a folder that is closed to the operator',
      "fs.mkdirSync('closed', 0o700); fs.writeFileSync('closed/file', '')",
    ],
    [
      'a folder that nobody may open',
      "fs.mkdirSync('closed'); fs.writeFileSync('closed/file', ''); fs.chmodSync('closed', 0)",
    ],
    [
      'a folder in which each may remove only his own',
      "fs.mkdirSync('sticky'); fs.writeFileSync('sticky/file', ''); fs.chmodSync('sticky', 0o1777)",
    ],
    [
      'a name that is no text',
      "fs.mkdirSync(Buffer.from([0xff, 0x41])); fs.writeFileSync(Buffer.from([0xff, 0x42]), '')",
    ],
    [
      'folders deeper than a path is long',
      "for (let n = 0; n < 40; n++) { fs.mkdirSync('d'.repeat(250)); process.chdir('d'.repeat(250)); }",
    ],
  ])('is removed with %s', async (_what, script) => {
    await fill(script);
    await remove();
    expect(await readdir(join(folder, 'instances'))).toEqual([]);
    await remove();
    const filters = { label: [`dev.bottle.slug=${slug}`] };
    expect(await docker.listContainers({ all: true, filters })).toEqual([]);
  });

  it('loses nothing outside that a link leads to, inside or from the container', async () => {
    const outside = join(folder, 'outside');
    await asOperator(async () => createStateDirectory(outside, 'outside', await readOwnIdentity()));
    await fill(
      `fs.mkdirSync('closed', 0o700); fs.symlinkSync('${outside}', 'closed/link'); fs.symlinkSync('/opt/bottle', 'closed/inside')`,
    );
    await remove();
    expect(await readdir(outside)).toEqual(['owner.json']);
  });
});
