import { describe, expect, it } from 'vitest';
import type { QueueEntry, QueueSnapshot } from '../../../../src/approvals/queue-entry.ts';
import type { KeyPress } from '../../../../src/commands/live-list/key-press.ts';
import {
  initialState,
  type ListState,
  selectedEntry,
  withMode,
  withSnapshot,
} from '../../../../src/commands/live-list/list-state.ts';
import { pressKey } from '../../../../src/commands/live-list/press-key.ts';
import type { Effect } from '../../../../src/commands/live-list/pressed.ts';
import { toEntry } from '../../../support/queue-entries.ts';

const text = (letters: string): KeyPress => ({ kind: 'text', text: letters });

function showing(entries: readonly QueueEntry[]): ListState {
  return withSnapshot(initialState, { entries, garbage: [] });
}

/** Presses keys one by one; returns the state, and what they asked to be done. */
function press(state: ListState, ...keys: readonly (string | KeyPress)[]) {
  const effects: Effect[] = [];
  let now = state;
  for (const key of keys) {
    const pressed = pressKey(now, typeof key === 'string' ? text(key) : key, 5);
    now = pressed.state;
    if (pressed.effect !== null) effects.push(pressed.effect);
  }
  return { state: now, effects };
}

const first = toEntry();
const second = toEntry();
const decision = {
  version: 1,
  id: first.request.id,
  status: 'approved',
  notes: '',
  operator: 'alice',
  decidedAt: '2026-01-31T12:00:00.000Z',
  proposal: first.request.proposal,
  revision: 1,
} as const;
const approved: QueueEntry = { ...first, status: 'approved', decision };

describe('keys', () => {
  it('approves what is shown, only after a yes', () => {
    expect(press(showing([first]), 'a').effects).toEqual([]);
    expect(press(showing([first]), 'a', 'n', 'y').effects).toEqual([]);
    const { effects } = press(showing([first]), 'a', 'y');
    expect(effects).toEqual([
      { kind: 'approve', shown: expect.objectContaining({ entry: first }), save: false },
    ]);
    expect(press(showing([first]), 'a', 's').effects).toMatchObject([{ kind: 'approve', save: true }]);
  });

  it('takes no answer from letters that come in one piece', () => {
    expect(press(showing([first]), 'ay').effects).toEqual([]);
    expect(press(showing([first]), 'a', 'yy').effects).toEqual([]);
    expect(press(showing([approved]), 'vy').effects).toEqual([]);
    // Keys held down are in one piece too, and only move.
    expect(selectedEntry(press(showing([first, second]), 'jja').state)).toBe(second);
  });

  it('asks about the request that was selected, however the list changes meanwhile', () => {
    const asked = press(showing([first, second]), 'j', 'a').state;
    const shifted = withSnapshot(asked, { entries: [toEntry(), second, first], garbage: [] });
    expect(press(shifted, 'y').effects).toMatchObject([{ kind: 'approve', shown: { entry: second } }]);
  });

  it('keeps the question as it was put, when the difference has become another', () => {
    const asked = press(showing([first]), 'a').state;
    const other: QueueEntry = { ...first, revision: 7, difference: ['+ allow everything'] };
    const { effects } = press(withSnapshot(asked, { entries: [other], garbage: [] }), 'y');
    expect(effects).toMatchObject([{ shown: { entry: { revision: 0 }, difference: first.difference } }]);
  });

  it('rejects with a note, never without', () => {
    const enter: KeyPress = { kind: 'enter' };
    const none = press(showing([first]), 'r', ' ', enter);
    expect(none.effects).toEqual([]);
    expect(none.state).toMatchObject({ mode: { kind: 'reject' }, message: { tone: 'failed' } });
    expect(press(showing([first]), 'r', 'Too', ' ', 'wide', enter).effects).toEqual([
      { kind: 'reject', entry: first, notes: 'Too wide' },
    ]);
    // Letters are letters there, not commands.
    expect(press(showing([first]), 'r', 'q', 'a', 'y', enter).effects).toMatchObject([{ notes: 'qay' }]);
    expect(press(showing([first]), 'r', 'x', { kind: 'back' }).state.mode).toEqual({ kind: 'list' });
  });

  it('sends the note of an approval along', () => {
    const { effects } = press(showing([first]), 'a', 't', 'For today', { kind: 'enter' }, 'y');
    expect(effects).toMatchObject([{ kind: 'approve', shown: { notes: 'For today' } }]);
    const dropped = press(showing([first]), 'a', 't', 'x', { kind: 'back' }, 'y').effects;
    expect(dropped).toMatchObject([{ shown: { notes: '' } }]);
  });

  it.each<[string, QueueEntry, string]>([
    ['revoking what waits', first, 'v'],
    ['approving what is approved', approved, 'a'],
    ['rejecting what is approved', approved, 'r'],
    ['editing what is approved', approved, 'e'],
    ['editing a capability', toEntry({ proposal: { kind: 'capability', capability: 'x' } }), 'e'],
  ])('does not offer %s', (_name, entry, letter) => {
    const state = { ...showing([entry]), view: 'all' as const };
    const shown = withSnapshot(state, { entries: [entry], garbage: [] });
    expect(press(shown, letter, 'y')).toEqual({ state: shown, effects: [] });
  });

  it('revokes what was approved, after a yes', () => {
    const all = press(showing([approved]), { kind: 'switch' }).state;
    expect(press(all, 'v', 'n').effects).toEqual([]);
    expect(press(all, 'v', 'y').effects).toEqual([{ kind: 'revoke', entry: approved }]);
  });

  it('moves, scrolls and leaves', () => {
    const state = showing([first, second]);
    expect(selectedEntry(press(state, { kind: 'move', to: 'last' }).state)).toBe(second);
    expect(selectedEntry(press(state, 'j', 'j', 'k').state)).toBe(first);
    expect(press(state, { kind: 'enter' }, { kind: 'move', to: 'page-down' }).state.scroll).toBe(5);
    expect(press(state, { kind: 'enter' }, 'q').state.mode).toEqual({ kind: 'list' });
    expect(press(state, 'q').effects).toEqual([{ kind: 'quit' }]);
    expect(press(state, 'a', { kind: 'interrupt' }).effects).toEqual([{ kind: 'interrupt' }]);
    expect(press(state, '?', '?').state.mode).toEqual({ kind: 'list' });
  });

  it('does nothing but move while an answer is under way', () => {
    const busy = withMode(showing([first]), { kind: 'busy', entry: first, doing: 'x' });
    expect(press(busy, 'a', 'y', 'q', { kind: 'back' }, { kind: 'enter' })).toEqual({
      state: busy,
      effects: [],
    });
    expect(press(busy, { kind: 'interrupt' }).effects).toEqual([{ kind: 'interrupt' }]);
  });
});

describe('withSnapshot', () => {
  const take = (state: ListState, entries: readonly QueueEntry[]): ListState =>
    withSnapshot(state, { entries, garbage: [] } satisfies QueueSnapshot);

  it('stays with the selected request; when it is answered, the next one is selected', () => {
    const third = toEntry();
    const state = press(showing([first, second, third]), 'j').state;
    expect(selectedEntry(take(state, [toEntry(), first, second]))).toBe(second);
    expect(selectedEntry(take(state, [first, { ...second, status: 'rejected' }, third]))).toBe(third);
    expect(selectedEntry(take(state, []))).toBeNull();
  });

  it.each<[string, string, QueueEntry | null, RegExp]>([
    ['somebody else answered', 'a', approved, /was approved by alice\.$/],
    ['nobody did in time', 'r', { ...first, status: 'lapsed' }, /lapsed: nobody answered in time\.$/],
    ['the bottle is down', 'a', null, /has gone: its bottle is down\.$/],
  ])('takes a question away when %s, and says so', (_name, letter, now, words) => {
    const asked = press(showing([first]), letter).state;
    const told = take(asked, now === null ? [] : [now]);
    expect(told).toMatchObject({ mode: { kind: 'list' }, message: { text: expect.stringMatching(words) } });
    expect(take(asked, [first]).mode).toBe(asked.mode);
  });

  it('shows a request that is looked at as it is now', () => {
    const state = press(showing([first]), { kind: 'enter' }).state;
    expect(take(state, [approved]).mode).toEqual({ kind: 'whole', entry: approved });
  });
});
