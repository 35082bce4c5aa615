import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { decisionGraceMs } from '../../../../src/queue/queue-limits.ts';
import type { Decision, QueueRequest } from '../../../../src/queue/request.ts';
import type { LogEntry } from '../../../../src/sidecars/daemon/log.ts';
import { createQueueFiles, type QueueFiles } from '../../../../src/sidecars/daemon/queue-files.ts';
import { maxAsked } from '../../../../src/sidecars/daemon/request-limits.ts';
import {
  type AskOutcome,
  createRequestQueue,
  type QueueAnswer,
  type RequestQueueOptions,
} from '../../../../src/sidecars/daemon/request-queue.ts';
import { decisionOf, pushProposal, queueRequest, routeProposal } from '../../queue/any-proposal.ts';
import { makeQueueFolders, type QueueFolders } from './queue-folders.ts';

const timeoutMs = 60_000;
const proposal = routeProposal();
const other = routeProposal({ host: 'b.example' });

/** A queue over real folders, and a clock that goes when it is told to. */
async function startQueue(folders: QueueFolders, changes: Partial<RequestQueueOptions> = {}) {
  const clock = { now: Date.parse('2026-01-31T12:00:00.000Z') };
  const lines: LogEntry[] = [];
  const queue = await createRequestQueue({
    daemon: 'supervise',
    files: createQueueFiles('supervise', folders.queue, folders.decisions),
    limits: { maxWaiting: 8, maxRequestsPerMinute: 100, maxRequestsPerHour: 100 },
    answerTimeoutMs: timeoutMs,
    earlier: 'take-up',
    log: { write: (entry) => lines.push(entry) },
    now: () => clock.now,
    ...changes,
  });
  return { queue, clock, lines, events: () => lines.map(({ event }) => event) };
}

/** The queue's files, with something happening in the middle of a write or of a look for a decision. */
function withRace(
  files: QueueFiles,
  race: { afterWrite?: (request: QueueRequest) => void; afterLook?: (found: Decision | null) => void },
): QueueFiles {
  return {
    ...files,
    async writeRequest(request) {
      await files.writeRequest(request);
      race.afterWrite?.(request);
    },
    async readDecision(id) {
      const found = await files.readDecision(id);
      race.afterLook?.(found);
      return found;
    },
  };
}

function waitingOf(outcome: AskOutcome) {
  if (outcome.kind !== 'waiting') throw new Error(`refused: ${outcome.message}`);
  return outcome;
}

/** What a promise has come to by now. */
const stateOf = (answer: Promise<QueueAnswer>) => Promise.race([answer, Promise.resolve('waiting')]);

describe('a request', () => {
  it('is on disk when the daemon hears of it, and is answered by a decision', async () => {
    using folders = makeQueueFolders();
    const { queue, events } = await startQueue(folders);
    const asked = waitingOf(await queue.ask(proposal, 'because'));
    expect(folders.requests()).toEqual([asked.request]);
    expect(asked.request).toMatchObject({
      daemon: 'supervise',
      createdAt: '2026-01-31T12:00:00.000Z',
      expiresAt: '2026-01-31T12:01:00.000Z',
      asked: 1,
      reason: 'because',
      proposal,
      lapsedAt: null,
    });
    await queue.look();
    expect(await stateOf(asked.answer)).toBe('waiting');
    const decision = decisionOf(asked.request, { notes: 'go on' });
    folders.decide(decision);
    await queue.look();
    expect(await asked.answer).toMatchObject({ kind: 'decided', decision });
    expect(events()).toEqual(['proposal', 'answer']);
  });

  it('is found to be answered without a nudge', async () => {
    using folders = makeQueueFolders();
    const { queue } = await startQueue(folders);
    const asked = waitingOf(await queue.ask(proposal, ''));
    folders.decide(decisionOf(asked.request));
    expect(await asked.answer).toMatchObject({ kind: 'decided' });
  });

  it('is found to be answered by a nudge in the middle of a look that missed the answer', async () => {
    using folders = makeQueueFolders();
    const files = createQueueFiles('supervise', folders.queue, folders.decisions);
    let nudge: (() => Promise<void>) | null = null;
    let nudged: Promise<void> | undefined;
    const afterLook = () => {
      nudged ??= nudge?.();
    };
    const { queue } = await startQueue(folders, { files: withRace(files, { afterLook }) });
    const { request, answer } = waitingOf(await queue.ask(proposal, ''));
    nudge = () => {
      folders.decide(decisionOf(request));
      return queue.look();
    };
    await queue.look();
    await nudged;
    expect(await stateOf(answer)).toMatchObject({ kind: 'decided' });
  });

  it('lapses when its time and the grace are over, and says so on disk', async () => {
    using folders = makeQueueFolders();
    const { queue, clock } = await startQueue(folders);
    const { answer } = waitingOf(await queue.ask(proposal, ''));
    clock.now += timeoutMs + decisionGraceMs - 1;
    await queue.look();
    expect(await stateOf(answer)).toBe('waiting');
    clock.now += 1;
    await queue.look();
    expect(await answer).toMatchObject({ kind: 'lapsed' });
    expect(folders.requests()).toMatchObject([{ lapsedAt: '2026-01-31T12:01:10.000Z' }]);
    // The next one is a request of its own.
    expect(waitingOf(await queue.ask(proposal, '')).folded).toBe(false);
    expect(folders.requests()).toHaveLength(2);
  });

  it('is answered by a decision that came late, before anybody looked', async () => {
    using folders = makeQueueFolders();
    const { queue, clock } = await startQueue(folders);
    const { request, answer } = waitingOf(await queue.ask(proposal, ''));
    clock.now += 10 * timeoutMs;
    folders.decide(decisionOf(request));
    await queue.look();
    expect(await answer).toMatchObject({ kind: 'decided' });
    expect(folders.requests()).toMatchObject([{ lapsedAt: null }]);
  });

  it.each(['afterLook', 'afterWrite'] as const)(
    'is answered by a decision that comes in the middle of its lapse (%s)',
    async (moment) => {
      using folders = makeQueueFolders();
      const files = createQueueFiles('supervise', folders.queue, folders.decisions);
      let armed = false;
      const decide = () => {
        if (armed) folders.requests().map((request) => folders.decide(decisionOf(request)));
        armed = false;
      };
      const { queue, clock } = await startQueue(folders, { files: withRace(files, { [moment]: decide }) });
      const { answer } = waitingOf(await queue.ask(proposal, ''));
      clock.now += timeoutMs + decisionGraceMs;
      armed = true;
      await queue.look();
      expect(await answer).toMatchObject({ kind: 'decided' });
      expect(folders.requests()).toMatchObject([{ lapsedAt: null }]);
    },
  );

  it('is never both answered and lapsed, whenever the decision comes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(40),
        fc.array(fc.integer({ min: 0, max: 30_000 }), { maxLength: 8 }),
        async (when, steps) => {
          using folders = makeQueueFolders();
          const files = createQueueFiles('supervise', folders.queue, folders.decisions);
          let moment = 0;
          let decided = false;
          const step = () => {
            moment += 1;
            const [request] = folders.requests();
            if (moment !== when || request === undefined) return;
            folders.decide(decisionOf(request));
            decided = true;
          };
          const { queue, clock } = await startQueue(folders, {
            files: withRace(files, { afterLook: step, afterWrite: step }),
          });
          const { answer } = waitingOf(await queue.ask(proposal, ''));
          for (const stepMs of [...steps, timeoutMs + decisionGraceMs]) {
            clock.now += stepMs;
            await queue.look();
          }
          const { kind } = await answer;
          const [onDisk] = folders.requests();
          expect(onDisk?.lapsedAt === null).toBe(kind === 'decided');
          if (kind === 'decided') expect(decided).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('waits on while its decision is not whole, is no decision, or is one on something else', async () => {
    using folders = makeQueueFolders();
    const { queue, lines } = await startQueue(folders);
    const { request, answer } = waitingOf(await queue.ask(proposal, ''));
    const path = join(folders.decisions, `${request.id}.json`);
    for (const text of ['', '{', JSON.stringify(decisionOf(request, { proposal: pushProposal() }))]) {
      writeFileSync(path, text);
      await queue.look();
      await queue.look();
      expect(await stateOf(answer)).toBe('waiting');
    }
    // An empty file and a torn one are wrong in the same way: once said is enough.
    expect(lines.filter(({ event }) => event === 'queue-garbage')).toHaveLength(2);
    folders.decide(decisionOf(request));
    await queue.look();
    expect(await answer).toMatchObject({ kind: 'decided' });
  });

  it('that cannot be stored is refused with a sentence, and the next one is not', async () => {
    using folders = makeQueueFolders();
    const { queue, events } = await startQueue(folders);
    rmSync(folders.queue, { recursive: true });
    expect(await queue.ask(proposal, '')).toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/stored/),
    });
    expect(events()).toContain('queue-failed');
    mkdirSync(folders.queue);
    expect(await queue.ask(proposal, '')).toMatchObject({ kind: 'waiting', folded: false });
  });
});

describe('the same, asked again', () => {
  it('folds into the request that waits, and both get its answer', async () => {
    using folders = makeQueueFolders();
    const { queue } = await startQueue(folders);
    const [first, second] = await Promise.all([
      queue.ask(proposal, 'first').then(waitingOf),
      queue.ask({ ...proposal, methods: ['GET', 'GET'] }, 'second').then(waitingOf),
    ]);
    expect(second).toMatchObject({ folded: true, request: { id: first.request.id } });
    await queue.look();
    expect(folders.requests()).toMatchObject([{ asked: 2, reason: 'first' }]);
    folders.decide(decisionOf(first.request));
    await queue.look();
    expect(await Promise.all([first.answer, second.answer])).toMatchObject([
      { kind: 'decided' },
      { kind: 'decided' },
    ]);
  });

  it('is another request where anything differs', async () => {
    using folders = makeQueueFolders();
    const { queue } = await startQueue(folders);
    await queue.ask(proposal, '');
    expect(waitingOf(await queue.ask(other, '')).folded).toBe(false);
    expect(folders.requests()).toHaveLength(2);
  });

  it('a thousand times writes the file with the next look only, and no more often is refused', async () => {
    using folders = makeQueueFolders();
    const files = createQueueFiles('supervise', folders.queue, folders.decisions);
    const afterWrite = vi.fn();
    const { queue } = await startQueue(folders, { files: withRace(files, { afterWrite }) });
    await queue.ask(proposal, '');
    afterWrite.mockClear();
    const outcomes = await Promise.all(Array.from({ length: maxAsked }, () => queue.ask(proposal, '')));
    expect(outcomes.filter(({ kind }) => kind === 'refused')).toHaveLength(1);
    await queue.look();
    await queue.look();
    expect(afterWrite.mock.calls.length).toBeLessThan(5);
    expect(folders.requests()).toMatchObject([{ asked: maxAsked }]);
  });
});

describe('those who ask', () => {
  it('may go: the request lapses with the last of them', async () => {
    using folders = makeQueueFolders();
    const { queue } = await startQueue(folders);
    const { request, answer } = waitingOf(await queue.ask(proposal, ''));
    await queue.ask(proposal, '');
    await queue.withdraw(request.id);
    expect(await stateOf(answer)).toBe('waiting');
    await queue.withdraw(request.id);
    expect(await answer).toMatchObject({ kind: 'lapsed' });
    expect(folders.requests()).toMatchObject([{ lapsedAt: expect.any(String) }]);
  });

  it('are told the answer that came before they went', async () => {
    using folders = makeQueueFolders();
    const { queue } = await startQueue(folders);
    const { request, answer } = waitingOf(await queue.ask(proposal, ''));
    folders.decide(decisionOf(request));
    await queue.withdraw(request.id);
    expect(await answer).toMatchObject({ kind: 'decided' });
    expect(folders.requests()).toMatchObject([{ lapsedAt: null }]);
  });
});

describe('the limits', () => {
  const limits = { maxWaiting: 2, maxRequestsPerMinute: 3, maxRequestsPerHour: 4 };
  const ask = (queue: Awaited<ReturnType<typeof startQueue>>['queue'], number: number) =>
    queue.ask(routeProposal({ host: `h${number}.example` }), '');

  it('hold for requests that wait, and what is asked twice costs nothing', async () => {
    using folders = makeQueueFolders();
    const { queue } = await startQueue(folders, { limits });
    await ask(queue, 1);
    const { request } = waitingOf(await ask(queue, 2));
    expect(await ask(queue, 3)).toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/^2 requests/),
    });
    expect(await ask(queue, 2)).toMatchObject({ kind: 'waiting', folded: true });
    expect(folders.requests()).toHaveLength(2);
    folders.decide(decisionOf(request));
    await queue.look();
    expect(await ask(queue, 3)).toMatchObject({ kind: 'waiting' });
  });

  it('hold for requests in a minute and in an hour', async () => {
    using folders = makeQueueFolders();
    const { queue, clock } = await startQueue(folders, { limits });
    const askAndReject = async (number: number) => {
      const outcome = await ask(queue, number);
      if (outcome.kind === 'refused') return outcome.message;
      folders.decide(decisionOf(outcome.request, { status: 'rejected', proposal: null }));
      await queue.look();
      return 'asked';
    };
    for (const number of [1, 2, 3]) expect(await askAndReject(number)).toBe('asked');
    expect(await askAndReject(4)).toMatch(/3 times in a minute/);
    clock.now += 60_000;
    expect(await askAndReject(4)).toBe('asked');
    clock.now += 60_000;
    expect(await askAndReject(5)).toMatch(/4 times in an hour/);
    clock.now += 3_600_000;
    expect(await askAndReject(5)).toBe('asked');
  });
});

describe('what an earlier process left', () => {
  const left = queueRequest({ proposal });
  const leave = async (folders: QueueFolders) => {
    const files = createQueueFiles('supervise', folders.queue, folders.decisions);
    await files.writeRequest(left);
    await files.writeRequest(queueRequest({ id: 'req-00000001', proposal: other, lapsedAt: left.expiresAt }));
  };

  it('is taken up: who asks again gets its answer; what has lapsed stays so; garbage is named', async () => {
    using folders = makeQueueFolders();
    await leave(folders);
    const garbage = join(folders.queue, 'req-00000002.json');
    writeFileSync(garbage, '{"half":');
    const { queue, lines } = await startQueue(folders);
    expect(lines).toMatchObject([{ event: 'queue-garbage', file: 'req-00000002.json' }]);
    const again = waitingOf(await queue.ask(proposal, ''));
    expect(again).toMatchObject({ folded: true, request: { id: left.id } });
    expect(waitingOf(await queue.ask(other, '')).folded).toBe(false);
    expect(readFileSync(garbage, 'utf8')).toBe('{"half":');
    folders.decide(decisionOf(left));
    await queue.look();
    expect(await again.answer).toMatchObject({ kind: 'decided' });
  });

  it('lapses where nobody can come back for it', async () => {
    using folders = makeQueueFolders();
    await leave(folders);
    const { queue } = await startQueue(folders, { earlier: 'lapse' });
    expect(folders.requests().map(({ lapsedAt }) => lapsedAt)).not.toContain(null);
    expect(waitingOf(await queue.ask(proposal, '')).folded).toBe(false);
  });

  it('lapses when its time is long over, and counts as answered when it was', async () => {
    using folders = makeQueueFolders();
    await leave(folders);
    await startQueue(folders, { now: () => Date.parse(left.expiresAt) + decisionGraceMs });
    expect(folders.requests().map(({ lapsedAt }) => lapsedAt)).not.toContain(null);

    using answered = makeQueueFolders();
    await leave(answered);
    answered.decide(decisionOf(left));
    const { queue } = await startQueue(answered, { earlier: 'lapse' });
    expect(answered.requests().find(({ id }) => id === left.id)?.lapsedAt).toBeNull();
    expect(waitingOf(await queue.ask(proposal, '')).folded).toBe(false);
  });
});
