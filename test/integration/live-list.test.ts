import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BottlePlan } from '../../src/plans/bottle-plan.ts';
import { createOperatorHome, type OperatorHome, routeProposal } from '../support/operator-home.ts';
import { hostileText } from '../support/queue-entries.ts';
import { openTerminal, type Terminal, whyNoTerminal } from '../support/terminal.ts';

const program = fileURLToPath(new URL('../support/live-list-process.ts', import.meta.url));
const entry = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const reason = await whyNoTerminal();

describe('the live list in a terminal', () => {
  let stack = new AsyncDisposableStack();
  let home: OperatorHome;
  let plan: BottlePlan;
  beforeEach(async ({ skip }) => {
    skip(reason !== null, reason ?? '');
    stack = new AsyncDisposableStack();
    home = stack.use(await createOperatorHome());
    plan = await home.addBottle('dev');
  });
  afterEach(() => stack.disposeAsync());

  const open = async (
    size: { readonly columns: number; readonly rows: number } = { columns: 100, rows: 30 },
    env: Readonly<Record<string, string>> = {},
    argv: readonly string[] = [program, home.stateHome, 'bob'],
  ): Promise<Terminal> =>
    stack.use(
      await openTerminal([process.execPath, ...argv], {
        ...size,
        env: {
          HOME: home.folder,
          XDG_CONFIG_HOME: join(home.folder, 'config'),
          XDG_STATE_HOME: join(home.folder, 'state'),
          TERM: 'xterm-256color',
          NO_COLOR: '',
          ...env,
        },
      }),
    );

  it('shows a request as it comes, and approves it with the difference on the screen', async () => {
    const terminal = await open();
    await terminal.until(/Nothing waits/);
    const request = await home.ask(plan);
    await terminal.until(new RegExp(`> ${request.id} .*GET https://new.example.com /v1`));
    await terminal.press('a');
    await terminal.until(
      /Approve req-[0-9a-f]+ of dev\?\nIt would change the policy:\n {2}\+ allow https:\/\/new/,
    );
    const coloured = await terminal.screen({ escapes: true });
    expect(coloured.find((line) => line.includes('+ allow'))).toContain('\u001b[32m');
    await terminal.press('y');
    await terminal.until(/is approved\./);
    expect((await home.policy(plan)).grants).toMatchObject([{ request: request.id }]);
    await terminal.press('Tab');
    await terminal.until(/approved {2}GET/);
    await terminal.press('v');
    await terminal.until(/Connections that use it are cut at once/);
    await terminal.press('y');
    await terminal.until(/is taken back/);
    expect((await home.policy(plan)).grants).toEqual([]);
  });

  it('rejects with a note that is typed or pasted', async () => {
    const request = await home.ask(plan);
    const terminal = await open();
    await terminal.until(new RegExp(request.id));
    await terminal.press('r');
    await terminal.until(/Why not\?/);
    await terminal.press('N', 'o', 'x');
    await terminal.until(/Why not\? Nox/);
    await terminal.press('BSpace');
    await terminal.until(/Why not\? No\s/);
    await terminal.press(':', 'Space');
    await terminal.paste('use y\nand q.');
    await terminal.until(/Why not\? No: use y and q\./);
    await terminal.press('Enter');
    await terminal.until(/is rejected/);
    const { decision } = await home.operator().find(request.id, null);
    expect(decision).toMatchObject({ status: 'rejected', notes: 'No: use y and q.', operator: 'bob' });
  });

  it('takes no pasted text for an answer', async () => {
    const request = await home.ask(plan);
    const terminal = await open();
    await terminal.until(new RegExp(request.id));
    await terminal.paste('ay');
    await terminal.press('a');
    await terminal.until(/^y yes/m);
    await terminal.paste('y');
    await terminal.press('n');
    await terminal.until(/^a approve/m);
    expect((await home.operator().find(request.id, null)).status).toBe('waiting');
  });

  it('opens the editor, puts a wrong edit back, and approves what was edited', async () => {
    const request = await home.ask(plan);
    const editor = join(home.folder, 'edit.sh');
    await writeFile(
      editor,
      `#!/bin/sh\ntty >/dev/null || exit 7\ncp "$2" "${home.folder}/seen.$1.$(ls "${home.folder}" | grep -c seen)"
if grep -q WRONG "$2"; then sed -i 's/"get"/"HEAD"/' "$2"; else sed -i 's/"GET"/"get"/' "$2"; fi\n`,
    );
    await chmod(editor, 0o755);
    const terminal = await open(undefined, { VISUAL: `${editor} word`, EDITOR: 'false' });
    await terminal.until(new RegExp(request.id));
    await terminal.press('e');
    await terminal.until(/as edited\?\n.*\n {2}\+ allow https:\/\/new\.example\.com: HEAD/);
    expect(await readFile(join(home.folder, 'seen.word.1'), 'utf8')).toMatch(/^# WRONG: methods\[0\]/);
    await terminal.press('y');
    await terminal.until(/is approved/);
    expect((await home.policy(plan)).grants).toMatchObject([
      { change: { ...routeProposal, methods: ['HEAD'] } },
    ]);
  });

  it('says when the editor fails, and changes nothing', async () => {
    const request = await home.ask(plan);
    const terminal = await open(undefined, { VISUAL: '', EDITOR: 'false' });
    await terminal.until(new RegExp(request.id));
    await terminal.press('e');
    await terminal.until(/The editor "false" failed: status 1\./);
    expect((await home.operator().find(request.id, null)).status).toBe('waiting');
  });

  it("has nothing of a guest's obeyed by the terminal", async () => {
    await home.ask(plan, { proposal: { kind: 'capability', capability: hostileText }, reason: hostileText });
    await home.ask(plan, { proposal: { kind: 'exemption', route: 'egress.routes[1]', rule: hostileText } });
    const terminal = await open();
    // A screen that obeyed would have been cleared, or would show the last letters first.
    await terminal.until(/ok\\u001b\[2J\\u001b\]0;owned\\u0007\\u009b1A\\u000d\\u202egnp/);
    await terminal.press('j');
    await terminal.until(/^> .* exemption /m);
    await terminal.press('Enter');
    await terminal.until(/rule +ok\\u001b\[2J/);
    expect((await terminal.screen())[0]).toMatch(/^bottle supervise: 2 waiting/);
  });

  it('fits when the window changes, however small', async () => {
    for (let count = 0; count < 40; count += 1) await home.ask(plan);
    const terminal = await open();
    await terminal.until(/40 waiting/);
    await terminal.resize(40, 10);
    await terminal.until(/^ {2}BOTTLE {4}LEFT/m);
    await terminal.press('G', 'End');
    await terminal.until(/^> dev/m);
    await terminal.resize(10, 3);
    await terminal.until(/^> GET htt…$/m);
    await terminal.resize(120, 40);
    const text = await terminal.until(/^> req-.*GET/m);
    expect(text.match(/^> /gm)).toHaveLength(1);
    expect(text.match(/^bottle supervise/gm)).toHaveLength(1);
  });

  it('has no colour with NO_COLOR', async () => {
    const request = await home.ask(plan);
    const terminal = await open(undefined, { NO_COLOR: '1' });
    await terminal.until(new RegExp(request.id));
    const coloured = (await terminal.screen({ escapes: true })).join('\n');
    expect(coloured).toContain('\u001b[');
    for (const code of [30, 31, 32, 33, 34, 35, 36, 37]) expect(coloured).not.toContain(`[${code}m`);
  });

  it.each<[string, (terminal: Terminal) => Promise<void>, number, string]>([
    ['q', (terminal) => terminal.press('q'), 0, 'quit'],
    ['Ctrl-C', (terminal) => terminal.press('C-c'), 0, 'interrupt'],
    ['SIGTERM', async (terminal) => void process.kill(await terminal.pid(), 'SIGTERM'), 0, 'interrupt'],
    ['SIGINT', async (terminal) => void process.kill(await terminal.pid(), 'SIGINT'), 0, 'interrupt'],
  ])('leaves the terminal as it was, on %s', async (_name, leave, status, how) => {
    const request = await home.ask(plan);
    const terminal = await open();
    await terminal.until(new RegExp(request.id));
    await terminal.press('a');
    await terminal.until(/^y yes/m);
    if (how === 'quit') {
      await terminal.press('n');
      await terminal.until(/^a approve/m);
    }
    await leave(terminal);
    const text = await terminal.until(/^over$/m);
    expect(text).toContain(`left by ${how}\nended with ${status}`);
    // The list was on a screen of its own, and keys are echoed again.
    expect(text).not.toContain(request.id);
    expect(text).toMatch(/^icanon/m);
    expect(text).toMatch(/^echo/m);
  });

  it.each<[string, string, number]>([
    ['q', 'q', 0],
    ['Ctrl-C', 'C-c', 130],
  ])('is what "bottle supervise" shows; its status on %s is its own', async (_name, key, status) => {
    const request = await home.ask(plan, { proposal: { kind: 'capability', capability: 'A GPU.' } });
    const terminal = await open(undefined, {}, [entry, 'supervise']);
    await terminal.until(new RegExp(`> ${request.id} +dev +capability`));
    await terminal.press(key);
    await terminal.until(new RegExp(`ended with ${status}`));
  });
});
