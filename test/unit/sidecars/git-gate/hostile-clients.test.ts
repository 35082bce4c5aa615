import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { toPktLine } from '../../../../src/sidecars/git-gate/request/pkt-line.ts';
import { git, gitEnvironment } from '../../../support/git.ts';
import { type SshUpstream, startSshUpstream } from '../../../support/git-upstreams.ts';
import { type PackEntry, sendBytes, toCopyDelta, toObjectId, toPack, toPushBytes } from './raw-client.ts';
import { runClient, startGate, type TestGate, toRemote, toSshUpstreamPlan } from './start-gate.ts';

const mebibyte = 1024 * 1024;
let folder: string;
let copy: string;
let upstream: SshUpstream;
let gate: TestGate;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bottle-hostile-'));
  copy = join(folder, 'copy');
  upstream = await startSshUpstream();
  const seed = join(folder, 'seed');
  git(folder, 'init', '--quiet', '--initial-branch=main', 'seed');
  git(seed, 'commit', '--quiet', '--allow-empty', '--message', 'first');
  git(seed, 'push', '--quiet', upstream.directory, 'main');
  gate = await startGate({
    remotes: [toRemote(toSshUpstreamPlan(upstream))],
    values: { 'secret-0': upstream.privateKey },
    limits: { requestTimeoutMs: 1_000, maxConnections: 6, maxGitMemoryBytes: 256 * mebibyte },
  });
  await runClient(folder, 'clone', '--quiet', gate.url(), 'copy');
  git(copy, 'checkout', '--quiet', '-b', 'agent/work');
});

afterAll(async () => {
  await gate[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const leftovers = () =>
  readdirSync(join(gate.mirror(), 'objects')).filter((name) => name.includes('incoming'));
const refusals = () => gate.log.filter(({ event }) => event === 'blocked').length;

/** The positive control: after whatever was tried, the gate serves and takes pushes, and nothing is left behind. */
let round = 0;
afterEach(async () => {
  expect(gate.child.exitCode).toBeNull();
  round += 1;
  writeFileSync(join(copy, 'round.txt'), `${round}\n`);
  git(copy, 'add', 'round.txt');
  git(copy, 'commit', '--quiet', '--message', 'a round');
  expect(await runClient(copy, 'push', '--quiet', 'origin', 'agent/work')).toEqual({ status: 0, output: '' });
  while (leftovers().length > 0) await delay(20);
  expect(git(gate.mirror(), 'for-each-ref')).toBe(git(upstream.directory, 'for-each-ref'));
  git(gate.mirror(), 'fsck', '--strict');
});

describe('bytes that are no request', () => {
  it.each([
    ['no length', 'GET / HTTP/1.1\r\n\r\n', 'not written as git writes one'],
    ['a flush', '0000', 'not written as git writes one'],
    ['an empty line', '0004', 'not written as git writes one'],
    ['a length below its own', '0003', 'not written as git writes one'],
    ['a line that is too long', 'ffff', 'not written as git writes one'],
    [
      'an archive',
      toPktLine('git-upload-archive /forge.example/o/r\0host=x\0'),
      'fetch and push, and nothing else',
    ],
    ['an option for a path', toPktLine('git-upload-pack --upload-pack=id\0host=x\0'), 'not written'],
    ['an option behind a slash', toPktLine('git-upload-pack /--upload-pack=id\0host=x\0'), 'no such remote'],
    [
      'a folder of the gate',
      toPktLine('git-upload-pack /var/lib/bottle/git-gate/mirrors/origin.git\0host=x\0'),
      'no such remote',
    ],
    ['a way up', toPktLine('git-upload-pack /../../etc/passwd\0host=x\0'), 'no such remote'],
    ['a command', toPktLine('git-upload-pack /$(id);id|id`id`\0host=x\0'), 'no such remote'],
  ])('%s is refused in one line, and logged', async (_name, bytes, words) => {
    const before = refusals();
    const answer = await sendBytes(gate.port, Buffer.from(bytes));
    expect(answer).toMatch(/^[0-9a-f]{4}ERR /);
    expect(answer).toContain(words);
    await expect.poll(refusals).toBe(before + 1);
  });

  it('nor anything else are a connection that ends at once, and no refusal', async () => {
    const before = refusals();
    expect(await sendBytes(gate.port, Buffer.from(''))).toBe('');
    expect(refusals()).toBe(before);
  });

  it('of any kind end in a refusal or a closed connection', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'git-upload-pack ',
        'git-receive-pack ',
        '/forge.example/o/r',
        '\0',
        'host=x\0',
        '0000',
        '0001',
        '0032',
        'ffff',
      ),
      fc.string({ unit: 'binary-ascii', maxLength: 8 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), fc.boolean(), async (pieces, framed) => {
        const text = Buffer.from(pieces.join(''));
        const answer = await sendBytes(gate.port, framed ? toPktLine(text) : text);
        expect(answer).toMatch(/^(?:|[0-9a-f]{4}.*)$/s);
      }),
      { numRuns: 60 },
    );
  });

  it('that come too slowly are cut off', async () => {
    const answer = await sendBytes(gate.port, Buffer.from('00'), false);
    expect(answer).toContain('did not come in time');
  });

  it('over more connections than may be open are refused, and the others go on', async () => {
    const open = Array.from({ length: 6 }, () => connect(gate.port, '127.0.0.1').on('error', () => {}));
    await Promise.all(open.map((socket) => once(socket, 'connect')));
    expect(await sendBytes(gate.port, Buffer.from(''), false)).toContain('No more than 6 connections');
    for (const socket of open) socket.destroy();
    while ((await runClient(folder, 'ls-remote', gate.url())).status !== 0) await delay(20);
  });
});

describe('a pack', () => {
  const path = '/forge.example/o/r';
  const ref = 'refs/heads/agent/pack';
  const send = (id: string, pack: Uint8Array) =>
    sendBytes(gate.port, toPushBytes(path, ref, id, pack), false);
  const blob = (body: Uint8Array): PackEntry => ({ type: 3, body });
  const anyId = '1'.repeat(40);

  /** A commit of one file, whole. */
  function toCommit(file: Uint8Array): { readonly id: string; readonly entries: readonly PackEntry[] } {
    const tree = Buffer.concat([Buffer.from('100644 f\0'), Buffer.from(toObjectId('blob', file), 'hex')]);
    const person = 'a <a@b> 1700000000 +0000';
    const commit = Buffer.from(
      `tree ${toObjectId('tree', tree)}\nauthor ${person}\ncommitter ${person}\n\nmade by hand\n`,
    );
    return {
      id: toObjectId('commit', commit),
      entries: [blob(file), { type: 2, body: tree }, { type: 1, body: commit }],
    };
  }

  it('that is sound is taken', async () => {
    const { id, entries } = toCommit(Buffer.from('by hand\n'));
    expect(await send(id, toPack(entries))).toContain('unpack ok');
    expect(git(upstream.directory, 'rev-parse', 'agent/pack')).toBe(id);
  });

  // Unpacked, what is sent in a megabyte can take gigabytes: deltas against one file that no compression shortens.
  it('lies on disk as it was sent, however few objects it has', async () => {
    const { id, entries } = toCommit(Buffer.from('packed\n'));
    const before = readdirSync(join(gate.mirror(), 'objects/pack')).length;
    await sendBytes(gate.port, toPushBytes(path, `${ref}ed`, id, toPack(entries)), false);
    expect(git(gate.mirror(), 'cat-file', '-t', id)).toBe('commit');
    expect(existsSync(join(gate.mirror(), 'objects', id.slice(0, 2), id.slice(2)))).toBe(false);
    expect(readdirSync(join(gate.mirror(), 'objects/pack')).length).toBeGreaterThan(before);
  });

  it.each([
    [
      'whose checksum is wrong',
      () => Buffer.concat([toPack([blob(Buffer.from('x'))]).subarray(0, -1), Buffer.from([0])]),
    ],
    ['that is cut off within', () => toPack([blob(Buffer.alloc(4_000, 'abc'))]).subarray(0, 20)],
    ['that is no pack', () => Buffer.from('GARBAGE of any kind, and a little more of it')],
    [
      'that refers to what nobody has',
      () => toPack([{ type: 1, body: Buffer.from(`tree ${anyId}\n\nx\n`) }]),
    ],
    [
      'with a delta longer than git may have in memory',
      () =>
        toPack([blob(Buffer.alloc(60_000, 'abc')), { back: 1, delta: toCopyDelta(60_000, 60_000, 20_000) }]),
    ],
    ['with a delta against nothing', () => toPack([{ back: 9, delta: toCopyDelta(10, 10, 1) }])],
    ['larger than a push may be', () => toPack([blob(randomBytes(17 * mebibyte))])],
  ])('%s is refused, and logged', async (_name, make) => {
    const before = refusals();
    const pack = make();
    // Cut off: its sender goes away, as the process of one who was killed does.
    const cut = pack.length < 30;
    const answer = await sendBytes(gate.port, toPushBytes(path, ref, anyId, pack), cut);
    expect(answer).not.toContain('unpack ok');
    await waitFor(() => refusals() > before);
    expect(await gate.said('blocked', { reason: 'pack' })).toMatchObject({ layer: 'git', level: 'warn' });
  });

  it('whose file is small as sent and huge unpacked is refused', async () => {
    const huge = Buffer.alloc(300 * mebibyte);
    const { id, entries: objects } = toCommit(huge);
    const before = refusals();
    const answer = await send(id, toPack(objects));
    expect(answer).toContain('(too-large)');
    await expect.poll(refusals).toBeGreaterThan(before);
  });

  it('with thousands of deltas, each on the one before, is taken or refused, and holds nobody up', {
    timeout: 60_000,
  }, async () => {
    const base = Buffer.alloc(50_000, 'abc');
    const deltas = Array.from(
      { length: 4_000 },
      (): PackEntry => ({ back: 1, delta: toCopyDelta(50_000, 50_000, 1) }),
    );
    const { id, entries } = toCommit(base);
    const [file, ...rest] = entries;
    const answer = send(id, toPack([...(file === undefined ? [] : [file]), ...deltas, ...rest]));
    const meanwhile = await runClient(folder, 'ls-remote', gate.url());
    expect(meanwhile.status).toBe(0);
    expect(await answer).toMatch(/unpack|ERR/);
  });
});

describe('a client that goes away', () => {
  it('in the middle of its pack leaves nothing', async () => {
    writeFileSync(join(copy, 'noise.bin'), randomBytes(6 * mebibyte));
    git(copy, 'add', 'noise.bin');
    git(copy, 'commit', '--quiet', '--message', 'noise');
    const child = spawn('git', ['push', 'origin', 'HEAD:agent/killed'], {
      cwd: copy,
      env: { ...gitEnvironment },
      stdio: 'ignore',
      detached: true,
    });
    await waitFor(() => leftovers().length > 0);
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    await once(child, 'exit');
    git(copy, 'reset', '--quiet', '--hard', 'HEAD~1');
    await waitFor(() => leftovers().length === 0);
  });
});

async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(10);
}
