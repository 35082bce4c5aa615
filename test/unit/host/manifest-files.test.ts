import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { manifestFolder, stateHome } from '../../../src/host/folders.ts';
import { createManifestFiles } from '../../../src/host/manifest-files.ts';

describe('folders', () => {
  it.each([
    [{ XDG_CONFIG_HOME: '/c', XDG_STATE_HOME: '/s', HOME: '/h' }, '/c/bottle/bottles', '/s/bottle'],
    [{ HOME: '/h' }, '/h/.config/bottle/bottles', '/h/.local/state/bottle'],
    [
      { XDG_CONFIG_HOME: '', XDG_STATE_HOME: 'relative', HOME: '/h' },
      '/h/.config/bottle/bottles',
      '/h/.local/state/bottle',
    ],
    [{}, join(homedir(), '.config/bottle/bottles'), join(homedir(), '.local/state/bottle')],
  ])('follow the XDG rules: %j', (env, manifests, state) => {
    expect([manifestFolder(env), stateHome(env)]).toEqual([manifests, state]);
  });
});

describe('createManifestFiles', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bottle-test-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const open = () => createManifestFiles({ XDG_CONFIG_HOME: folder });

  it('has none where there is no folder', async () => {
    expect(await open().list()).toEqual([]);
    expect(await open().read('one')).toBeNull();
  });

  it('creates, lists and reads, and never replaces', async () => {
    const files = open();
    const path = await files.create('two', 'agent: shell\n');
    await files.create('one', 'x');
    await writeFile(join(files.folder, 'notes.txt'), '');
    expect(path).toBe(join(folder, 'bottle/bottles/two.yaml'));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await files.list()).toEqual(['one', 'two']);
    expect(await files.read('two')).toEqual({ path, text: 'agent: shell\n' });
    await expect(files.create('two', 'other')).rejects.toMatchObject({ code: 'manifest-exists' });
    expect(await files.read('two')).toMatchObject({ text: 'agent: shell\n' });
  });

  it('says which manifest cannot be read', async () => {
    const files = open();
    await mkdir(files.pathOf('one'), { recursive: true });
    expect(() => files.read('one')).toThrow(
      expect.objectContaining({ code: 'manifest-invalid', message: expect.stringContaining('one.yaml') }),
    );
  });
});
