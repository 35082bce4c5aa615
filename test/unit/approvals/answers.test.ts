import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Approval } from '../../../src/approvals/operator.ts';
import { BottleError } from '../../../src/errors.ts';
import type { BottlePlan } from '../../../src/plans/bottle-plan.ts';
import { parseDecision } from '../../../src/queue/parse-decision.ts';
import type { Proposal, PushProposal } from '../../../src/queue/proposal.ts';
import type { Decision, RequestId } from '../../../src/queue/request.ts';
import {
  actByFiles,
  createOperatorHome,
  type OperatorHome,
  routeProposal,
} from '../../support/operator-home.ts';

let home: OperatorHome;
let plan: BottlePlan;
beforeEach(async () => {
  home = await createOperatorHome();
  plan = await home.addBottle('dev');
});
afterEach(() => home[Symbol.asyncDispose]());

const { signal } = new AbortController();

function approval(id: RequestId, change: Partial<Approval> = {}): Approval {
  return { id, bottle: null, notes: '', seenRevision: null, proposal: null, save: false, ...change };
}

async function readDecision(id: RequestId): Promise<Decision> {
  return parseDecision(
    await readFile(join(plan.stateDirectory, 'bundle/decisions', `${id}.json`), 'utf8'),
    id,
  );
}

const hostsOf = (egress: string): readonly string[] =>
  JSON.parse(egress).routes.map(({ host }: { readonly host: string }) => host);

const push: PushProposal = {
  kind: 'push',
  remote: 'origin',
  updates: [{ ref: 'refs/heads/agent/x', old: '0'.repeat(40), new: '1'.repeat(40), change: 'create' }],
  commits: 1,
  diffstat: ' a | 1 +\n',
  reports: [],
};

describe('approve', () => {
  it('has the daemons act by the route before the agent is told', async () => {
    const request = await home.ask(plan);
    const operator = home.operator();
    const waiting = await operator.find(request.id, null);
    expect(waiting).toMatchObject({
      bottle: 'dev',
      slug: plan.slug,
      status: 'waiting',
      decision: null,
      revision: 0,
    });
    expect(waiting.difference).toEqual([
      expect.stringMatching(/^\+ allow https:\/\/new\.example\.com: GET, \/v1\/\*\*/),
    ]);
    const entry = await operator.approve(
      approval(request.id, { notes: 'For today.', seenRevision: 0 }),
      signal,
    );
    expect(entry).toMatchObject({ status: 'approved', revision: 1, difference: waiting.difference });
    expect(await readDecision(request.id)).toMatchObject({
      status: 'approved',
      notes: 'For today.',
      operator: 'alice',
      proposal: routeProposal,
      revision: 1,
    });
    const acting = await home.acting(plan);
    expect(hostsOf(acting?.['egress.json'] ?? '')).toEqual([
      'api.example.com',
      'open.example.com',
      'new.example.com',
    ]);
    expect(acting).toEqual(await home.files(plan));
    expect(await home.policy(plan)).toMatchObject({
      revision: 1,
      grants: [{ request: request.id, operator: 'alice', change: routeProposal }],
    });
    const path = join(plan.stateDirectory, 'bundle/decisions', `${request.id}.json`);
    expect((await stat(path)).mode & 0o777).toBe(0o644);
  });

  it('writes into the audit log before anything takes effect', async () => {
    const request = await home.ask(plan);
    const seen: (readonly string[])[] = [];
    const openBottle = async (): Promise<{ reload(revision: number | null): Promise<void> }> => ({
      async reload(revision) {
        seen.push([String(revision), ...(await home.audit()).map(({ event }) => event)]);
        await actByFiles(plan, revision);
      },
    });
    await home.operator({ openBottle }).approve(approval(request.id), signal);
    expect(seen).toEqual([
      ['1', 'proposed', 'decided'],
      ['null', 'proposed', 'decided', 'policy-changed'],
    ]);
    expect(await home.audit()).toMatchObject([
      {
        event: 'proposed',
        request: request.id,
        reason: 'The build needs it.',
        proposal: routeProposal,
        bottle: 'dev',
      },
      { event: 'decided', status: 'approved', proposal: routeProposal, operator: 'alice', slug: plan.slug },
      {
        event: 'policy-changed',
        revision: 1,
        cause: 'approved',
        difference: [expect.stringMatching(/^\+ /)],
      },
    ]);
  });

  it('takes an edit, with the credential of a route to the same host', async () => {
    const request = await home.ask(plan, { proposal: { ...routeProposal, host: 'api.example.com' } });
    const edited: Proposal = {
      ...routeProposal,
      host: 'api.example.com',
      methods: ['POST'],
      credentialOf: 'egress.routes[0]',
    };
    const operator = home.operator();
    const entry = await operator.find(request.id, null);
    const difference = await operator.preview(entry, edited);
    expect(difference).toEqual([expect.stringMatching(/^\+ allow .*POST.* bearer token from API_TOKEN/)]);
    expect(await operator.approve(approval(request.id, { proposal: edited }), signal)).toMatchObject({
      difference,
    });
    expect(await readDecision(request.id)).toMatchObject({ proposal: edited });
  });

  const invalid: Readonly<Record<string, { readonly edit: unknown; readonly says: RegExp }>> = {
    'another kind': { edit: { kind: 'capability', capability: 'x' }, says: /kind route cannot be answered/ },
    'a host that is none': { edit: { ...routeProposal, host: 'http://x' }, says: /host must be/ },
    'a credential to another host': {
      edit: { ...routeProposal, credentialOf: 'egress.routes[0]' },
      says: /goes to api\.example\.com/,
    },
    'a credential of no route': {
      edit: { ...routeProposal, credentialOf: 'egress.routes[7]' },
      says: /no route/,
    },
    'one key too many': { edit: { ...routeProposal, more: 1 }, says: /may hold only/ },
  };
  it.each(Object.entries(invalid))(
    'refuses an edit to %s, and the request waits on',
    async (_name, { edit, says }) => {
      const request = await home.ask(plan);
      const operator = home.operator();
      const entry = await operator.find(request.id, null);
      const refusal = { code: 'request-invalid', message: expect.stringMatching(says) };
      await expect(operator.preview(entry, edit as Proposal)).rejects.toMatchObject(refusal);
      await expect(
        operator.approve(approval(request.id, { proposal: edit as Proposal }), signal),
      ).rejects.toMatchObject(refusal);
      expect(await operator.find(request.id, null)).toEqual(entry);
      expect((await home.audit()).map(({ event }) => event)).toEqual(['proposed']);
      await operator.approve(approval(request.id), signal);
    },
  );

  it('refuses an exemption of a credential, and grants one of a known secret', async () => {
    const exempt = (rule: string) => ({ kind: 'exemption', route: 'egress.routes[1]', rule }) as const;
    const bad = await home.ask(plan, { proposal: exempt('API_TOKEN') });
    const good = await home.ask(plan, { proposal: exempt('DATABASE_URL') });
    const operator = home.operator();
    expect((await operator.find(bad.id, null)).difference).toEqual([]);
    await expect(operator.approve(approval(bad.id), signal)).rejects.toMatchObject({
      code: 'request-invalid',
    });
    const entry = await operator.approve(approval(good.id), signal);
    expect(entry.difference).toEqual([
      expect.stringMatching(/^\+ let DATABASE_URL pass to https:\/\/open\.example\.com/),
    ]);
  });

  it.each([
    ['a capability', { kind: 'capability', capability: 'gcc' }],
    ['a push', push],
  ] as const)('of %s changes no policy', async (_name, proposal) => {
    const request = await home.ask(plan, { proposal });
    const entry = await home.operator().approve(approval(request.id), signal);
    expect(entry).toMatchObject({ status: 'approved', difference: [], revision: 0 });
    expect(await readDecision(request.id)).toMatchObject({ status: 'approved', proposal, revision: null });
    expect(await home.acting(plan)).toBeNull();
  });

  it('takes a push only as it is shown', async () => {
    const request = await home.ask(plan, { proposal: push });
    const edited = { ...push, updates: [{ ...push.updates[0], ref: 'refs/heads/main' }] } as Proposal;
    const operator = home.operator();
    await expect(operator.approve(approval(request.id, { proposal: edited }), signal)).rejects.toMatchObject({
      code: 'request-invalid',
      message: expect.stringMatching(/A push is approved as it is/),
    });
    await operator.approve(approval(request.id, { proposal: push }), signal);
  });

  it('is stale once the policy is another than the one that was shown', async () => {
    const [first, second] = [
      await home.ask(plan),
      await home.ask(plan, { proposal: { ...routeProposal, port: 8443 } }),
    ];
    const operator = home.operator();
    const { revision } = await operator.find(second.id, null);
    await operator.approve(approval(first.id, { seenRevision: revision }), signal);
    await expect(
      operator.approve(approval(second.id, { seenRevision: revision }), signal),
    ).rejects.toMatchObject({
      code: 'request-stale',
    });
    expect((await operator.find(second.id, null)).status).toBe('waiting');
    const again = await operator.find(second.id, null);
    await operator.approve(approval(second.id, { seenRevision: again.revision }), signal);
    expect(await home.policy(plan)).toMatchObject({
      revision: 2,
      grants: [{ request: first.id }, { request: second.id }],
    });
  });

  it('does not hold for another bottle', async () => {
    const other = await home.addBottle('other', '99999999');
    const request = await home.ask(plan);
    await home.operator().approve(approval(request.id), signal);
    expect(await home.policy(other)).toMatchObject({ revision: 0, grants: [] });
    expect(hostsOf((await home.files(other))['egress.json'])).not.toContain('new.example.com');
  });
});

describe('reject', () => {
  it('tells the agent why, and changes nothing', async () => {
    const request = await home.ask(plan);
    const answer = { id: request.id, bottle: null, notes: 'Use the mirror.', seenRevision: null };
    expect(await home.operator().reject(answer, signal)).toMatchObject({ status: 'rejected' });
    expect(await readDecision(request.id)).toMatchObject({
      status: 'rejected',
      notes: 'Use the mirror.',
      proposal: null,
    });
    expect(await home.policy(plan)).toMatchObject({ revision: 0 });
    expect((await home.audit()).at(-1)).toMatchObject({
      event: 'decided',
      status: 'rejected',
      notes: 'Use the mirror.',
    });
  });

  it.each([
    ['nothing', ''],
    ['only blanks', ' \n'],
    ['more than a decision holds', 'x'.repeat(9000)],
  ])('wants a note, not %s', async (_name, notes) => {
    const request = await home.ask(plan);
    const answer = { id: request.id, bottle: null, notes, seenRevision: null };
    await expect(home.operator().reject(answer, signal)).rejects.toMatchObject({ code: 'usage-invalid' });
    expect(await home.operator().reject({ ...answer, notes: 'No.' }, signal)).toMatchObject({
      status: 'rejected',
    });
  });
});

describe('a second answer', () => {
  it('is told who answered first', async () => {
    const request = await home.ask(plan);
    await home.operator().approve(approval(request.id), signal);
    const refusal = { code: 'request-answered', message: expect.stringMatching(/alice approved .* at 20/) };
    const bob = home.operator({ operator: 'bob' });
    await expect(bob.approve(approval(request.id), signal)).rejects.toMatchObject(refusal);
    const answer = { id: request.id, bottle: null, notes: 'No.', seenRevision: null };
    await expect(bob.reject(answer, signal)).rejects.toMatchObject(refusal);
    expect(await readDecision(request.id)).toMatchObject({ operator: 'alice', status: 'approved' });
  });

  it.each([
    ['its time is over', (now: number) => ({ expiresAt: new Date(now - 1).toISOString() })],
    ['its daemon gave up', (now: number) => ({ lapsedAt: new Date(now).toISOString() })],
  ])('comes too late when %s', async (_name, change) => {
    const request = await home.ask(plan, change(Date.now()));
    const operator = home.operator();
    expect((await operator.find(request.id, null)).status).toBe('lapsed');
    await expect(operator.approve(approval(request.id), signal)).rejects.toMatchObject({
      code: 'request-answered',
      message: expect.stringMatching(/lapsed at/),
    });
    expect(await home.acting(plan)).toBeNull();
  });

  it('is not for a request that nobody made', async () => {
    const operator = home.operator();
    await expect(operator.approve(approval('req-ffffffff'), signal)).rejects.toMatchObject({
      code: 'request-not-found',
    });
    await expect(operator.find('../plan', null)).rejects.toMatchObject({ code: 'request-not-found' });
  });

  it('says which bottle it is for, where two have a request of that id', async () => {
    const other = await home.addBottle('other', '99999999');
    const request = await home.ask(plan);
    await home.ask(other, { id: request.id });
    const operator = home.operator();
    await expect(operator.approve(approval(request.id), signal)).rejects.toMatchObject({
      code: 'usage-invalid',
      message: expect.stringMatching(/dev, other/),
    });
    await operator.approve(approval(request.id, { bottle: 'other' }), signal);
    expect((await operator.find(request.id, 'dev')).status).toBe('waiting');
    expect((await home.policy(other)).revision).toBe(1);
  });
});

describe('an approval that fails', () => {
  const events = async () => (await home.audit()).map(({ event }) => event);

  it('leaves the policy as it was when a daemon refuses, and the request waits on', async () => {
    const request = await home.ask(plan);
    const before = await home.files(plan);
    const openBottle = async () => ({
      async reload(revision: number | null) {
        if (revision === 1) throw new BottleError('policy-not-applied', 'egress said: no.');
        await actByFiles(plan, revision);
      },
    });
    await expect(home.operator({ openBottle }).approve(approval(request.id), signal)).rejects.toMatchObject({
      code: 'policy-not-applied',
      message: 'egress said: no.',
    });
    expect(await home.files(plan)).toEqual(before);
    expect(await home.acting(plan)).toEqual(before);
    expect(await home.policy(plan)).toMatchObject({ revision: 0, grants: [] });
    expect(await events()).toEqual(['proposed', 'decided', 'policy-refused']);
    expect((await home.operator().find(request.id, null)).status).toBe('waiting');
    await home.operator().approve(approval(request.id), signal);
  });

  it('is put back by the next command when it could not be put back at once', async () => {
    const request = await home.ask(plan);
    const before = await home.files(plan);
    const openBottle = async () => ({
      async reload() {
        throw new BottleError('policy-not-applied', 'nobody answered.');
      },
    });
    await expect(home.operator({ openBottle }).approve(approval(request.id), signal)).rejects.toThrow();
    // As long as the daemons cannot be told, nobody is let on.
    await expect(home.operator({ openBottle }).approve(approval(request.id), signal)).rejects.toMatchObject({
      code: 'policy-not-applied',
    });
    const other = await home.ask(plan, { proposal: { kind: 'capability', capability: 'gcc' } });
    await home.operator().approve(approval(other.id), signal);
    expect(await home.acting(plan)).toEqual(before);
    expect(await events()).toContain('interrupted');
    expect((await home.operator().find(request.id, null)).status).toBe('waiting');
  });

  it('is undone when the operator interrupts it', async () => {
    const request = await home.ask(plan);
    const before = await home.files(plan);
    const controller = new AbortController();
    const openBottle = async () => ({
      async reload(revision: number | null, stop: AbortSignal) {
        if (revision === 1) controller.abort(new BottleError('interrupted', 'Interrupted.'));
        stop.throwIfAborted();
        await actByFiles(plan, revision);
      },
    });
    await expect(
      home.operator({ openBottle }).approve(approval(request.id), controller.signal),
    ).rejects.toMatchObject({ code: 'interrupted' });
    expect(await home.acting(plan)).toEqual(before);
    expect((await home.operator().find(request.id, null)).status).toBe('waiting');
  });

  it('does nothing for a bottle that is not up', async () => {
    const request = await home.ask(plan);
    const openBottle = async () => {
      throw new BottleError('bottle-not-up', 'Not up.');
    };
    await expect(home.operator({ openBottle }).approve(approval(request.id), signal)).rejects.toMatchObject({
      code: 'bottle-not-up',
    });
    expect(await events()).toEqual(['proposed']);
  });

  it('is undone when the request lapses while the daemons take it', async () => {
    const request = await home.ask(plan);
    const before = await home.files(plan);
    const openBottle = async () => ({
      async reload(revision: number | null) {
        if (revision === 1) await home.ask(plan, { ...request, lapsedAt: new Date().toISOString() });
        await actByFiles(plan, revision);
      },
    });
    await expect(home.operator({ openBottle }).approve(approval(request.id), signal)).rejects.toMatchObject({
      code: 'request-answered',
    });
    expect(await home.acting(plan)).toEqual(before);
    expect(await home.policy(plan)).toMatchObject({ grants: [] });
    await expect(readDecision(request.id)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('leaves no folder behind when the bottle goes down meanwhile', async () => {
    const request = await home.ask(plan);
    const openBottle = async () => ({
      async reload() {
        await rm(plan.stateDirectory, { recursive: true });
        throw new BottleError('bottle-not-running', 'It went down.');
      },
    });
    await expect(home.operator({ openBottle }).approve(approval(request.id), signal)).rejects.toThrow();
    await expect(stat(plan.stateDirectory)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(home.operator().find(request.id, null)).rejects.toMatchObject({ code: 'request-not-found' });
  });

  it('is undone when an answer is there already, even one that cannot be read', async () => {
    const request = await home.ask(plan);
    const before = await home.files(plan);
    const path = join(plan.stateDirectory, 'bundle/decisions', `${request.id}.json`);
    await writeFile(path, 'damaged');
    await expect(home.operator().approve(approval(request.id), signal)).rejects.toMatchObject({
      code: 'request-answered',
      message: expect.stringContaining('damaged'),
    });
    expect(await readFile(path, 'utf8')).toBe('damaged');
    expect(await home.acting(plan)).toEqual(before);
    expect((await home.operator().snapshot()).garbage).toMatchObject([
      { file: `decisions/${request.id}.json` },
    ]);
  });

  it('says so when it cannot be told what a killed command was about to do', async () => {
    const request = await home.ask(plan);
    const path = join(plan.stateDirectory, 'pending.json');
    await writeFile(path, '{');
    await expect(home.operator().approve(approval(request.id), signal)).rejects.toMatchObject({
      code: 'policy-not-applied',
      message: expect.stringContaining('pending.json is damaged'),
    });
    await rm(path);
    await home.operator().approve(approval(request.id), signal);
  });

  it('decides nothing that cannot be written down', async () => {
    const request = await home.ask(plan);
    const { audit } = home.surroundings();
    const broken = {
      ...audit,
      append: async () => {
        throw new BottleError('audit-unwritable', 'The disk is full.');
      },
    };
    await expect(
      home.operator({ audit: broken }).approve(approval(request.id), signal),
    ).rejects.toMatchObject({
      code: 'audit-unwritable',
    });
    expect(await home.acting(plan)).toBeNull();
    expect((await home.operator().find(request.id, null)).status).toBe('waiting');
    expect(await home.operator().approve(approval(request.id), signal)).toMatchObject({ status: 'approved' });
    expect(await events()).not.toContain('interrupted');
  });
});

describe('revoke', () => {
  it('takes the grant out of the daemons, and says so', async () => {
    const request = await home.ask(plan);
    const before = await home.files(plan);
    const operator = home.operator();
    await operator.approve(approval(request.id), signal);
    const entry = await operator.revoke(request.id, null, signal);
    expect(entry).toMatchObject({
      status: 'revoked',
      revision: 2,
      difference: [expect.stringMatching(/^\+ allow/)],
    });
    const { 'egress.json': egress } = await home.files(plan);
    expect(JSON.parse(egress)).toEqual({ ...JSON.parse(before['egress.json']), revision: 2 });
    expect(await home.acting(plan)).toEqual(await home.files(plan));
    expect((await home.audit()).at(-1)).toMatchObject({
      event: 'policy-changed',
      cause: 'revoked',
      revision: 2,
      difference: [expect.stringMatching(/^- allow https:\/\/new\.example\.com/)],
    });
    await expect(operator.revoke(request.id, null, signal)).rejects.toMatchObject({
      code: 'grant-not-found',
    });
  });

  it.each(['waiting', 'rejected', 'capability'])(
    'has nothing to take back of a request that is %s',
    async (what) => {
      const proposal =
        what === 'capability' ? ({ kind: 'capability', capability: 'gcc' } as const) : routeProposal;
      const request = await home.ask(plan, { proposal });
      const operator = home.operator();
      const answer = { id: request.id, bottle: null, notes: 'No.', seenRevision: null };
      if (what === 'rejected') await operator.reject(answer, signal);
      if (what === 'capability') await operator.approve(approval(request.id), signal);
      await expect(operator.revoke(request.id, null, signal)).rejects.toMatchObject({
        code: 'grant-not-found',
      });
    },
  );

  it('that the daemons do not take is not put back, but completed by the next command', async () => {
    const request = await home.ask(plan);
    await home.operator().approve(approval(request.id), signal);
    const openBottle = async () => ({
      async reload() {
        throw new BottleError('policy-not-applied', 'nobody answered.');
      },
    });
    await expect(home.operator({ openBottle }).revoke(request.id, null, signal)).rejects.toMatchObject({
      code: 'policy-not-applied',
      hint: expect.stringMatching(/bottle down dev/),
    });
    expect(hostsOf((await home.files(plan))['egress.json'])).not.toContain('new.example.com');
    const other = await home.ask(plan, { proposal: { kind: 'capability', capability: 'gcc' } });
    await home.operator().approve(approval(other.id), signal);
    expect(hostsOf((await home.acting(plan))?.['egress.json'] ?? '')).not.toContain('new.example.com');
    expect((await home.operator().find(request.id, null)).status).toBe('revoked');
    const told = await home.audit();
    expect(told.map(({ event }) => event)).toEqual([
      ...['proposed', 'decided', 'policy-changed', 'policy-refused'],
      ...['proposed', 'policy-changed', 'interrupted', 'decided'],
    ]);
  });
});
