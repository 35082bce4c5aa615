import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findRefNameFault } from '../../../../../src/sidecars/git-gate/push/ref-name.ts';
import {
  checkRefNames,
  decideChanges,
  isPushable,
  type PushedRef,
  PushRefusal,
  type PushRules,
  parsePushedRefs,
} from '../../../../../src/sidecars/git-gate/push/ref-policy.ts';

const [zero, one, two] = ['0'.repeat(40), '1'.repeat(40), '2'.repeat(40)];
const rules: PushRules = { name: 'origin', push: ['agent/*'], force: false, limits: { maxRefs: 3 } };
const create = (ref: string): PushedRef => ({ ref, old: zero, new: one });

describe('what git tells the hook', () => {
  it('is read', () => {
    expect(parsePushedRefs(`${zero} ${one} refs/heads/a\n${one} ${two} refs/heads/b c\n`)).toEqual([
      { old: zero, new: one, ref: 'refs/heads/a' },
      { old: one, new: two, ref: 'refs/heads/b c' },
    ]);
  });

  it.each([
    '',
    '\n',
    `${zero} ${one}`,
    `${zero} refs/heads/a\n`,
    `x ${one} refs/heads/a\n`,
    `${zero} ${one} a`,
  ])('is refused: %j', (text) => {
    expect(() => parsePushedRefs(text)).toThrow(PushRefusal);
  });
});

describe('the name of a ref', () => {
  it.each([
    'refs/heads/agent/x',
    'refs/tags/v1.0',
    'refs/heads/a-b_c',
    'refs/heads/münchen',
    'refs/heads/a@b',
  ])('%s is fine', (ref) => {
    expect(findRefNameFault(ref)).toBeNull();
  });

  it.each([
    ['HEAD', 'neither'],
    ['refs/heads', 'neither'],
    ['refs/heads/', 'neither'],
    ['refs/stash', 'neither'],
    ['refs/replace/x', 'neither'],
    ['refs/notes/commits', 'neither'],
    ['refs/remotes/origin/x', 'neither'],
    ['refs/headsx/y', 'neither'],
    ['refs/heads/--mirror', 'option'],
    ['refs/heads/a/-b', 'option'],
    ['refs/heads/a..b', 'character'],
    ['refs/heads/a@{1}', 'character'],
    ['refs/heads/a b', 'character'],
    ['refs/heads/a\u001b[2J', 'character'],
    ['refs/heads/a\nb', 'character'],
    ['refs/heads/a\u202eb', 'character'],
    ['refs/heads/a\u00a0b', 'character'],
    ['refs/heads/a\ufffdb', 'character'],
    ['refs/heads/a~1', 'character'],
    ['refs/heads/a^', 'character'],
    ['refs/heads/a:b', 'character'],
    ['refs/heads/a*', 'character'],
    ['refs/heads/a?', 'character'],
    ['refs/heads/a[b', 'character'],
    ['refs/heads/a\\b', 'character'],
    ['refs/heads/a//b', 'character'],
    ['refs/heads/a/', 'character'],
    ['refs/heads/a.', 'character'],
    ['refs/heads/.a', 'no valid name'],
    ['refs/heads/a/.b', 'no valid name'],
    ['refs/heads/a.lock', 'no valid name'],
    ['refs/heads/a.lock/b', 'no valid name'],
    ['refs/heads/HEAD', 'HEAD'],
    ['refs/heads/@', 'HEAD'],
    [`refs/heads/${'a'.repeat(250)}`, 'longer'],
  ])('%j is not', (ref, words) => {
    expect(findRefNameFault(ref)).toContain(words);
  });
});

describe('a pattern of what may be pushed', () => {
  it.each([
    ['agent/*', 'refs/heads/agent/x', true],
    ['agent/*', 'refs/heads/agent/x/y', false],
    ['agent/*', 'refs/heads/agentx', false],
    ['agent/*', 'refs/heads/x/agent/y', false],
    ['agent/*', 'refs/tags/agent/x', false],
    ['agent/**', 'refs/heads/agent/x/y', true],
    ['fix-*', 'refs/heads/fix-1', true],
    ['main', 'refs/heads/main', true],
    ['main', 'refs/heads/main2', false],
    ['*', 'refs/heads/main', true],
    ['*', 'refs/heads/a/b', false],
    ['refs/tags/v*', 'refs/tags/v1', true],
    ['refs/tags/v*', 'refs/heads/v1', false],
  ])('%s and %s: %s', (pattern, ref, expected) => {
    expect(isPushable([pattern], ref)).toBe(expected);
  });
});

describe('the policy', () => {
  it('lets a push pass that keeps to it', () => {
    expect(() =>
      checkRefNames(rules, [create('refs/heads/agent/x'), create('refs/heads/agent/y')]),
    ).not.toThrow();
  });

  it.each([
    [
      'a ref outside the patterns',
      [create('refs/heads/agent/x'), create('refs/heads/main')],
      'may not be pushed',
    ],
    ['a deletion', [{ ref: 'refs/heads/agent/x', old: one, new: zero }], 'may not be deleted'],
    ['a ref that is named twice', [create('refs/heads/agent/x'), create('refs/heads/agent/x')], 'twice'],
    ['too many refs', [1, 2, 3, 4].map((number) => create(`refs/heads/agent/${number}`)), '3 refs at most'],
  ])('refuses %s', (_name, updates, words) => {
    expect(() => checkRefNames(rules, updates)).toThrow(words);
  });

  const update = { ref: 'refs/heads/agent/x', old: one, new: two };
  const decide = (force: boolean, isFastForward: boolean, isOwn: boolean, given: PushedRef = update) =>
    decideChanges({ ...rules, force }, [given], { isFastForward: () => isFastForward, isOwn: () => isOwn });

  it('tells what kind of change each is', () => {
    expect(decide(false, true, false)).toEqual([{ ...update, change: 'fast-forward' }]);
    expect(decide(false, false, false, create(update.ref))).toEqual([
      { ...create(update.ref), change: 'create' },
    ]);
    expect(decide(true, false, true)).toEqual([{ ...update, change: 'force' }]);
  });

  it('refuses a push by force where it is not allowed, or not of an own branch, or of a tag', () => {
    expect(() => decide(false, false, true)).toThrow('takes no push by force');
    expect(() => decide(true, false, false)).toThrow('did not come from this bottle');
    expect(() => decide(true, true, true, { ...update, ref: 'refs/tags/agent' })).toThrow('never moved');
  });

  it('never lets through what the manifest does not allow, whatever is pushed', () => {
    const part = fc.oneof(
      fc.constantFrom(
        'agent',
        'main',
        'HEAD',
        '-x',
        '--mirror',
        '*',
        '..',
        '.',
        '',
        'x.lock',
        '@{0}',
        'a b',
        '\u202e',
      ),
      fc.string({ unit: 'grapheme', maxLength: 5 }),
    );
    const ref = fc
      .tuple(
        fc.constantFrom('refs/heads/', 'refs/tags/', 'refs/notes/', 'refs/replace/', 'refs/', '', 'HEAD'),
        fc.array(part, { maxLength: 4 }),
      )
      .map(([prefix, parts]) => `${prefix}${parts.join('/')}`);
    const id = fc.constantFrom(zero, one, two);
    const pushed = fc.array(fc.record({ ref, old: id, new: id }), { minLength: 1, maxLength: 5 });
    const own = fc.func(fc.boolean());
    let passed = 0;
    fc.assert(
      fc.property(pushed, fc.boolean(), own, own, (updates, force, isFastForward, isOwn) => {
        let decided: ReturnType<typeof decideChanges>;
        try {
          checkRefNames({ ...rules, force }, updates);
          decided = decideChanges({ ...rules, force }, updates, { isFastForward, isOwn });
        } catch (error) {
          expect(error).toBeInstanceOf(PushRefusal);
          // A guest's name in a sentence writes nothing to a terminal.
          expect((error as Error).message).toMatch(/^[\x20-\x7e]+$/);
          return;
        }
        passed += 1;
        expect(decided).toHaveLength(updates.length);
        for (const { ref: name, old, new: tip, change } of decided) {
          expect(name).toMatch(/^refs\/heads\/agent\/[^/]+$/);
          expect(name).not.toMatch(/\/-|\.\.|\s|\p{Cc}|\p{Cf}|[*:~^?[\\]/u);
          expect(tip).not.toBe(zero);
          if (change === 'create') expect(old).toBe(zero);
          if (change === 'force') expect(force && isOwn({ ref: name, old, new: tip })).toBe(true);
        }
      }),
      { numRuns: 3_000, examples: [[[create('refs/heads/agent/x')], false, () => true, () => true]] },
    );
    expect(passed).toBeGreaterThan(0);
  });
});
