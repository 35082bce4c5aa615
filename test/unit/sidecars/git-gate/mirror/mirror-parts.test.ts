import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { areSameRefs, parseRemoteRefs } from '../../../../../src/sidecars/git-gate/mirror/mirror-state.ts';
import { openOwnBranches } from '../../../../../src/sidecars/git-gate/mirror/own-branches.ts';
import { removeLeftovers } from '../../../../../src/sidecars/git-gate/mirror/remove-leftovers.ts';
import { shareRuns } from '../../../../../src/sidecars/git-gate/mirror/share-runs.ts';
import { createTurns } from '../../../../../src/sidecars/git-gate/mirror/turns.ts';

const [zero, one, two, three] = ['0', '1', '2', '3'].map((digit) => digit.repeat(40)) as [
  string,
  string,
  string,
  string,
];
const never = new AbortController().signal;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bottle-mirror-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('what upstream shows', () => {
  it('is branches, tags and its HEAD, and nothing else', () => {
    const text = `ref: refs/heads/trunk\tHEAD\n${one}\tHEAD\n${one}\trefs/heads/trunk\n${two}\trefs/tags/v1\n${three}\trefs/tags/v1^{}\n${one}\trefs/pull/1/head\nnonsense\n`;
    const { refs, head } = parseRemoteRefs(text);
    expect(head).toBe('refs/heads/trunk');
    expect([...refs]).toEqual([
      ['refs/heads/trunk', one],
      ['refs/tags/v1', two],
    ]);
  });

  it('is the same only when every ref is', () => {
    const refs = new Map([
      ['a', one],
      ['b', two],
    ]);
    expect(areSameRefs(refs, new Map(refs))).toBe(true);
    expect(areSameRefs(refs, new Map([['a', one]]))).toBe(false);
    expect(areSameRefs(new Map([['a', one]]), refs)).toBe(false);
    expect(
      areSameRefs(
        refs,
        new Map([
          ['a', one],
          ['b', three],
        ]),
      ),
    ).toBe(false);
  });
});

describe('a run that is shared', () => {
  it('began after the call, and is one for all that call while another runs', async () => {
    const runs: PromiseWithResolvers<void>[] = [];
    const share = shareRuns(() => {
      const run = Promise.withResolvers<void>();
      runs.push(run);
      return run.promise;
    });
    const first = share();
    const [second, third] = [share(), share()];
    expect(second).toBe(third);
    expect(runs).toHaveLength(1);
    runs[0]?.reject(new Error('no'));
    await expect(first).rejects.toThrow('no');
    await expect.poll(() => runs.length).toBe(2);
    runs[1]?.resolve();
    await second;
    void share();
    expect(runs).toHaveLength(3);
  });
});

describe('turns', () => {
  it('are taken one after the other, in order, after a failure too', async () => {
    const turns = createTurns();
    const seen: string[] = [];
    const gate = Promise.withResolvers<void>();
    const first = turns.take(async () => {
      await gate.promise;
      seen.push('first');
      throw new Error('no');
    }, never);
    const second = turns.take(async () => void seen.push('second'), never);
    gate.resolve();
    await expect(first).rejects.toThrow('no');
    await second;
    expect(seen).toEqual(['first', 'second']);
  });

  it('are given up by who waits no longer, and the next still waits', async () => {
    const turns = createTurns();
    const gate = Promise.withResolvers<void>();
    const seen: string[] = [];
    const first = turns.take(async () => {
      await gate.promise;
      seen.push('first');
    }, never);
    const waiting = turns.take(async () => void seen.push('second'), AbortSignal.abort(new Error('gone')));
    const third = turns.take(async () => void seen.push('third'), never);
    await expect(waiting).rejects.toThrow('gone');
    gate.resolve();
    await Promise.all([first, third]);
    expect(seen).toEqual(['first', 'third']);
  });
});

describe('the own branches', () => {
  const ref = 'refs/heads/agent/x';

  it('are those that came through the gate alone, and stay so after a restart', async () => {
    const own = await openOwnBranches(folder);
    expect(own.isOwn(ref, one)).toBe(false);
    await own.record([{ ref, old: zero, new: one }]);
    await own.record([{ ref, old: one, new: two }]);
    const again = await openOwnBranches(folder);
    expect(again.isOwn(ref, two)).toBe(true);
    expect(again.isOwn(ref, one)).toBe(false);
  });

  it('are lost for good when another has pushed in between, and never gained by a push onto what was there', async () => {
    const own = await openOwnBranches(folder);
    await own.record([{ ref, old: zero, new: one }]);
    await own.record([{ ref, old: two, new: three }]);
    expect(own.isOwn(ref, three)).toBe(false);
    await own.record([{ ref: 'refs/tags/v1', old: zero, new: one }]);
    expect(own.isOwn('refs/tags/v1', one)).toBe(false);
  });

  it.each(['', 'garbage', '[]', 'null', '{"refs/heads/agent/x":1}', `{"HEAD":"${one}"}`])(
    'are none where the record is %j',
    async (text) => {
      writeFileSync(join(folder, 'bottle-own-branches.json'), text);
      expect((await openOwnBranches(folder)).isOwn(ref, one)).toBe(false);
    },
  );
});

describe('what killed git processes left', () => {
  it('is removed, and nothing else', async () => {
    const files = [
      'HEAD',
      'HEAD.lock',
      'packed-refs.lock',
      'refs/heads/a/b',
      'refs/heads/a/b.lock',
      'objects/pack/tmp_pack_x',
      'objects/pack/pack-1.pack',
      'objects/tmp_objdir-incoming-x/1',
      'objects/ab/cd',
    ];
    for (const file of files) {
      mkdirSync(join(folder, file, '..'), { recursive: true });
      writeFileSync(join(folder, file), '');
    }
    await removeLeftovers(folder);
    const left = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(left.map(({ name }) => name).toSorted()).toEqual(['HEAD', 'b', 'cd', 'pack-1.pack']);
  });
});
