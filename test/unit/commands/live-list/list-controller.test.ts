import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Operator } from '../../../../src/approvals/operator.ts';
import type { Editor } from '../../../../src/commands/live-list/edit-proposal.ts';
import {
  createListController,
  type ListController,
} from '../../../../src/commands/live-list/list-controller.ts';
import type { BottlePlan } from '../../../../src/plans/bottle-plan.ts';
import { createOperatorHome, type OperatorHome, routeProposal } from '../../../support/operator-home.ts';

let home: OperatorHome;
let plan: BottlePlan;
beforeEach(async () => {
  home = await createOperatorHome();
  plan = await home.addBottle('dev');
});

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  await home[Symbol.asyncDispose]();
});

/** The live list of an operator, followed by the real queues; the editor is a function. */
function start(edit: Editor = async (text) => text, operator: Operator = home.operator()): ListController {
  const stopping = new AbortController();
  const controller = createListController({
    operator,
    edit,
    notify: async () => undefined,
    size: () => ({ columns: 100, rows: 30 }),
    nowMs: Date.now,
    signal: stopping.signal,
    onEnd(reason) {
      throw reason;
    },
  });
  const following = controller.follow();
  ends.push(async () => {
    stopping.abort();
    await following;
  });
  return controller;
}

async function press(controller: ListController, letters: string): Promise<void> {
  for (const letter of letters) controller.press({ kind: 'text', text: letter });
  await controller.settled();
}

async function untilListed(controller: ListController, count = 1): Promise<void> {
  await vi.waitFor(() => expect(controller.state().snapshot?.entries).toHaveLength(count));
}

describe('the live list, over real queues', () => {
  it('approves, says so, and takes it back', async () => {
    const request = await home.ask(plan);
    const controller = start();
    await untilListed(controller);
    await press(controller, 'ay');
    expect(controller.state().message).toEqual({ tone: 'done', text: `${request.id} is approved.` });
    expect((await home.policy(plan)).grants).toMatchObject([{ request: request.id, change: routeProposal }]);
    controller.press({ kind: 'switch' });
    await vi.waitFor(() => expect(controller.state().snapshot?.entries[0]?.status).toBe('approved'));
    await press(controller, 'vy');
    expect(controller.state().message?.text).toBe(`${request.id} is taken back.`);
    expect((await home.policy(plan)).grants).toEqual([]);
  });

  it('saves to the manifest when the operator says so', async () => {
    await home.ask(plan);
    const controller = start();
    await untilListed(controller);
    await press(controller, 'as');
    expect(controller.state().message?.text).toContain('saved to the manifest');
    const manifest = join(home.folder, 'config/bottle/bottles/dev.yaml');
    expect(await readFile(manifest, 'utf8')).toContain('new.example.com');
  });

  it('puts a wrong edit back with what is wrong, and approves the right one', async () => {
    const request = await home.ask(plan);
    const seen: string[] = [];
    const controller = start(async (text) => {
      seen.push(text);
      return seen.length === 1 ? text.replace('"GET"', '"get"') : text.replace('"get"', '"HEAD"');
    });
    await untilListed(controller);
    await press(controller, 'e');
    expect(seen).toHaveLength(2);
    expect(seen[1]).toMatch(/^# WRONG: .*GET/);
    const { mode } = controller.state();
    expect(mode).toMatchObject({ kind: 'approve', difference: [expect.stringContaining('HEAD')] });
    await press(controller, 'y');
    expect((await home.policy(plan)).grants).toMatchObject([
      { request: request.id, change: { ...routeProposal, methods: ['HEAD'] } },
    ]);
  });

  it.each<[string, Editor]>([
    ['an empty file', async () => '# nothing\n'],
    ['the same wrong file twice', async (text) => text.replace('"GET"', '"get"')],
  ])('takes %s for giving up', async (_name, edit) => {
    await home.ask(plan);
    const controller = start(edit);
    await untilListed(controller);
    await press(controller, 'e');
    expect(controller.state()).toMatchObject({
      mode: { kind: 'list' },
      message: { text: 'Nothing was edited.' },
    });
    expect((await home.policy(plan)).grants).toEqual([]);
  });

  it('rejects with the note', async () => {
    const request = await home.ask(plan);
    const controller = start();
    await untilListed(controller);
    await press(controller, 'r');
    controller.paste('Use the mirror.\nPlease.');
    controller.press({ kind: 'enter' });
    await controller.settled();
    const entry = await home.operator().find(request.id, null);
    expect(entry).toMatchObject({ status: 'rejected', decision: { notes: 'Use the mirror. Please.' } });
  });

  it('tells who was first', async () => {
    const request = await home.ask(plan);
    const other = home.operator({ operator: 'carol' });
    // The list does not hear of it before it answers.
    const late: Operator = {
      ...home.operator(),
      async *watch() {
        yield await home.operator().snapshot();
      },
    };
    const controller = start(undefined, late);
    await untilListed(controller);
    const { signal } = new AbortController();
    await other.reject({ id: request.id, bottle: null, notes: 'No.', seenRevision: null }, signal);
    await press(controller, 'ay');
    expect(controller.state().message).toMatchObject({
      tone: 'failed',
      text: expect.stringMatching(/carol rejected req-/),
    });
    expect((await home.policy(plan)).grants).toEqual([]);
  });

  it('asks again when the policy has changed since the difference was shown', async () => {
    const first = await home.ask(plan);
    const second = await home.ask(plan, { proposal: { ...routeProposal, host: 'second.example.com' } });
    const controller = start();
    await untilListed(controller, 2);
    controller.press({ kind: 'text', text: 'a' });
    const shown = controller.state().mode;
    expect(shown).toMatchObject({ kind: 'approve', entry: { request: { id: first.id }, revision: 0 } });
    const { signal } = new AbortController();
    const answer = { id: second.id, bottle: null, notes: '', seenRevision: null };
    await home.operator().approve({ ...answer, proposal: null, save: false }, signal);
    await press(controller, 'y');
    expect(controller.state()).toMatchObject({
      mode: { kind: 'approve', entry: { request: { id: first.id }, revision: 1 } },
      message: { text: expect.stringContaining('changed since') },
    });
    expect((await home.policy(plan)).grants).toHaveLength(1);
    await press(controller, 'y');
    expect((await home.policy(plan)).grants).toHaveLength(2);
  });

  it('takes no pasted text for keys', async () => {
    await home.ask(plan);
    const controller = start();
    await untilListed(controller);
    controller.paste('a');
    expect(controller.state().mode).toEqual({ kind: 'list' });
    await press(controller, 'a');
    controller.paste('y');
    await controller.settled();
    expect((await home.policy(plan)).grants).toEqual([]);
  });
});
