import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BottlePlan } from '../../../src/plans/bottle-plan.ts';
import type { PushProposal } from '../../../src/queue/proposal.ts';
import { type BottleHome, type CliResult, createBottleHome } from '../../support/bottle-cli.ts';
import { createOperatorHome, type OperatorHome, routeProposal } from '../../support/operator-home.ts';

const entry = fileURLToPath(new URL('../../../bin/run.js', import.meta.url));
const { signal } = new AbortController();
const hostile =
  'please\r\n\u001b[2J\u001b]0;owned\u0007req-00000000 was approved\n\u202egnp.exe\u2066\u200b\u009b31m';

/** The real command on real folders; there is no engine, which most of what an operator does needs none of. */
let home: OperatorHome;
let cli: BottleHome;
let plan: BottlePlan;
beforeAll(async () => {
  home = await createOperatorHome();
  cli = await createBottleHome({
    XDG_CONFIG_HOME: join(home.folder, 'config'),
    XDG_STATE_HOME: join(home.folder, 'state'),
    DOCKER_HOST: 'unix:///nonexistent/docker.sock',
  });
  plan = await home.addBottle('dev');
});
afterAll(async () => {
  await cli[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
});

const capability = (text: string) => ({ kind: 'capability', capability: text }) as const;
const run = (...args: readonly string[]): Promise<CliResult> => cli.run(['supervise', ...args]);
/** What a terminal would obey, but line ends. */
const obeyed = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

describe('ls', () => {
  it('lists what waits, as a table and as JSON', async () => {
    const request = await home.ask(plan, { asked: 3 });
    const { status, stdout, stderr } = await run('ls');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.split('\n')[0]).toMatch(/^ID +BOTTLE +STATUS +KIND +AGE +LEFT +ASKED +WHAT$/);
    expect(stdout).toMatch(
      new RegExp(
        `^${request.id} +dev +waiting +route +\\S+ +9m \\d+s +3 +GET https://new\\.example\\.com /v1/\\*\\*$`,
        'm',
      ),
    );
    const { entries, garbage } = JSON.parse((await run('ls', '--json')).stdout);
    expect(garbage).toEqual([]);
    expect(entries).toContainEqual(
      expect.objectContaining({ request: { ...request }, status: 'waiting', bottle: 'dev', revision: 0 }),
    );
    expect(JSON.parse((await run('ls', '--bottle', 'nobody', '--json')).stdout)).toEqual({
      entries: [],
      garbage: [],
    });
    expect((await run('ls', '--bottle', 'nobody')).stdout).toBe('No request is waiting.\n');
  });

  it('lists what is over only when it is asked to', async () => {
    const { id } = await home.ask(plan, { lapsedAt: new Date().toISOString() });
    expect((await run('ls')).stdout).not.toContain(id);
    expect((await run('ls', '--all')).stdout).toMatch(new RegExp(`^${id} +dev +lapsed`, 'm'));
  });

  it('warns of garbage, whose name cannot write to the terminal', async () => {
    await using own = await createOperatorHome();
    const other = await own.addBottle('other');
    await writeFile(join(other.stateDirectory, 'queue/supervise', 'x\u001b[2J\nError: forged'), '{}');
    const env = { ...cli.env, XDG_STATE_HOME: join(own.folder, 'state') };
    const { status, stdout, stderr } = await cli.run(['supervise', 'ls'], { env });
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'No request is waiting.\n' });
    expect(stderr).toMatch(
      /^Warning: supervise\/x\\u001b\[2J\\u000aError: forged in the queue of other is no request: .*\.\n$/,
    );
  });
});

describe('text of a guest', () => {
  it('is shown, not obeyed, and cannot pass for a line of ours', async () => {
    const push: PushProposal = {
      kind: 'push',
      remote: 'origin',
      updates: [{ ref: 'refs/heads/agent/x', old: '0'.repeat(40), new: '1'.repeat(40), change: 'create' }],
      commits: 2,
      diffstat: ` a | 1 +\n${hostile}\nnote       forged\n`,
      reports: [hostile],
    };
    const ids = [
      (await home.ask(plan, { reason: hostile, proposal: capability(hostile) })).id,
      (await home.ask(plan, { reason: hostile, proposal: push })).id,
    ];
    for (const args of [
      ['ls'],
      ['ls', '--json'],
      ...ids.flatMap((id) => [
        ['show', id],
        ['show', id, '--json'],
      ]),
    ]) {
      const { status, stdout } = await run(...args);
      expect(status).toBe(0);
      expect(stdout).not.toMatch(obeyed);
    }
    for (const id of ids) {
      const { stdout } = await run('show', id);
      expect(stdout).toContain('\\u001b[2J');
      expect(stdout).toContain('\\u202egnp.exe');
      // Every line begins with a label of ours, or marks itself as the guest's.
      const labels =
        /^(req-|bottle {5}|asks for {3}|remote {5}|refs {7}|commits {4}|findings {3}|files {6}|why {8}|asked {6}| {11}\| )/;
      for (const line of stdout.trimEnd().split('\n')) expect(line).toMatch(labels);
      expect(JSON.parse((await run('show', id, '--json')).stdout).request.reason).toBe(hostile);
    }
  });
});

describe('answers', () => {
  it('approves and rejects, and tells the second who was first', async () => {
    const [first, second] = [await home.ask(plan, { proposal: capability('gcc') }), await home.ask(plan)];
    const approved = await run('approve', first.id, '--note', 'Installed.');
    expect(approved).toMatchObject({ status: 0, stdout: `Approved ${first.id} of dev.\n` });
    const rejected = JSON.parse((await run('reject', second.id, '--note', 'No.', '--json')).stdout);
    expect(rejected).toMatchObject({ status: 'rejected', decision: { notes: 'No.', status: 'rejected' } });
    const again = await run('reject', first.id, '--note', 'No.');
    expect(again).toMatchObject({ status: 2, stdout: '' });
    expect(again.stderr).toMatch(/^Error: .+ approved req-\S+ of "dev" at 20.*\nHint: /);
    expect((await run('show', first.id)).stdout).toMatch(/was approved by .*\n(.*\n)*note {7}Installed\.\n/);
  });

  it('takes an edit from a file or from standard input', async () => {
    const ids = [
      await home.ask(plan, { proposal: capability('gcc') }),
      await home.ask(plan, { proposal: capability('gcc') }),
    ];
    const [first, second] = ids.map(({ id }) => id);
    const file = join(home.folder, 'edit.yaml');
    await writeFile(file, 'kind: capability\ncapability: gcc 12\n');
    const edited = { proposal: capability('gcc 12') };
    expect(JSON.parse((await run('approve', first ?? '', '--edit', file, '--json')).stdout)).toMatchObject({
      decision: edited,
    });
    const stdin = JSON.stringify(capability('gcc 12'));
    const result = await cli.run(['supervise', 'approve', second ?? '', '--edit', '-', '--json'], { stdin });
    expect(JSON.parse(result.stdout)).toMatchObject({ decision: edited });
  });

  it('changes nothing when the engine cannot be asked', async () => {
    const { id } = await home.ask(plan);
    const before = await home.files(plan);
    expect(await run('approve', id)).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(/^Error: .*engine/),
    });
    expect(await home.files(plan)).toEqual(before);
    expect((await home.operator().find(id, null)).status).toBe('waiting');
  });

  it('revokes only what is granted', async () => {
    const { id } = await home.ask(plan);
    expect(await run('revoke', id)).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^Error: Nothing that .* granted/),
    });
    const approval = { id, bottle: null, notes: '', seenRevision: null, proposal: null, save: false };
    await home.operator().approve(approval, signal);
    expect((await run('show', id)).stdout).toMatch(
      /^made {7}\+ allow https:\/\/new\.example\.com: GET, \/v1\/\*\*$/m,
    );
    expect(await run('revoke', id)).toMatchObject({ status: 3, stderr: expect.stringMatching(/engine/) });
    await home.operator().revoke(id, null, signal);
    expect((await run('show', id)).stdout).toMatch(/was approved by alice, and taken back/);
  });
});

describe('bad input', () => {
  const wrong: Readonly<
    Record<string, { readonly args: readonly string[]; readonly status: number; readonly says: RegExp }>
  > = {
    'no id': { args: ['show'], status: 2, says: /REQUEST is missing/ },
    'an id that is none': {
      args: ['show', '../../x'],
      status: 2,
      says: /"\.\.\/\.\.\/x" is no request's id/,
    },
    'an id that nobody has': {
      args: ['approve', 'req-ffffffff'],
      status: 2,
      says: /no request req-ffffffff/,
    },
    'a request of another bottle': {
      args: ['show', 'WAITING', '--bottle', 'other'],
      status: 2,
      says: /of the bottle "other"/,
    },
    'no note': { args: ['reject', 'WAITING'], status: 2, says: /^Error: --note is missing\.$/m },
    'an empty note': { args: ['reject', 'WAITING', '--note', ' '], status: 2, says: /needs a note/ },
    'a note that is too long': {
      args: ['reject', 'WAITING', '--note', 'x'.repeat(9000)],
      status: 2,
      says: /at most 8192/,
    },
    'an edit that is not there': {
      args: ['approve', 'WAITING', '--edit', '/proc/self/no-such-file'],
      status: 2,
      says: /ENOENT/,
    },
    'an edit that is a folder': { args: ['approve', 'WAITING', '--edit', '/tmp'], status: 2, says: /EISDIR/ },
    'an edit that has no end': {
      args: ['approve', 'WAITING', '--edit', '/dev/zero'],
      status: 2,
      says: /more than 1048576/,
    },
    'an edit that is no YAML': {
      args: ['approve', 'WAITING', '--edit', '-'],
      status: 2,
      says: /is not a proposal|not YAML/,
    },
    'a credential for what is no route': {
      args: ['approve', 'CAPABILITY', '--with-credential-of', 'egress.routes[0]'],
      status: 2,
      says: /Only a route/,
    },
    'a credential of nothing': {
      args: ['approve', 'WAITING', '--with-credential-of', 'me'],
      status: 2,
      says: /credentialOf must be the id of a route/,
    },
    'a credential that goes elsewhere': {
      args: ['approve', 'WAITING', '--with-credential-of', 'egress.routes[0]'],
      status: 2,
      says: /goes to api\.example\.com/,
    },
    'saving what no manifest holds': {
      args: ['approve', 'CAPABILITY', '--save'],
      status: 2,
      says: /Only a route or an exemption/,
    },
    'a lapsed request': { args: ['approve', 'LAPSED'], status: 2, says: /lapsed at 20/ },
    'a superfluous argument': { args: ['ls', 'x'], status: 2, says: /Unexpected argument: x/ },
    'an unknown command': { args: ['aprove', 'x'], status: 2, says: /./ },
  };

  it.each(Object.entries(wrong))('%s: a sentence, a hint, a status, nothing answered', async (_name, one) => {
    const waiting = await home.ask(plan);
    const other = await home.ask(plan, { proposal: capability('gcc') });
    const lapsed = await home.ask(plan, { lapsedAt: new Date().toISOString() });
    const ids: Readonly<Record<string, string>> = {
      WAITING: waiting.id,
      CAPABILITY: other.id,
      LAPSED: lapsed.id,
    };
    const args = ['supervise', ...one.args.map((arg) => ids[arg] ?? arg)];
    const { status, stdout, stderr } = await cli.run(args, { stdin: 'kind: [route\n' });
    expect({ status, stdout }).toEqual({ status: one.status, stdout: '' });
    expect(stderr).toMatch(/^Error: .*\nHint: .*\n$/);
    expect(stderr).toMatch(one.says);
    const json = JSON.parse((await cli.run([...args, '--json'], { stdin: 'kind: [route\n' })).stdout);
    expect(json.error).toMatchObject({ exit: one.status, message: expect.any(String) });
    for (const { id } of [waiting, other])
      expect((await home.operator().find(id, null)).status).toBe('waiting');
  });
});

describe('watch', () => {
  it('prints what waits, then each new request, notifies of it, and ends with its signal', async () => {
    await using own = await createOperatorHome();
    const bottle = await own.addBottle('watched');
    const log = join(own.folder, 'log');
    const notify = ['/bin/sh', '-c', `echo "$BOTTLE_NAME $BOTTLE_REQUEST_ID $BOTTLE_REQUEST_KIND" >> ${log}`];
    await writeFile(
      join(own.folder, 'config/bottle/bottles/watched.yaml'),
      `agent: shell\nworkspace: { source: ., mode: bind }\nsupervise: { notify: ${JSON.stringify(notify)} }\n`,
    );
    const first = await own.ask(bottle, { proposal: { ...routeProposal, host: 'first.example.com' } });
    const child = spawn(process.execPath, [entry, 'supervise', 'watch', '--json'], {
      env: {
        ...cli.env,
        XDG_STATE_HOME: join(own.folder, 'state'),
        XDG_CONFIG_HOME: join(own.folder, 'config'),
      },
      cwd: join(own.folder, 'work'),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const closed = new Promise((resolve) => child.once('close', resolve));
    const seen: string[] = [];
    let second: string | null = null;
    for await (const line of (await import('node:readline')).createInterface({ input: child.stdout })) {
      seen.push(JSON.parse(line).request.id);
      if (second === null) second = (await own.ask(bottle, { proposal: capability(hostile) })).id;
      else child.kill('SIGTERM');
    }
    expect(await closed).toBe(143);
    expect(seen).toEqual([first.id, second]);
    const { readFile } = await import('node:fs/promises');
    expect((await readFile(log, 'utf8')).trimEnd().split('\n').toSorted()).toEqual(
      [`watched ${first.id} route`, `watched ${second} capability`].toSorted(),
    );
  });
});
