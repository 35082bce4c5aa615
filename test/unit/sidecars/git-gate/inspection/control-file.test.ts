import { describe, expect, it } from 'vitest';
import { findControlFaults } from '../../../../../src/sidecars/git-gate/inspection/control-file.ts';
import { isHookPath, toControlFile } from '../../../../../src/sidecars/git-gate/inspection/path-rules.ts';
import { toRawPlace } from '../../../../../src/sidecars/git-gate/inspection/raw-text.ts';

describe('attributes', () => {
  it.each([
    ['* filter=x', 'attributes'],
    ['  *.c\t text\tfilter=x', 'attributes'],
    ['[attr]x filter=y', 'attributes'],
    ['"a b" filter=x', 'attributes'],
    ['"a \\" b" filter=x', 'attributes'],
    ['* diff=x', 'attributes'],
    ['* merge=x', 'attributes'],
    ['* filter=lfs', 'lfs'],
    ['* filter=lfs2', 'attributes'],
    ['*\rfilter=x', 'attributes'],
    ['\xa0# filter=x', 'attributes'],
    ['"\\q filter=x b"', 'attributes'],
  ])('%s is for the check of %s', (line, check) => {
    expect(findControlFaults('attributes', `a\n${line}\nb`)).toMatchObject([{ check, line: 2 }]);
  });

  it.each([
    '# * filter=x',
    '*.c diff=cpp',
    '* merge=union',
    '* -filter',
    '* !filter',
    'filter=x text',
    '* text=auto',
  ])('%s is harmless', (line) => {
    expect(findControlFaults('attributes', line)).toEqual([]);
  });
});

describe('settings', () => {
  it.each([
    ['modules', '[submodule "a"]'],
    ['modules', '\xef\xbb\xbf[submodule "a"]'],
    ['modules', '[a "]"] [ Submodule "a"] path = x'],
    ['config', '\thooksPath = x'],
    ['config', '[core] HooksPath=x'],
    ['config', '[a][core]\rhooksPath = x'],
    ['config', '\xef\xbb\xbf[core]hooksPath = x'],
    ['lfs-config', '[a] [lfs] url = https://x.example'],
    ['lfs-config', '\xef\xbb\xbf[lfs]url = https://x.example'],
  ] as const)('of %s are found in %s', (kind, text) => {
    expect(findControlFaults(kind, text)).toHaveLength(1);
  });

  it.each([
    ['modules', '# [submodule "a"]'],
    ['modules', 'path = [submodule'],
    ['config', '# hooksPath = x'],
    ['config', 'url = hooksPath=x'],
  ] as const)('of %s are not found in %s', (kind, text) => {
    expect(findControlFaults(kind, text)).toEqual([]);
  });
});

describe('paths', () => {
  it.each([
    '.husky/_/x',
    'a/.githooks/b',
    '.HUSKY',
    'x/hooks/pre-push',
    'hooks/Post-Merge',
    '.lefthook.toml',
    'a/.pre-commit-config.yml',
  ])('%s is of a hook', (path) => {
    expect(isHookPath(path)).toBe(true);
  });

  it.each([
    'hooks/use-x.ts',
    'hooks/pre-push.md',
    'pre-push',
    'husky/x',
    'lefthook.md',
    'src/hooks/index.ts',
  ])('%s is of none', (path) => {
    expect(isHookPath(path)).toBe(false);
  });

  it.each([
    ['a/.gitattributes', 'attributes'],
    ['.GitModules', 'modules'],
    ['.lfsconfig', 'lfs-config'],
    ['x/config', 'config'],
    ['team.gitconfig', 'config'],
    ['gitattributes', null],
    ['.gitattributes/x', null],
    ['config.ts', null],
  ])('%s: what git reads there is %s', (path, kind) => {
    expect(toControlFile(path)).toBe(kind);
  });
});

describe('parts of a commit', () => {
  const raw = Buffer.from('tree 1\nauthor A\ncommitter C\ngpgsig -----BEGIN\n x\n y\n\nSubject\n\nBody\n');
  it.each([
    [1, { place: 'commit-header', line: 1 }],
    [2, { place: 'author', line: null }],
    [3, { place: 'committer', line: null }],
    [5, { place: 'commit-header', line: 5 }],
    [8, { place: 'message', line: 1 }],
    [10, { place: 'message', line: 3 }],
  ])('line %i', (line, place) => {
    expect(toRawPlace(raw, line)).toEqual(place);
  });
});
