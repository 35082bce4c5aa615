import { describe, expect, it } from 'vitest';
import { parseIgnoreFile } from '../../../../src/backends/docker/ignore-file.ts';

describe('parseIgnoreFile', () => {
  it.each<[string, string, boolean]>([
    ['node_modules', 'node_modules', true],
    ['node_modules', 'node_modules/deep/file', true],
    ['node_modules', 'sub/node_modules', false],
    ['**/node_modules', 'sub/node_modules/file', true],
    ['*.log', 'a.log', true],
    ['*.log', 'sub/a.log', false],
    ['**/*.log', 'a.log', true],
    ['/rooted', 'rooted', true],
    ['./rooted/', 'rooted/x', true],
    ['.env*', '.env.local', true],
    ['a?c', 'abc', true],
    ['# comment\n\n  padded  ', 'padded', true],
    ['# comment', '# comment', false],
    ['*\n!kept', 'kept', false],
    ['*\n!kept', 'other', true],
    ['*\n!kept', 'kept/deep', false],
    ['!kept\n*', 'kept', true],
    ['secret', 'secrets', false],
    ['*', 'Dockerfile', false],
  ])('with %j, of %s: %s', (text, path, excluded) => {
    expect(parseIgnoreFile(text, ['Dockerfile'])(path, false)).toBe(excluded);
  });

  it('goes into a folder that is left out where something in it may be kept', () => {
    expect(parseIgnoreFile('sub\n!sub/kept', [])('sub', true)).toBe(false);
    expect(parseIgnoreFile('sub', [])('sub', true)).toBe(true);
  });
});
