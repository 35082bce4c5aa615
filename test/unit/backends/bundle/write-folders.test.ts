import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeInstanceFolders } from '../../../../src/backends/bundle/write-folders.ts';
import { readOwnIdentity } from '../../../../src/host/process-identity.ts';
import { createStateDirectory } from '../../../../src/host/state-directory.ts';
import type { BottlePlan } from '../../../../src/plans/bottle-plan.ts';
import { loadManifest } from '../../../../src/plans/manifest/load-manifest.ts';
import { prepareBottle } from '../../../../src/plans/prepare/prepare-bottle.ts';
import { createHostFacts } from '../../../support/host-facts.ts';

const gateAndSupervise = `supervise: true
git:
  remotes:
    origin:
      url: https://git.test/o/r.git
`;

describe('writeInstanceFolders', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bottle-test-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function write(text: string) {
    const manifest = await loadManifest('one', {
      readManifestFile: () => ({ path: '/m/one.yaml', text: `agent: shell\n${text}` }),
      home: '/home/op',
      workingDirectory: '/work',
    });
    const plan = prepareBottle(manifest, createHostFacts({ stateHome: folder }));
    await createStateDirectory(plan.stateDirectory, plan.slug, await readOwnIdentity());
    return { plan, folders: await writeInstanceFolders(plan) };
  }
  const readJson = async ({ stateDirectory }: BottlePlan, path: string): Promise<unknown> =>
    JSON.parse(await readFile(join(stateDirectory, path), 'utf8'));
  const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

  it('writes plan and policy where nothing that is mounted leads to', async () => {
    const { plan, folders } = await write('');
    expect(await readJson(plan, 'plan.json')).toEqual(plan);
    expect(await readJson(plan, 'policy.json')).toEqual({ version: 1, revision: 0, grants: [] });
    expect((await readdir(plan.stateDirectory)).toSorted()).toEqual([
      'bundle',
      'guest',
      'owner.json',
      'plan.json',
      'policy.json',
    ]);
    expect(folders).toEqual({
      bundle: join(plan.stateDirectory, 'bundle'),
      guest: join(plan.stateDirectory, 'guest'),
      queues: [],
    });
  });

  it('makes a queue for each daemon that asks, which any user may write in', async () => {
    const { plan, folders } = await write(gateAndSupervise);
    const at = (path: string): string => join(plan.stateDirectory, path);
    expect(folders.queues).toEqual([
      { source: at('queue/git-gate'), target: '/var/lib/bottle/git-gate/queue' },
      { source: at('queue/supervise'), target: '/var/lib/bottle/supervise/queue' },
    ]);
    const modes = ['', 'queue', 'queue/git-gate', 'queue/supervise', 'bundle/decisions'].map((path) =>
      modeOf(at(path)),
    );
    expect(await Promise.all(modes)).toEqual(['700', '755', '777', '777', '755']);
  });
});
