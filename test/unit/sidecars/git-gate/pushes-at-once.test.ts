import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { git } from '../../../support/git.ts';
import { type SshUpstream, startSshUpstream } from '../../../support/git-upstreams.ts';
import { sendBytes, toObjectId, toPack, toPushBytes } from './raw-client.ts';
import { startGate, type TestGate, toRemote, toSshUpstreamPlan } from './start-gate.ts';

let folder: string;
let upstream: SshUpstream;
let gate: TestGate;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bottle-at-once-'));
  upstream = await startSshUpstream();
  git(folder, 'init', '--quiet', '--initial-branch=main');
  git(folder, 'commit', '--quiet', '--allow-empty', '--message', 'first');
  git(folder, 'push', '--quiet', upstream.directory, 'main');
  gate = await startGate({
    remotes: [toRemote(toSshUpstreamPlan(upstream))],
    values: { 'secret-0': upstream.privateKey },
  });
});

afterAll(async () => {
  await gate[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Commands of the git processes that the gate has started itself and that run now. */
function readCommands(): readonly string[] {
  const gatePid = String(gate.child.pid);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        // The parent's id is the second field behind the name, which stands in brackets.
        const [, parent] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
        return parent === gatePid ? [readFileSync(`/proc/${pid}/cmdline`, 'latin1')] : [];
      } catch {
        // It ended meanwhile.
        return [];
      }
    });
}

/** A commit of so many folders that are all the same one, of as many files: a few kilobytes that name a multitude. */
function toWideCommit(count: number, message: string) {
  const file = Buffer.from('x');
  const list = (mode: string, id: string): Buffer =>
    Buffer.concat(
      Array.from({ length: count }, (_, index) =>
        Buffer.concat([Buffer.from(`${mode} ${String(index).padStart(6, '0')}\0`), Buffer.from(id, 'hex')]),
      ),
    );
  const folder = list('100644', toObjectId('blob', file));
  const root = list('40000', toObjectId('tree', folder));
  const person = 'a <a@b> 1700000000 +0000';
  const commit = Buffer.from(
    `tree ${toObjectId('tree', root)}\nauthor ${person}\ncommitter ${person}\n\n${message}\n`,
  );
  const pack = toPack([
    { type: 3, body: file },
    { type: 2, body: folder },
    { type: 2, body: root },
    { type: 1, body: commit },
  ]);
  return { id: toObjectId('commit', commit), pack };
}

it('pushes at once are looked through one after the other, and all are taken', async () => {
  const answers = [1, 2, 3].map((count) => {
    const { id, pack } = toWideCommit(200, `wide ${count}`);
    const ref = `refs/heads/agent/wide-${count}`;
    return sendBytes(gate.port, toPushBytes('/forge.example/o/r', ref, id, pack), false);
  });
  let most = 0;
  let open = true;
  const done = Promise.all(answers).finally(() => {
    open = false;
  });
  while (open) {
    most = Math.max(most, readCommands().filter((command) => command.includes('diff-tree')).length);
    await delay(1);
  }
  for (const answer of await done) expect(answer).toContain('unpack ok');
  expect(git(upstream.directory, 'for-each-ref', 'refs/heads/agent/wide-*').split('\n')).toHaveLength(3);
  expect(most).toBe(1);
});
