import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../../../src/commands/live-list/display-width.ts';
import { createFrame } from '../../../../src/commands/live-list/frame.ts';
import { initialState, type ListState, type Mode } from '../../../../src/commands/live-list/list-state.ts';
import { emptyField, insertText } from '../../../../src/commands/live-list/text-field.ts';
import { toPrintable } from '../../../../src/commands/text/to-printable.ts';
import { hostileText, proposalsWith, toEntry } from '../../../support/queue-entries.ts';

const nowMs = Date.now();

function stateWith(text: string, kind: number, toMode: (state: ListState) => Mode): ListState {
  const entries = proposalsWith(text).map((proposal) =>
    toEntry({ proposal, reason: text }, { bottle: text, difference: [`+ ${text}`, `- ${text}`] }),
  );
  const entry = entries[kind];
  const state: ListState = {
    ...initialState,
    snapshot: { entries, garbage: [{ bottle: text, slug: text, file: text, message: text }] },
    selected: entry === undefined ? null : { slug: entry.slug, id: entry.request.id },
    message: { tone: 'failed', text },
  };
  return { ...state, mode: toMode(state) };
}

function modes(text: string, kind: number): readonly ((state: ListState) => Mode)[] {
  const entryOf = ({ snapshot }: ListState) => snapshot?.entries[kind] ?? toEntry();
  const field = insertText(emptyField, text, 8192);
  return [
    () => ({ kind: 'list' }),
    () => ({ kind: 'help' }),
    (state) => ({ kind: 'whole', entry: entryOf(state) }),
    (state) => ({ kind: 'reject', entry: entryOf(state), field }),
    (state) => ({ kind: 'revoke', entry: entryOf(state) }),
    (state) => ({ kind: 'busy', entry: entryOf(state), doing: 'Approving ...' }),
    (state) => {
      const entry = entryOf(state);
      const { proposal } = entry.request;
      return { kind: 'approve', entry, proposal, difference: entry.difference, notes: text, field: null };
    },
  ];
}

function textOf(state: ListState, columns: number, rows: number): readonly string[] {
  return createFrame(state, { columns, rows }, nowMs).lines.map((line) =>
    line.map(({ text }) => text).join(''),
  );
}

describe('createFrame', () => {
  it('shows nothing that a terminal obeys, and fits, whatever was written and however small the window is', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.string({ unit: 'grapheme', maxLength: 200 }),
      fc.constant(hostileText),
    );
    fc.assert(
      fc.property(
        text,
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 0, max: 6 }),
        fc.integer({ min: 4, max: 140 }),
        fc.integer({ min: 1, max: 50 }),
        (written, kind, mode, columns, rows) => {
          const toMode = modes(written, kind)[mode];
          if (toMode === undefined) throw new Error('no such mode');
          const lines = textOf(stateWith(written, kind, toMode), columns, rows);
          expect(lines.length).toBeLessThanOrEqual(rows);
          for (const line of lines) {
            expect(toPrintable(line)).toBe(line);
            expect(displayWidth(line)).toBeLessThanOrEqual(columns);
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it('keeps what a guest wrote right of its label, so that no line of it looks like ours', () => {
    const state = stateWith(hostileText, 2, modes(hostileText, 2)[2] ?? (() => ({ kind: 'help' })));
    const lines = textOf(state, 100, 60);
    const faked = lines.filter((line) => line.includes('+ allow everything') && !line.includes('\\u'));
    expect(faked.length).toBeGreaterThan(0);
    for (const line of faked) expect(line).toMatch(/^ {11}\S/);
  });

  it('shows the difference first when it asks, and the rest below', () => {
    const state = stateWith('text', 0, modes('a note', 0)[6] ?? (() => ({ kind: 'help' })));
    const lines = textOf(state, 80, 20);
    expect(lines[1]).toMatch(/^Approve req-/);
    expect(lines[3]).toContain('+ text');
    expect(lines.at(-1)).toMatch(/^y yes {2}s yes, and save to the manifest/);
  });

  it('keeps the selected request on the screen among 500', () => {
    const entries = Array.from({ length: 500 }, () => toEntry());
    for (const place of [0, 7, 250, 499]) {
      const selected = { slug: 'dev-1a2b', id: entries[place]?.request.id ?? '' };
      const state = { ...initialState, snapshot: { entries, garbage: [] }, selected };
      const lines = textOf(state, 100, 24);
      expect(lines.filter((line) => line.startsWith('> '))).toEqual([expect.stringContaining(selected.id)]);
    }
  });

  it('says how much of a long text is not on the screen, and shows all of it in pieces', () => {
    const reason = Array.from({ length: 200 }, (_, line) => `line ${line}.`).join('\n');
    const entry = toEntry({ reason });
    const selected = { slug: entry.slug, id: entry.request.id };
    const state: ListState = { ...initialState, snapshot: { entries: [entry], garbage: [] }, selected };
    expect(textOf(state, 80, 24)).toContainEqual(
      expect.stringMatching(/^\.\.\. \d+ more lines: Enter shows all$/),
    );
    const whole: ListState = { ...state, mode: { kind: 'whole', entry } };
    const { maxScroll } = createFrame(whole, { columns: 80, rows: 24 }, nowMs);
    const seen = new Set<string>();
    for (let scroll = 0; scroll <= maxScroll; scroll += 1) {
      for (const line of textOf({ ...whole, scroll }, 80, 24)) seen.add(line.trim().replace(/^why +/, ''));
    }
    for (const line of reason.split('\n')) expect(seen).toContain(line);
  });

  it('says what is empty, and which files are no requests', () => {
    const snapshot = {
      entries: [],
      garbage: [{ bottle: 'b', slug: 'b-1', file: 'x\u001b', message: 'not JSON.' }],
    };
    const lines = textOf({ ...initialState, snapshot }, 80, 20);
    expect(lines).toContainEqual('b-1: x\\u001b is no request: not JSON.');
    expect(lines).toContainEqual('Nothing waits. New requests appear here.');
    const many = { entries: [], garbage: Array.from({ length: 27 }, () => snapshot.garbage).flat() };
    const few = textOf({ ...initialState, snapshot: many }, 100, 20).filter((line) =>
      /no request/.test(line),
    );
    expect(few).toEqual([
      'b-1: x\\u001b is no request: not JSON.',
      '26 more files are no requests: see "bottle audit --event queue-garbage"',
    ]);
    expect(textOf(initialState, 80, 20)).toContainEqual('Reading the queues ...');
  });
});
