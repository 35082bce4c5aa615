import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createPushedRepository,
  type PushedRepository,
  refuseAll,
  toFindings,
} from './support/pushed-repository.ts';

let repository: PushedRepository;
beforeAll(() => {
  repository = createPushedRepository();
});
afterAll(() => repository[Symbol.dispose]());
beforeEach(() => {
  repository.git('checkout', '-q', '-f', '-B', 'work', 'main');
  repository.git('clean', '-q', '-f', '-d', '-x');
});

type Check = keyof typeof refuseAll;

/** Entries that git's own commands do not make on every file system. */
const entry = (r: PushedRepository, mode: string, path: string, content: string) => {
  r.git('update-index', '--add', '--cacheinfo', `${mode},${r.blob(content)},${path}`);
  r.git('commit', '-q', '-m', `Adds ${path}`);
};
const file = (path: string, content: string) => (r: PushedRepository) => {
  r.write(path, content);
  r.commit(`Adds ${path}`);
};
const link = (path: string, target: string) => (r: PushedRepository) => entry(r, '120000', path, target);
const someCommit = '0123456789012345678901234567890123456789';
const lfsPointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'4d'.repeat(32)}\nsize 12345\n`;

interface Case {
  readonly check: Check;
  readonly path: string;
  readonly plant: (r: PushedRepository) => void;
  readonly line?: number;
}

const cases: Readonly<Record<string, Case>> = {
  'a .gitmodules file': {
    check: 'submodules',
    path: '.gitmodules',
    line: 2,
    plant: file('.gitmodules', '# x\n[submodule "x"]\n\tpath = x\n\turl = https://evil.example/x\n'),
  },
  "a submodule's commit without .gitmodules": {
    check: 'submodules',
    path: 'lib/x',
    plant: (r) => {
      r.git('update-index', '--add', '--cacheinfo', `160000,${someCommit},lib/x`);
      r.git('commit', '-q', '-m', 'A submodule');
    },
  },
  'a filter for all files': {
    check: 'attributes',
    path: '.gitattributes',
    line: 2,
    plant: file('.gitattributes', '*.md text\n* filter=run\n'),
  },
  'a filter in a folder below': {
    check: 'attributes',
    path: 'a/b/.gitattributes',
    line: 1,
    plant: file('a/b/.gitattributes', '*.c\tfilter=run\n'),
  },
  'a filter by a macro': {
    check: 'attributes',
    path: '.gitattributes',
    line: 1,
    plant: file('.gitattributes', '[attr]odd -text filter=run\n* odd\n'),
  },
  'a filter for a quoted pattern': {
    check: 'attributes',
    path: '.gitattributes',
    line: 1,
    plant: file('.gitattributes', '"a \\" b" filter=run\n'),
  },
  'a diff driver': {
    check: 'attributes',
    path: '.gitattributes',
    line: 1,
    plant: file('.gitattributes', '*.c diff=run\r\n'),
  },
  'a merge driver': {
    check: 'attributes',
    path: '.gitattributes',
    line: 1,
    plant: file('.gitattributes', '*.c merge=run\n'),
  },
  'a husky hook': {
    check: 'hooks',
    path: '.husky/pre-commit',
    plant: file('.husky/pre-commit', 'npm test\n'),
  },
  'a husky folder in capitals': {
    check: 'hooks',
    path: 'web/.Husky/pre-push',
    plant: file('web/.Husky/pre-push', 'x'),
  },
  'a link in the place of a folder of hooks': {
    check: 'hooks',
    path: '.githooks',
    plant: link('.githooks', 'scripts'),
  },
  'a hook in a folder of hooks': {
    check: 'hooks',
    path: 'tools/hooks/post-checkout',
    plant: file('tools/hooks/post-checkout', 'x'),
  },
  'a lefthook file': { check: 'hooks', path: 'lefthook.yml', plant: file('lefthook.yml', 'pre-commit:\n') },
  'a pre-commit file': {
    check: 'hooks',
    path: '.pre-commit-config.yaml',
    plant: file('.pre-commit-config.yaml', 'repos: []\n'),
  },
  'core.hooksPath in a committed configuration': {
    check: 'hooks',
    path: 'dev/.gitconfig',
    line: 2,
    plant: file('dev/.gitconfig', '[core]\n\thooksPath = x\n'),
  },
  'a file that was only renamed to a hook': {
    check: 'hooks',
    path: '.husky/pre-commit',
    plant: (r) => {
      r.git('mv', '-k', 'README.md', 'x.md');
      r.write('.husky/pre-commit', 'A repository.\n');
      r.git('rm', '-q', '--cached', 'x.md');
      r.git('add', '.husky');
      r.git('commit', '-q', '-m', 'A rename');
    },
  },
  'a link to an absolute path': {
    check: 'symlinks',
    path: 'a/passwd',
    plant: link('a/passwd', '/etc/passwd'),
  },
  'a link out of the tree': { check: 'symlinks', path: 'a/out', plant: link('a/out', '../../secrets') },
  'a link that leaves by another link': {
    check: 'symlinks',
    path: 'a/out',
    plant: link('a/out', '../up/../../secrets'),
  },
  "a link into git's own folder": { check: 'symlinks', path: 'cfg', plant: link('cfg', './.GIT/config') },
  'a file whose mode alone became that of a link': {
    check: 'symlinks',
    path: 'target',
    plant: (r) => {
      file('target', '/etc/shadow')(r);
      entry(r, '120000', 'target', '/etc/shadow');
    },
  },
  'a link that is harmless in a folder and was moved out of it': {
    check: 'symlinks',
    path: 'moved',
    plant: (r) => {
      link('a/here', '../README.md')(r);
      r.git('checkout', '-q', '-f', 'HEAD');
      r.git('mv', 'a/here', 'moved');
      r.git('commit', '-q', '-m', 'A rename');
    },
  },
  'a link in the place of a file that git obeys': {
    check: 'symlinks',
    path: '.gitattributes',
    plant: link('.gitattributes', 'attributes'),
  },
  'a pointer to a file in LFS': { check: 'lfs', path: 'model.bin', plant: file('model.bin', lfsPointer) },
  'files given to LFS': {
    check: 'lfs',
    path: '.gitattributes',
    line: 1,
    plant: file('.gitattributes', '*.bin filter=lfs diff=lfs merge=lfs -text\n'),
  },
  'an address for LFS': {
    check: 'lfs',
    path: '.lfsconfig',
    line: 2,
    plant: file('.lfsconfig', '[lfs]\n\turl = https://evil.example\n'),
  },
};

describe('what the manifest decides on', () => {
  it.each(Object.entries(cases))('%s', (_name, { check, path, plant, line }) => {
    plant(repository);
    const expected = {
      rule: check,
      layer: 'git',
      place: 'file',
      path,
      ...(line === undefined ? {} : { line }),
    };
    const found = expect.arrayContaining([expect.objectContaining(expected)]);
    expect(toFindings(repository.push())).toEqual(found);
    const reporting = repository.push(undefined, { checks: { ...refuseAll, [check]: 'report' } });
    expect(reporting).toMatchObject({
      kind: 'inspected',
      inspection: { findings: [], reports: found, more: false },
    });
  });

  it('leaves alone what only looks like it', () => {
    const r = repository;
    r.write(
      '.gitattributes',
      '# filter=run\n*.md text eol=lf diff=markdown merge=union -filter !diff\n*.png binary\n',
    );
    r.write('src/hooks/use-state.ts', 'export {};\n');
    r.write('hooks/README.md', 'About hooks.\n');
    r.write('docs/config', 'name = hooksPath\n');
    r.write('docs/lfs.md', `    ${lfsPointer}`);
    r.write('a/b/file', 'x');
    r.commit('Ordinary files');
    link('a/b/link', '../../README.md')(r);
    link('here', './a//b/file')(r);
    r.git('checkout', '-q', '-f', 'HEAD');
    expect(toFindings(r.push())).toEqual([]);
  });

  it('is decided on too where a file is too large to be what it claims to be', () => {
    const r = repository;
    r.write('.gitattributes', '# a long comment\n'.repeat(3800));
    r.commit('Attributes');
    expect(toFindings(r.push())).toEqual([]);
    r.write('.gitattributes', '# a long comment\n'.repeat(3900));
    r.commit('More attributes');
    expect(toFindings(r.push())).toMatchObject([{ rule: 'attributes', path: '.gitattributes' }]);
    link('link', 'a/'.repeat(3000))(r);
    expect(toFindings(r.push())).toMatchObject([{ rule: 'attributes' }, { rule: 'symlinks', path: 'link' }]);
  });

  it('does not ask about what upstream has already', () => {
    using own = createPushedRepository();
    own.write('.husky/pre-commit', 'x');
    own.commit('A hook');
    expect(own.push(['HEAD:refs/heads/main'], { accept: true })).toMatchObject({
      inspection: { findings: [{ rule: 'hooks' }] },
    });
    own.write('file', 'x');
    own.commit('A file');
    expect(own.push()).toMatchObject({ inspection: { findings: [], newCommits: 1 } });
  });
});
