import { type ChildProcess, spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyGrants } from '../../../src/plans/apply-grants.ts';
import type { BottlePlan } from '../../../src/plans/bottle-plan.ts';
import { toConfigFiles } from '../../../src/plans/to-config-files.ts';
import type { RequestId } from '../../../src/queue/request.ts';
import { createOperatorHome, type OperatorHome } from '../../support/operator-home.ts';

const script = fileURLToPath(new URL('../../support/operator-process.ts', import.meta.url));
const { signal } = new AbortController();

interface Outcome {
  readonly won: boolean;
  readonly code?: string;
  readonly message?: string;
  /** How many steps it took. */
  readonly steps: number;
}

interface Command {
  readonly operator: string;
  readonly action: 'approve' | 'reject' | 'revoke';
  readonly id: RequestId;
  readonly killAt?: number;
}

/** A command that is loaded and waits for its start; its outcome is null when it was killed. */
interface LoadedCommand {
  start(): void;
  readonly outcome: Promise<Outcome | null>;
}

async function load(
  home: OperatorHome,
  { operator, action, id, killAt = 0 }: Command,
): Promise<LoadedCommand> {
  const args = [script, home.stateHome, operator, action, id, String(killAt)];
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  const ready = new Promise((resolve) => {
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.startsWith('ready\n')) resolve(null);
    });
  });
  const outcome = new Promise<Outcome | null>((resolve) => {
    child.once('close', () => {
      const line = text.split('\n')[1];
      resolve(line === undefined || line === '' ? null : JSON.parse(line));
    });
  });
  await Promise.race([ready, outcome]);
  return { start: () => child.stdin?.write('go\n'), outcome };
}

async function run(home: OperatorHome, command: Command): Promise<Outcome | null> {
  const loaded = await load(home, command);
  loaded.start();
  return await loaded.outcome;
}

/** What must be true of a bottle whenever no command is at work on it. */
async function expectWhole(home: OperatorHome, plan: BottlePlan): Promise<void> {
  const policy = await home.policy(plan);
  const wanted = new Map(
    toConfigFiles(applyGrants(plan, policy)).map(({ path, content }) => [path, content]),
  );
  const files = await home.files(plan);
  for (const [path, content] of Object.entries(files)) expect(content).toBe(wanted.get(path));
  const acting = await home.acting(plan);
  if (acting !== null) expect(acting).toEqual(files);
  const entries = (await home.operator().snapshot()).entries;
  const audit = await home.audit();
  expect(await home.surroundings().audit.verify()).toMatchObject({ kind: 'intact' });
  expect(await readdir(plan.stateDirectory)).not.toContain('pending.json');
  for (const { request, status, decision } of entries) {
    const told = audit.filter((entry) => 'request' in entry && entry.request === request.id);
    expect(told.filter(({ event }) => event === 'proposed')).toHaveLength(1);
    const isGranted = policy.grants.some((grant) => grant.request === request.id);
    expect(isGranted).toBe(status === 'approved' && request.proposal.kind === 'route');
    // No effect is without its line.
    if (decision !== null)
      expect(told).toContainEqual(expect.objectContaining({ event: 'decided', status: decision.status }));
    if (isGranted) expect(told.some(({ event }) => event === 'policy-changed')).toBe(true);
  }
}

/** Does something else with the bottle, as the next operator would: what was left is put right by it. */
async function doNext(home: OperatorHome, plan: BottlePlan): Promise<void> {
  const other = await home.ask(plan, { proposal: { kind: 'capability', capability: 'gcc' } });
  await home.operator().reject({ id: other.id, bottle: null, notes: 'No.', seenRevision: null }, signal);
}

describe('operators in several processes', () => {
  it('of two answers to one request the first holds, and the other is told', {
    timeout: 120_000,
  }, async () => {
    const actions = fc.constantFrom('approve' as const, 'reject' as const);
    await fc.assert(
      fc.asyncProperty(fc.array(actions, { minLength: 2, maxLength: 3 }), async (chosen) => {
        await using home = await createOperatorHome();
        const plan = await home.addBottle('dev');
        const { id } = await home.ask(plan);
        const operators = chosen.map((action, index) => ({ action, operator: `op${index}`, id }));
        const loaded = await Promise.all(operators.map((command) => load(home, command)));
        for (const command of loaded) command.start();
        const outcomes = await Promise.all(loaded.map(({ outcome }) => outcome));
        const winner = outcomes.findIndex((outcome) => outcome?.won);
        expect(outcomes.filter((outcome) => outcome?.won)).toHaveLength(1);
        const status = chosen[winner] === 'approve' ? 'approved' : 'rejected';
        for (const [index, outcome] of outcomes.entries()) {
          if (index === winner) continue;
          expect(outcome).toMatchObject({ won: false, code: 'request-answered' });
          expect(outcome?.message).toMatch(new RegExp(`^op${winner} ${status} ${id} of "dev" at 20`));
        }
        const entry = await home.operator().find(id, null);
        expect(entry).toMatchObject({
          status,
          decision: { operator: `op${winner}`, notes: `by op${winner}` },
        });
        expect((await home.audit()).filter(({ event }) => event === 'decided')).toHaveLength(1);
        await expectWhole(home, plan);
      }),
      { numRuns: 4 },
    );
  });

  it('answers to different requests of one bottle all hold', { timeout: 60_000 }, async () => {
    await using home = await createOperatorHome();
    const plan = await home.addBottle('dev');
    const requests = [await home.ask(plan), await home.ask(plan), await home.ask(plan)];
    const loaded = await Promise.all(
      requests.map(({ id }, index) => load(home, { operator: `op${index}`, action: 'approve', id })),
    );
    for (const command of loaded) command.start();
    for (const { outcome } of loaded) expect(await outcome).toMatchObject({ won: true });
    const policy = await home.policy(plan);
    expect(policy.revision).toBe(3);
    expect(policy.grants.map(({ request }) => request).toSorted()).toEqual(requests.map(({ id }) => id));
    await expectWhole(home, plan);
  });
});

describe('a command that is killed', () => {
  const cases = [
    { action: 'approve', before: 'waiting', after: 'approved' },
    { action: 'reject', before: 'waiting', after: 'rejected' },
    { action: 'revoke', before: 'approved', after: 'revoked' },
  ] as const;

  it.each(cases)(
    '$action, before any of its steps, has happened or has not',
    { timeout: 240_000 },
    async (one) => {
      const { action, before, after } = one;

      /** @returns how it ended, and how many steps it took where it was not killed */
      async function killBefore(
        killAt: number,
      ): Promise<{ readonly status: string; readonly steps: number }> {
        await using home = await createOperatorHome();
        const plan = await home.addBottle('dev');
        const { id } = await home.ask(plan);
        const approval = { id, bottle: null, notes: '', seenRevision: null, proposal: null, save: false };
        if (action === 'revoke') await home.operator().approve(approval, signal);
        const outcome = await run(home, { operator: 'victim', action, id, killAt });
        expect(outcome === null).toBe(killAt !== 0);
        await doNext(home, plan);
        const { status } = await home.operator().find(id, null);
        await expectWhole(home, plan);
        // Whatever became of it, the bottle can still be dealt with.
        if (status === 'waiting') await home.operator().approve(approval, signal);
        if (status === 'approved') await home.operator().revoke(id, null, signal);
        await expectWhole(home, plan);
        return { status, steps: outcome?.steps ?? 0 };
      }

      const { status, steps } = await killBefore(0);
      expect(status).toBe(after);
      const seen = new Set<string>();
      for (let killAt = 1; killAt <= steps; killAt += 4) {
        const batch = [0, 1, 2, 3].map((more) => killAt + more).filter((place) => place <= steps);
        for (const ended of await Promise.all(batch.map(killBefore))) seen.add(ended.status);
      }
      expect([...seen].toSorted()).toEqual([before, after].toSorted());
    },
  );
});
