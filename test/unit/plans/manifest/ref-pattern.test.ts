import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRefPattern } from '../../../../src/plans/manifest/ref-pattern.ts';

describe('isRefPattern', () => {
  it.each([
    'agent/*',
    'agent/**',
    'main',
    '*',
    '**',
    'a/*/b',
    'fix-1.2_x',
    'refs/heads/agent/*',
    'refs/tags/v*',
    'feature/x#12',
    'a@b',
  ])('takes %s', (pattern) => {
    expect(isRefPattern(pattern)).toBe(true);
  });

  it.each([
    ...['', '/', 'a/', '/a', 'a//b', '.', '..', 'a..b', '.a', 'a/.b', 'a.', 'a.lock', 'a.lock/b'],
    ...[
      '-a',
      '--mirror',
      'a/-b',
      '+a',
      '+refs/heads/*:refs/heads/*',
      ':',
      '*:',
      'a:b',
      '^a',
      'a~1',
      'a^',
      'a?',
      'a[b]',
      'a\\b',
    ],
    ...['@{-1}', 'a@{1}', 'a b', 'a\tb', 'a\nb', 'a\x7fb', 'ä', 'a\u202eb', 'HEAD', '***', 'a/***'],
    ...[
      'refs',
      'refs/heads',
      'refs/heads/',
      'refs/*',
      'refs/**',
      'refs/notes/*',
      'refs/replace/*',
      'refs/for/main',
      'refs/*/x',
    ],
    'x'.repeat(257),
  ])('refuses %j', (pattern) => {
    expect(isRefPattern(pattern)).toBe(false);
  });

  it('takes no name that git refuses', () => {
    const part = fc.constantFrom(
      'a',
      'B',
      '1',
      '.',
      '-',
      '/',
      '@',
      '{',
      '}',
      '~',
      '^',
      ':',
      '?',
      '[',
      '\\',
      '..',
      '.lock',
      '#',
      '=',
      ',',
      '%',
      '!',
      '&',
      '+',
      '_',
    );
    const name = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(name.filter(isRefPattern), (some) => {
        const full = some.startsWith('refs/') ? some : `refs/heads/${some}`;
        expect(spawnSync('git', ['check-ref-format', full]).status).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});
