import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { QueueEntry } from '../../src/approvals/queue-entry.ts';
import { whyNoEngine } from '../support/engine.ts';
import { runProbe } from '../support/probe.ts';
import { createSealedBottle, type SealedBottle } from '../support/sealed-bottle.ts';
import { untilFile } from '../support/until-file.ts';
import { untilWaiting } from '../support/until-waiting.ts';

interface Answer {
  readonly status: number;
  readonly result: {
    readonly isError?: boolean;
    readonly structuredContent?: { readonly status?: string; readonly notes?: string };
    readonly content?: readonly { readonly text?: string }[];
    readonly tools?: readonly { readonly name: string }[];
  } | null;
  readonly error: { readonly message: string } | null;
}

interface Steady {
  readonly answers: number;
  readonly statuses: readonly number[];
  readonly ended: 'file' | 'connection';
}

interface Fetched {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

const reason = await whyNoEngine();

describe('an agent asks its operator', () => {
  beforeEach(({ skip }) => skip(reason !== null, reason ?? ''));

  const stack = new AsyncDisposableStack();
  let bottle: SealedBottle;
  let other: SealedBottle;

  const call = async (tool: string, given: object): Promise<Answer> => {
    const url = `http://${bottle.proxy.host}:9100/mcp`;
    const answers = await runProbe<readonly Answer[]>(bottle.asAgent, 'mcp', {
      url,
      calls: [{ tool, arguments: given }],
    });
    const last = answers.at(-1);
    if (last === undefined) throw new Error('nothing answered');
    return last;
  };
  const askForOther = (why = 'The build needs it.'): Promise<Answer> =>
    call('egress-block', { host: 'other.test', methods: ['GET'], paths: ['/wanted/**'], reason: why });
  /** Whether a request of the guest's gets its answer from the site. */
  const passes = async (from: SealedBottle, url: string): Promise<boolean> => {
    const [result] = await runProbe<readonly Fetched[]>(from.asAgent, 'fetch', { requests: [{ url }] });
    return result?.status === 200 && result.headers['x-site'] === 'outside';
  };
  /** Runs a command of the operator's that must succeed; returns what it says as JSON. */
  const operate = async <Result>(...args: readonly string[]): Promise<Result> => {
    const { status, stdout, stderr } = await bottle.home.run([...args, '--json']);
    if (status !== 0) throw new Error(`${args.join(' ')} ended with ${String(status)}: ${stderr}${stdout}`);
    return JSON.parse(stdout) as Result;
  };
  /** One connection of the guest's, kept alive and in use until it is cut or `stop` is called. */
  const keepBusy = async (host: string, path: string) => {
    const mark = randomBytes(4).toString('hex');
    const begun = `begun-${mark}`;
    const until = `stop-${mark}`;
    const running = runProbe<Steady>(bottle.asAgent, 'steady', {
      host,
      path,
      begun: `/workspace/${begun}`,
      until: `/workspace/${until}`,
    });
    await untilFile(
      join(bottle.home.workspace, begun),
      running.then((said) => ({ status: 0, stdout: JSON.stringify(said), stderr: '' })),
    );
    return {
      ended: running,
      async stop(): Promise<Steady> {
        await writeFile(join(bottle.home.workspace, until), '');
        return await running;
      },
    };
  };

  beforeAll(async () => {
    if (reason !== null) return;
    const supervise = { timeout: '2m' };
    bottle = stack.use(await createSealedBottle('asks', { supervise }));
    other = stack.use(await createSealedBottle('asks-not', { supervise }));
  });
  afterAll(() => stack.disposeAsync());

  it('has exactly the tools that ask and explain, and none that answers', async () => {
    const answers = await runProbe<readonly Answer[]>(bottle.asAgent, 'mcp', {
      url: `http://${bottle.proxy.host}:9100/mcp`,
    });
    expect(answers[1]?.result?.tools?.map(({ name }) => name).sort()).toEqual([
      'capability-block',
      'egress-block',
      'list-egress-routes',
      'pipelock-block',
      'why',
    ]);
  });

  it('gets a route, which is in force when the call returns, without a connection dropped', async () => {
    expect(await passes(bottle, 'https://other.test/wanted/a')).toBe(false);
    const busy = await keepBusy('open.test', '/busy');
    const asking = askForOther();
    const { request, difference, bottle: name } = await untilWaiting(bottle.home, 'route', asking);
    expect(name).toBe(bottle.name);
    expect(difference).toEqual([expect.stringMatching(/^\+ .*other\.test.*GET.*\/wanted\/\*\*/)]);
    await operate('supervise', 'approve', request.id, '--note', 'For today.');
    const answer = await asking;
    expect(answer.result?.structuredContent).toMatchObject({ status: 'approved' });
    expect(answer.result?.structuredContent?.notes).toContain('For today.');

    expect(await passes(bottle, 'https://other.test/wanted/a')).toBe(true);
    // The grant is as narrow as what was asked, and holds for that bottle only.
    expect(await passes(bottle, 'https://other.test/unwanted')).toBe(false);
    expect(await passes(other, 'https://other.test/wanted/a')).toBe(false);
    const kept = await busy.stop();
    expect(kept).toMatchObject({ ended: 'file', statuses: [200] });

    // Taken back: the connection that uses it is cut, the one that does not lives on.
    const granted = await keepBusy('other.test', '/wanted/busy');
    const unconcerned = await keepBusy('open.test', '/busy');
    await operate('supervise', 'revoke', request.id);
    expect(await granted.ended).toMatchObject({ ended: 'connection', statuses: [200] });
    expect(await unconcerned.stop()).toMatchObject({ ended: 'file', statuses: [200] });
    expect(await passes(bottle, 'https://other.test/wanted/a')).toBe(false);
  });

  it('is told a refusal with the words of its operator', async () => {
    const asking = askForOther('Once more.');
    const { request } = await untilWaiting(bottle.home, 'route', asking);
    await operate('supervise', 'reject', request.id, '--note', 'Use the mirror on open.test.');
    expect((await asking).result?.structuredContent).toMatchObject({
      status: 'rejected',
      notes: expect.stringContaining('Use the mirror on open.test.'),
    });
    expect(await passes(bottle, 'https://other.test/wanted/a')).toBe(false);
  });

  it('gets what the operator made of it, where that is less', async () => {
    const asking = call('egress-block', { host: 'evil-open.test', reason: 'All of it, please.' });
    const { request } = await untilWaiting(bottle.home, 'route', asking);
    const file = join(bottle.home.folder, 'edited.json');
    await writeFile(file, JSON.stringify({ ...request.proposal, paths: ['/only/this'], methods: ['GET'] }));
    await operate('supervise', 'approve', request.id, '--edit', file);
    expect((await asking).result?.structuredContent).toMatchObject({ status: 'approved' });
    expect(await passes(bottle, 'https://evil-open.test/only/this')).toBe(true);
    expect(await passes(bottle, 'https://evil-open.test/only/that')).toBe(false);
  });

  it('gets a known secret past on one route, and on no other', async () => {
    const send = async (host: string): Promise<number> => {
      const [result] = await runProbe<readonly Fetched[]>(bottle.asAgent, 'fetch', {
        requests: [{ url: `https://${host}/`, method: 'POST', body: bottle.secrets.planted }],
      });
      return result?.status ?? 0;
    };
    expect(await send('open.test')).toBe(403);
    const asking = call('pipelock-block', {
      route: 'egress.routes[0]',
      rule: 'PLANTED',
      reason: 'A log in.',
    });
    const { request } = await untilWaiting(bottle.home, 'exemption', asking);
    await operate('supervise', 'approve', request.id);
    await asking;
    expect(await send('open.test')).toBe(200);
    expect(await send('deep.zone.test')).toBe(403);
  });

  it('is not heard where it asks to let out a credential that it never had', async () => {
    const answer = await call('pipelock-block', {
      route: 'egress.routes[0]',
      rule: 'SITE_TOKEN',
      reason: 'Just because.',
    });
    expect(answer.result?.isError).toBe(true);
    const { entries } = await operate<{ entries: readonly QueueEntry[] }>('supervise', 'ls');
    expect(entries).toEqual([]);
  });

  it('learns why it was refused, and what to ask', async () => {
    expect(await passes(bottle, 'https://paths.test/forbidden')).toBe(false);
    const answer = await call('why', {});
    const text = answer.result?.content?.map((part) => part.text).join('') ?? '';
    expect(text).toContain('paths.test');
    expect(text).toContain('egress-block');
  });

  it('cannot reach what answers: not the queue, not the decisions, not another daemon', async () => {
    const look = ['/var/lib/bottle', '/etc/bottle/decisions', '/run/supervise'];
    const seen = await runProbe<{ exists: readonly boolean[] }>(bottle.asRoot, 'standing', { look });
    expect(seen.exists).toEqual([false, false, false]);
    const answers = await runProbe<readonly Answer[]>(bottle.asAgent, 'mcp', {
      url: `http://${bottle.proxy.host}:9100/mcp`,
      rpc: [
        { method: 'tools/call', params: { name: 'approve', arguments: { id: 'req-00000000' } } },
        { method: 'supervise/approve', params: { id: 'req-00000000' } },
      ],
    });
    for (const answer of answers.slice(-2)) {
      expect(answer.error !== null || answer.result?.isError === true).toBe(true);
    }
  });

  it('leaves a trail that can be checked, and that shows what was changed in it', async () => {
    const { stdout } = await bottle.home.run(['audit', bottle.name, '--json']);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; status?: string });
    expect(events.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['proposed', 'decided', 'policy-changed']),
    );
    expect((await bottle.home.run(['audit', '--verify'])).status).toBe(0);
    const file = join(bottle.home.folder, 'state', 'bottle', 'audit.jsonl');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('"rejected"', '"approved"'));
    const broken = await bottle.home.run(['audit', '--verify']);
    expect(broken).toMatchObject({ status: 4, stderr: expect.stringContaining('line') });
    await writeFile(file, text);
    expect((await bottle.home.run(['audit', '--verify'])).status).toBe(0);
  });

  it('keeps what was granted only where the operator says so', async () => {
    const manifest = join(bottle.home.folder, 'config/bottle/bottles', `${bottle.name}.yaml`);
    const before = await readFile(manifest, 'utf8');
    expect(before).not.toContain('evil-open.test');
    const asking = call('egress-block', { host: 'kept.test', reason: 'Every day.' });
    const { request } = await untilWaiting(bottle.home, 'route', asking);
    await operate('supervise', 'approve', request.id, '--save');
    await asking;
    expect(await readFile(manifest, 'utf8')).toContain('kept.test');
    expect((await bottle.home.run(['plan', bottle.name])).stdout).toContain('kept.test');
  });
});

describe('an operator who does not answer', () => {
  beforeEach(({ skip }) => skip(reason !== null, reason ?? ''));

  it('has refused when the time is over', async () => {
    await using bottle = await createSealedBottle('lapses', { supervise: { timeout: '10s' } });
    const answers = await runProbe<readonly Answer[]>(bottle.asAgent, 'mcp', {
      url: `http://${bottle.proxy.host}:9100/mcp`,
      calls: [{ tool: 'egress-block', arguments: { host: 'other.test', reason: 'Is anybody there?' } }],
    });
    expect(answers.at(-1)?.result?.structuredContent).toMatchObject({ status: 'rejected' });
    const { stdout } = await bottle.home.run(['supervise', 'ls', '--all', '--json']);
    expect(JSON.parse(stdout).entries).toMatchObject([{ status: 'lapsed' }]);
    const audit = await bottle.home.run(['audit', bottle.name, '--json']);
    expect(audit.stdout).toContain('"lapsed"');
  });
});

describe('an agent that floods its operator', () => {
  beforeEach(({ skip }) => skip(reason !== null, reason ?? ''));

  it('has as many requests waiting as its plan says, and what it asks twice is one request', async () => {
    await using bottle = await createSealedBottle('floods', { supervise: { timeout: '2m' } });
    const { home } = bottle;
    const plan = JSON.parse((await home.run(['plan', bottle.name, '--json'])).stdout);
    const most = Number(plan.supervise.limits.maxWaiting);
    const hosts = Array.from({ length: most * 3 }, (_, index) => `flood-${String(index)}.test`);
    const flood = runProbe<readonly Answer[]>(bottle.asAgent, 'mcp', {
      url: `http://${bottle.proxy.host}:9100/mcp`,
      together: [...hosts, ...hosts].map((host) => ({
        tool: 'egress-block',
        arguments: { host, reason: 'More.' },
      })),
    });
    const waiting = async (): Promise<readonly QueueEntry[]> => {
      const { stdout } = await home.run(['supervise', 'ls', '--json']);
      return (JSON.parse(stdout) as { entries: readonly QueueEntry[] }).entries;
    };
    await untilWaiting(home, 'route', flood);
    let seen = 0;
    let isOver = false;
    const ended = flood.finally(() => {
      isOver = true;
    });
    while (!isOver) {
      const entries = await waiting();
      seen = Math.max(seen, entries.length);
      for (const { request } of entries) await home.run(['supervise', 'reject', request.id, '--note', 'No.']);
    }
    const answers = (await ended).slice(2);
    expect(answers).toHaveLength(hosts.length * 2);
    expect(seen).toBeGreaterThan(0);
    expect(seen).toBeLessThanOrEqual(most);
    // Each is answered, none with a yes; and fewer were put before the operator than were asked.
    expect(answers.filter(({ result }) => result?.structuredContent?.status === 'approved')).toEqual([]);
    const all = JSON.parse((await home.run(['supervise', 'ls', '--all', '--json'])).stdout);
    expect(all.entries.length).toBeLessThan(hosts.length);
  });
});
