import { execFileSync } from 'node:child_process';
import { access, chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CloneRequest, cloneRepository } from '../../../src/host/clone-repository.ts';

describe('cloneRepository', () => {
  let folder: string;
  let source: string;
  let touched: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bottle-test-'));
    source = join(folder, 'source');
    touched = join(folder, 'touched');
    await mkdir(join(folder, 'scratch'));
    execFileSync('git', ['init', '-q', '-b', 'main', source]);
    await writeFile(join(source, 'file'), 'committed');
    commit('first');
  });
  afterEach(() => rm(folder, { recursive: true }));

  function git(...args: string[]): string {
    return execFileSync('git', ['-C', source, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  }
  function commit(message: string): void {
    git('add', '.');
    git('-c', 'user.name=t', '-c', 'user.email=t@t', 'commit', '-q', '-m', message);
  }
  const clone = (from = source, remotes: CloneRequest['remotes'] = []): Promise<string> =>
    cloneRepository({
      source: from,
      remotes,
      scratch: join(folder, 'scratch'),
      searchPath: process.env.PATH ?? '',
      signal: new AbortController().signal,
    });
  /** A program that leaves a trace when it is run, and then does what `cat` does. */
  async function trap(name: string): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, `#!/bin/sh\ntouch ${touched}\nexec cat\n`);
    await chmod(path, 0o755);
    return path;
  }

  it('clones what is committed on the branch that is checked out, with its history', async () => {
    git('checkout', '-q', '-b', 'topic');
    await writeFile(join(source, 'more'), 'x');
    commit('second');
    await writeFile(join(source, 'file'), 'not committed');
    await writeFile(join(source, 'untracked'), '');
    const target = await clone();
    expect(await readdir(target)).toEqual(['.git', 'file', 'more']);
    expect(await readFile(join(target, 'file'), 'utf8')).toBe('committed');
    const log = execFileSync('git', ['-C', target, 'log', '--format=%s', 'topic'], { encoding: 'utf8' });
    expect(log).toBe('second\nfirst\n');
  });

  it('shares nothing with the repository, and does not say where it is', async () => {
    const target = await clone();
    expect(await readFile(join(target, '.git/config'), 'utf8')).not.toContain(folder);
    const objects = await readdir(join(target, '.git/objects'), { recursive: true, withFileTypes: true });
    const links = await Promise.all(
      objects
        .filter((entry) => entry.isFile())
        .map(async (entry) => (await stat(join(entry.parentPath, entry.name))).nlink),
    );
    expect(new Set(links)).toEqual(new Set([1]));
    await expect(access(join(target, '.git/objects/info/alternates'))).rejects.toThrow('ENOENT');
  });

  it.each<[string, (path: string) => Promise<void> | void]>([
    [
      'a hook',
      async (path) => {
        git('config', 'core.hooksPath', join(path, '..', 'hooks'));
        await mkdir(join(folder, 'hooks'));
        for (const hook of ['post-checkout', 'pre-auto-gc'])
          await writeFile(join(folder, 'hooks', hook), `#!/bin/sh\ntouch ${touched}\n`, { mode: 0o755 });
      },
    ],
    [
      'a filter',
      (path) => {
        execFileSync('sh', ['-c', `echo '* filter=evil' > ${source}/.gitattributes`]);
        commit('attributes');
        git('config', 'filter.evil.smudge', path);
        git('config', 'filter.evil.clean', path);
      },
    ],
    ['a file system monitor', (path) => void git('config', 'core.fsmonitor', path)],
    ['a hook that packs objects', (path) => void git('config', 'uploadpack.packObjectsHook', path)],
    [
      'a template',
      async (path) => {
        await mkdir(join(folder, 'template/hooks'), { recursive: true });
        await writeFile(join(folder, 'template/hooks/post-checkout'), `#!/bin/sh\n${path} </dev/null\n`, {
          mode: 0o755,
        });
        git('config', 'init.templateDir', join(folder, 'template'));
      },
    ],
  ])('runs nothing that the repository names: %s', async (_what, plant) => {
    await plant(await trap('evil'));
    const target = await clone();
    expect(await readFile(join(target, 'file'), 'utf8')).toBe('committed');
    await expect(access(touched)).rejects.toThrow('ENOENT');
  });

  it.each<[string, readonly string[]]>([
    ['a partial clone', ['extensions.partialClone', 'origin']],
    ['a remote that promises objects', ['remote.origin.promisor', 'true']],
    ['a command to fetch with', ['remote.origin.uploadpack', 'touch /tmp/x']],
    ['a helper to fetch with', ['remote.origin.vcs', 'ext']],
  ])('refuses %s', async (_what, config) => {
    git('config', ...config);
    await expect(clone()).rejects.toMatchObject({
      code: 'usage-invalid',
      hint: expect.stringContaining('copy'),
    });
  });

  it('refuses what such a setting is included from', async () => {
    await writeFile(join(folder, 'included'), '[remote "o"]\n\tpromisor = true\n');
    git('config', 'include.path', join(folder, 'included'));
    await expect(clone()).rejects.toMatchObject({ code: 'usage-invalid' });
  });

  describe('remotes', () => {
    const url = 'ssh://git@host.test/o/r.git';
    const configOf = (target: string, ...args: string[]): string =>
      execFileSync('git', ['-C', target, 'config', '--local', ...args], { encoding: 'utf8' });

    it('are the ones that are asked for, and none of the repository itself', async () => {
      git('remote', 'add', 'origin', 'https://elsewhere.test/x');
      git('remote', 'add', 'other', 'https://elsewhere.test/y');
      const target = await clone(source, [
        { name: 'up.stream', url },
        { name: 'fork', url: 'git@host.test:o/fork.git' },
      ]);
      const config = configOf(target, '--get-regexp', '^(remote|branch)\\.');
      expect(config.trim().split('\n')).toEqual([
        `remote.up.stream.url ${url}`,
        'remote.up.stream.fetch +refs/heads/*:refs/remotes/up.stream/*',
        'remote.fork.url git@host.test:o/fork.git',
        'remote.fork.fetch +refs/heads/*:refs/remotes/fork/*',
      ]);
    });

    it('make "origin" the counterpart of the branch that is checked out, without what the host knew of it', async () => {
      git('checkout', '-q', '-b', "odd/b'ranch.x");
      const target = await clone(source, [{ name: 'origin', url }]);
      const status = execFileSync('git', ['-C', target, 'rev-parse', '--symbolic-full-name', 'HEAD'], {
        encoding: 'utf8',
      });
      expect(status.trim()).toBe("refs/heads/odd/b'ranch.x");
      expect(configOf(target, '--get-regexp', '^branch\\.').trim().split('\n')).toEqual([
        "branch.odd/b'ranch.x.remote origin",
        "branch.odd/b'ranch.x.merge refs/heads/odd/b'ranch.x",
      ]);
      expect(execFileSync('git', ['-C', target, 'branch', '--remotes'], { encoding: 'utf8' })).toBe('');
    });

    it('are there without a counterpart where no branch is checked out', async () => {
      await writeFile(join(source, 'file'), 'changed');
      commit('second');
      git('checkout', '-q', '--detach', 'HEAD~1');
      const target = await clone(source, [{ name: 'origin', url }]);
      expect(configOf(target, '--get', 'remote.origin.url')).toBe(`${url}\n`);
      expect(configOf(target, '--name-only', '--list')).not.toContain('branch.');
    });

    it.each([
      ['a name with two dots', { name: 'a..b', url }],
      ['a name with a line end', { name: 'a\n\tb = c', url }],
    ])('are refused: %s', async (_what, remote) => {
      await expect(clone(source, [remote])).rejects.toMatchObject({ code: 'usage-invalid' });
    });

    it('have an address that is written as it is, whatever it looks like', async () => {
      const target = await clone(source, [{ name: 'odd', url: '--upload-pack=touch x;$(touch y)' }]);
      expect(configOf(target, '--get', 'remote.odd.url')).toBe('--upload-pack=touch x;$(touch y)\n');
    });
  });

  it('refuses a folder that is no repository', async () => {
    await expect(clone(folder)).rejects.toMatchObject({
      message: expect.stringContaining('no git repository'),
    });
  });

  it('says that git is missing', async () => {
    const request = {
      source,
      remotes: [],
      scratch: join(folder, 'scratch'),
      searchPath: '/no/such',
      signal: new AbortController().signal,
    };
    await expect(cloneRepository(request)).rejects.toMatchObject({
      hint: expect.stringContaining('Install git'),
    });
  });
});
