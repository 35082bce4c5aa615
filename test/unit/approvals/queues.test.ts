import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { importQueues } from '../../../src/approvals/import-queues.ts';
import type { BottlePlan } from '../../../src/plans/bottle-plan.ts';
import { toRequestText } from '../../../src/queue/parse-request.ts';
import {
  createOperatorHome,
  type OperatorHome,
  routeProposal,
  toRequest,
} from '../../support/operator-home.ts';

let home: OperatorHome;
let plan: BottlePlan;
let queue: string;
beforeEach(async () => {
  home = await createOperatorHome();
  plan = await home.addBottle('dev');
  queue = join(plan.stateDirectory, 'queue/supervise');
});
afterEach(() => home[Symbol.asyncDispose]());

const { signal } = new AbortController();

describe('snapshot', () => {
  it('has nothing where there is nothing', async () => {
    await using empty = await createOperatorHome();
    expect(await empty.operator().snapshot()).toEqual({ entries: [], garbage: [] });
    expect(await home.operator().snapshot()).toEqual({ entries: [], garbage: [] });
  });

  it('has those that wait first, the oldest of them first, then what is over, the latest first', async () => {
    const at = (seconds: number) => new Date(Date.now() - 60_000 + seconds * 1000).toISOString();
    const other = await home.addBottle('other', '99999999');
    const late = await home.ask(plan, { createdAt: at(9) });
    const early = await home.ask(other, { createdAt: at(1) });
    const gone = await home.ask(plan, { createdAt: at(0), lapsedAt: at(2) });
    const later = await home.ask(other, { createdAt: at(0), lapsedAt: at(5) });
    const { entries } = await home.operator().snapshot();
    expect(entries.map(({ request }) => request.id)).toEqual([early.id, late.id, later.id, gone.id]);
    expect(entries.map(({ status }) => status)).toEqual(['waiting', 'waiting', 'lapsed', 'lapsed']);
  });

  it('shows a bottle whose folder is damaged as garbage, and the others as they are', async () => {
    const other = await home.addBottle('other', '99999999');
    const request = await home.ask(plan);
    await writeFile(join(other.stateDirectory, 'policy.json'), '{');
    const being = join(home.stateHome, 'instances', 'made-0000');
    await mkdir(being);
    const { entries, garbage } = await home.operator().snapshot();
    expect(entries).toMatchObject([{ request: { id: request.id } }]);
    expect(garbage).toMatchObject([
      { slug: other.slug, message: expect.stringMatching(/policy\.json is not JSON/) },
    ]);
  });
});

describe('a queue that a fallen daemon writes', () => {
  const write = (name: string) => async (content: string | Buffer) => writeFile(join(queue, name), content);
  const { id: free } = toRequest();
  const planted: Readonly<Record<string, { readonly plant: () => Promise<unknown>; readonly says: RegExp }>> =
    {
      'no JSON': { plant: () => write(`${free}.json`)('{"version":1,'), says: /is not JSON/ },
      'an empty file': { plant: () => write(`${free}.json`)(''), says: /is not JSON/ },
      'bytes that are no text': {
        plant: () => write(`${free}.json`)(Buffer.from([0xff, 0, 0xfe])),
        says: /is not JSON/,
      },
      'another name': { plant: () => write('notes.txt')('hello'), says: /its name is not that of a request/ },
      'a name that a terminal would obey': { plant: () => write('\u001b[2J.json')('{}'), says: /its name/ },
      'a request under another id': {
        plant: () => write(`${free}.json`)(toRequestText(toRequest())),
        says: /id is not that of the file/,
      },
      'what another daemon asks for': {
        plant: () =>
          write(`${free}.json`)(
            toRequestText({
              ...toRequest({ proposal: { kind: 'capability', capability: 'x' } }),
              id: free,
              daemon: 'git-gate',
            }),
          ),
        says: /daemon must be/,
      },
      'a route with a credential': {
        plant: () =>
          write(`${free}.json`)(
            toRequestText(
              toRequest({ id: free, proposal: { ...routeProposal, credentialOf: 'egress.routes[0]' } }),
            ),
          ),
        says: /may not name a credential/,
      },
      'a link to a file of the operator': {
        plant: async () => {
          await writeFile(join(home.folder, 'mine.json'), toRequestText(toRequest({ id: free })));
          await symlink(join(home.folder, 'mine.json'), join(queue, `${free}.json`));
        },
        says: /it is a link/,
      },
      'a link to an endless file': {
        plant: () => symlink('/dev/zero', join(queue, `${free}.json`)),
        says: /it is a link/,
      },
      'a pipe that nobody writes to': {
        plant: async () => execFileSync('/usr/bin/mkfifo', [join(queue, `${free}.json`)]),
        says: /not a plain file/,
      },
      'a folder': { plant: () => mkdir(join(queue, `${free}.json`)), says: /not a plain file/ },
      'a file of 2 MiB': {
        plant: () => write(`${free}.json`)('x'.repeat(2 * 1024 * 1024)),
        says: /larger than 1048576 bytes/,
      },
    };

  it.each(Object.entries(planted))(
    '%s: is shown and logged as garbage, and nothing else is lost',
    async (_name, one) => {
      const { plant, says } = one;
      const request = await home.ask(plan);
      await plant();
      const operator = home.operator();
      for (const _twice of [1, 2]) {
        const { entries, garbage } = await operator.snapshot();
        expect(garbage).toMatchObject([
          { bottle: 'dev', slug: plan.slug, message: expect.stringMatching(says) },
        ]);
        expect(entries).toMatchObject([{ request: { id: request.id }, status: 'waiting' }]);
      }
      expect((await home.audit()).map(({ event }) => event).toSorted()).toEqual([
        'proposed',
        'queue-garbage',
      ]);
      await expect(operator.find(free, null)).rejects.toMatchObject({ code: 'request-not-found' });
      const answer = { id: request.id, bottle: null, notes: 'No.', seenRevision: null };
      expect(await operator.reject(answer, signal)).toMatchObject({ status: 'rejected' });
    },
  );

  it('a socket is garbage too', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(queue, `${free}.json`), resolve));
    expect((await home.operator().snapshot()).garbage).toMatchObject([
      { message: expect.stringMatching(/cannot be read|plain/) },
    ]);
    server.close();
  });

  it('any bytes at all are garbage or a request, and never end a look', { timeout: 120_000 }, async () => {
    const request = await home.ask(plan);
    const text = toRequestText({ ...request, id: free });
    const cut = fc.nat(text.length - 1).map((end) => text.slice(0, end));
    const flipped = fc
      .tuple(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }))
      .map(([at, by]) => text.slice(0, at) + by + text.slice(at + 1));
    await fc.assert(
      fc.asyncProperty(fc.oneof(cut, flipped, fc.string(), fc.json()), async (content) => {
        await using fresh = await createOperatorHome();
        const own = await fresh.addBottle('dev');
        const good = await fresh.ask(own);
        await writeFile(join(own.stateDirectory, 'queue/supervise', `${free}.json`), content);
        const { entries, garbage } = await fresh.operator().snapshot();
        expect(entries.length + garbage.length).toBe(2);
        expect(entries.map((entry) => entry.request.id)).toContain(good.id);
      }),
      { numRuns: 40 },
    );
  });

  it('a folder that is no folder, or cannot be read, is said and costs the other bottles nothing', async () => {
    const other = await home.addBottle('other', '99999999');
    const request = await home.ask(other);
    await rm(queue, { recursive: true });
    await writeFile(queue, '');
    const { entries, garbage } = await home.operator().snapshot();
    expect(entries).toMatchObject([{ request: { id: request.id } }]);
    expect(garbage).toMatchObject([{ bottle: 'dev', message: expect.stringMatching(/ENOTDIR/) }]);
  });

  it('ten thousand files and more are not all looked at', { timeout: 60_000 }, async () => {
    for (let batch = 0; batch < 101; batch++) {
      await Promise.all(
        Array.from({ length: 100 }, (_, index) => writeFile(join(queue, `.x${batch * 100 + index}`), '')),
      );
    }
    const { garbage } = await home.operator().snapshot();
    expect(garbage).toMatchObject([
      { file: 'supervise', message: expect.stringMatching(/more than 10000 files/) },
    ]);
  });

  // SECURITY: what an operator looks at is what they approve.
  it('cannot put another proposal under a request that an operator has seen', async () => {
    const request = await home.ask(plan);
    const operator = home.operator();
    const seen = await operator.find(request.id, null);
    const evil = { ...routeProposal, host: '*.evil.example', methods: null, paths: null };
    await home.ask(plan, { ...request, proposal: evil, asked: 7 });
    const now = await operator.find(request.id, null);
    expect(now.request).toEqual(seen.request);
    expect((await operator.snapshot()).garbage).toMatchObject([
      { message: expect.stringMatching(/was changed/) },
    ]);
    const approval = {
      id: request.id,
      bottle: null,
      notes: '',
      seenRevision: null,
      proposal: null,
      save: false,
    };
    expect(await operator.approve(approval, signal)).toMatchObject({ decision: { proposal: routeProposal } });
    expect((await home.files(plan))['egress.json']).not.toContain('evil');
    // How often it was asked is the daemon's to say.
    await home.ask(plan, { ...request, asked: 3 });
    expect((await operator.find(request.id, null)).request.asked).toBe(3);
  });

  it('cannot take a request away that an operator has seen', async () => {
    const request = await home.ask(plan);
    const operator = home.operator();
    const seen = await operator.find(request.id, null);
    await rm(join(queue, `${request.id}.json`));
    expect(await operator.find(request.id, null)).toEqual(seen);
  });

  it('cannot answer: a decision in the queue is garbage', async () => {
    const request = await home.ask(plan);
    const decision = { version: 1, id: request.id, status: 'approved', notes: '', operator: 'root' };
    await writeFile(join(queue, `${request.id}.decision.json`), JSON.stringify(decision));
    const { entries, garbage } = await home.operator().snapshot();
    expect(entries).toMatchObject([{ status: 'waiting', decision: null }]);
    expect(garbage).toHaveLength(1);
  });
});

describe('watch', () => {
  it('gives a snapshot now, one after each change and each lapse, and ends with its signal', async () => {
    const controller = new AbortController();
    const watching = home.operator().watch(controller.signal)[Symbol.asyncIterator]();
    const next = async () => (await watching.next()).value;
    expect(await next()).toEqual({ entries: [], garbage: [] });
    const request = await home.ask(plan, { expiresAt: new Date(Date.now() + 2_000).toISOString() });
    expect((await next())?.entries).toMatchObject([{ status: 'waiting', request: { id: request.id } }]);
    expect((await next())?.entries).toMatchObject([{ status: 'lapsed' }]);
    const other = await home.addBottle('other', '99999999');
    await home.ask(other);
    expect((await next())?.entries).toMatchObject([{ bottle: 'other' }, { bottle: 'dev' }]);
    controller.abort();
    expect(await watching.next()).toMatchObject({ done: true });
  });
});

describe('the audit log of what is asked', () => {
  const events = async () => (await home.audit()).map(({ event }) => event);

  it('says each request, lapse and piece of garbage once, whoever looks, however often', async () => {
    const gone = new Date(Date.now() - 60_000).toISOString();
    await home.ask(plan);
    await home.ask(plan, { expiresAt: gone });
    await home.ask(plan, { lapsedAt: gone });
    await writeFile(join(queue, 'x'), '');
    const looks = Array.from({ length: 8 }, () => home.operator().snapshot());
    await Promise.all([...looks, importQueues(home.surroundings(), null)]);
    await home.operator().snapshot();
    // What is marked as logged may be lost; the log itself is asked then.
    await rm(join(plan.stateDirectory, 'recorded'), { recursive: true });
    await home.operator().snapshot();
    expect((await events()).toSorted()).toEqual([
      ...['lapsed', 'lapsed', 'proposed', 'proposed', 'proposed', 'queue-garbage'],
    ]);
    expect(await home.surroundings().audit.verify()).toMatchObject({ kind: 'intact', lines: 6 });
  });

  it('waits with the lapse until no answer can arrive any more', async () => {
    await home.ask(plan, { expiresAt: new Date(Date.now() - 1_000).toISOString() });
    expect((await home.operator().snapshot()).entries).toMatchObject([{ status: 'lapsed' }]);
    expect(await events()).toEqual(['proposed']);
    await home.operator({ now: () => Date.now() + 60_000 }).snapshot();
    expect(await events()).toEqual(['proposed', 'lapsed']);
  });

  it('has what still waits in a bottle that goes, and nothing of the others', async () => {
    const other = await home.addBottle('other', '99999999');
    const waiting = await home.ask(plan);
    const answered = await home.ask(plan);
    const answer = { id: answered.id, bottle: null, notes: 'No.', seenRevision: null };
    await home.operator().reject(answer, signal);
    await home.ask(other);
    const before = (await home.audit()).length;
    await importQueues(home.surroundings(), [plan.slug]);
    await importQueues(home.surroundings(), [plan.slug]);
    expect((await home.audit()).slice(before)).toMatchObject([{ event: 'lapsed', request: waiting.id }]);
  });

  it('that is broken stops every answer, and says so', async () => {
    const request = await home.ask(plan);
    const operator = home.operator();
    await operator.snapshot();
    const path = join(home.stateHome, 'audit.jsonl');
    await writeFile(path, (await readFile(path, 'utf8')).replace('needs it', 'does not'));
    const answer = { id: request.id, bottle: null, notes: 'No.', seenRevision: null };
    await expect(operator.reject(answer, signal)).rejects.toMatchObject({ code: 'audit-broken', exit: 4 });
    expect((await operator.find(request.id, null)).status).toBe('waiting');
    await rename(path, `${path}.kept`);
    await rename(join(home.stateHome, 'audit.head'), join(home.stateHome, 'audit.head.kept'));
    await operator.reject(answer, signal);
    await chmod(`${path}.kept`, 0o400);
  });
});
