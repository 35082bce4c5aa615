import { chmod, lstat, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Approval } from '../../../src/approvals/operator.ts';
import type { BottlePlan } from '../../../src/plans/bottle-plan.ts';
import { loadManifest } from '../../../src/plans/manifest/load-manifest.ts';
import type { RequestId } from '../../../src/queue/request.ts';
import {
  askingManifest,
  createOperatorHome,
  type OperatorHome,
  toManifests,
} from '../../support/operator-home.ts';

let home: OperatorHome;
let plan: BottlePlan;
let path: string;
beforeEach(async () => {
  home = await createOperatorHome();
  plan = await home.addBottle('dev');
  path = join(home.folder, 'config/bottle/bottles/dev.yaml');
});
afterEach(() => home[Symbol.asyncDispose]());

const { signal } = new AbortController();

function saving(id: RequestId, change: Partial<Approval> = {}): Approval {
  return { id, bottle: null, notes: '', seenRevision: null, proposal: null, save: true, ...change };
}

async function hosts(): Promise<readonly string[]> {
  const { egress } = await loadManifest('dev', toManifests(home.folder));
  return egress.routes.map(({ host }) => host);
}

describe('saving an approval', () => {
  it('writes the grant into the manifest only when the operator says so', async () => {
    const [first, second] = [await home.ask(plan), await home.ask(plan)];
    const operator = home.operator();
    await operator.approve(saving(first.id, { save: false }), signal);
    expect(await readFile(path, 'utf8')).toBe(askingManifest);
    await chmod(path, 0o640);
    await operator.approve(saving(second.id), signal);
    expect(await hosts()).toEqual(['api.example.com', 'open.example.com', 'new.example.com']);
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    expect((await home.audit()).at(-1)).toMatchObject({
      event: 'manifest-changed',
      request: second.id,
      file: path,
      difference: [expect.stringMatching(/^\+ allow https:\/\/new\.example\.com/)],
    });
  });

  it('keeps a link to a file elsewhere', async () => {
    const elsewhere = join(home.folder, 'dev.yaml');
    await rename(path, elsewhere);
    await symlink(elsewhere, path);
    await home.operator().approve(saving((await home.ask(plan)).id), signal);
    expect((await lstat(path)).isSymbolicLink()).toBe(true);
    expect(await readFile(elsewhere, 'utf8')).toContain('new.example.com');
  });

  it('keeps what somebody else wrote meanwhile', async () => {
    const { id } = await home.ask(plan);
    const { readManifestFile } = toManifests(home.folder);
    let reads = 0;
    const manifests = {
      ...toManifests(home.folder),
      async readManifestFile(name: string) {
        const file = await readManifestFile(name);
        reads += 1;
        // After it was read for the edit, and before it is replaced.
        if (reads === 3) await writeFile(path, `${askingManifest}# Mine.\n`);
        return file;
      },
    };
    await home.operator({ manifests }).approve(saving(id), signal);
    expect(await readFile(path, 'utf8')).toContain('# Mine.');
    expect(await hosts()).toContain('new.example.com');
    expect((await home.audit()).filter(({ event }) => event === 'manifest-changed')).toHaveLength(1);
  });

  it('approves nothing when it could not be saved', async () => {
    const capability = await home.ask(plan, { proposal: { kind: 'capability', capability: 'gcc' } });
    const route = await home.ask(plan);
    const operator = home.operator();
    await expect(operator.approve(saving(capability.id), signal)).rejects.toMatchObject({
      code: 'usage-invalid',
    });
    await writeFile(path, 'agent: [shell\n');
    await expect(operator.approve(saving(route.id), signal)).rejects.toMatchObject({
      code: 'manifest-invalid',
    });
    for (const { id } of [capability, route]) expect((await operator.find(id, null)).status).toBe('waiting');
    await operator.approve(saving(route.id, { save: false }), signal);
  });

  it('says that the grant is in force when only saving fails', async () => {
    const { id } = await home.ask(plan);
    const openBottle = home.surroundings().openBottle;
    const operator = home.operator({
      openBottle: async (of) => {
        await writeFile(path, 'agent: [shell\n');
        return await openBottle(of);
      },
    });
    await expect(operator.approve(saving(id), signal)).rejects.toMatchObject({
      code: 'manifest-invalid',
      message: expect.stringMatching(
        /^The request is approved and in force, but the manifest was not changed: /,
      ),
    });
    expect((await operator.find(id, null)).status).toBe('approved');
    expect(await readFile(path, 'utf8')).toBe('agent: [shell\n');
  });
});
