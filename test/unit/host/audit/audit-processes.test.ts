import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AuditHome, createAuditHome } from './audit-home.ts';

const logModule = new URL('../../../../src/host/audit/audit-log.ts', import.meta.url).href;

let home: AuditHome;
beforeEach(async () => {
  home = await createAuditHome();
});
afterEach(() => home[Symbol.asyncDispose]());

/** A process that appends `count` lines under a name of its own, and prints each when it is on the disk. */
function startWriter(name: string, count: number): ChildProcess & { readonly said: string[] } {
  const script = `
    import { openAuditLog } from ${JSON.stringify(logModule)};
    const log = openAuditLog({ stateHome: ${JSON.stringify(home.folder)}, operator: ${JSON.stringify(name)}, now: Date.now });
    for (let index = 0; index < ${count}; index++) {
      const notes = ${JSON.stringify(name)} + ':' + index + ':' + 'x'.repeat(index * 50 % 9000);
      await log.append([{ event: 'decided', request: 'req-00000000', status: 'rejected', notes, proposal: null, bottle: 'dev', slug: 'dev-0000' }]);
      console.log(notes.split(':', 2).join(':'));
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said: string[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    said.push(...lines);
  });
  return Object.assign(child, { said });
}

const whenClosed = (child: ChildProcess) => new Promise((resolve) => child.once('close', resolve));

async function readNotes(): Promise<readonly string[]> {
  const notes: string[] = [];
  for await (const { entry } of home.log.entries()) {
    if (entry.event === 'decided') notes.push(entry.notes.split(':', 2).join(':'));
  }
  return notes;
}

describe('several processes at one log', () => {
  it('lose no line and break no chain', { timeout: 60_000 }, async () => {
    const writers = ['a', 'b', 'c'].map((name) => startWriter(name, 40));
    await Promise.all(writers.map(whenClosed));
    expect(await home.log.verify()).toMatchObject({ kind: 'intact', lines: 120, note: null });
    const notes = await readNotes();
    for (const [index, writer] of writers.entries()) {
      const own = notes.filter((note) => note.startsWith(`${'abc'[index]}:`));
      // Each process's own lines are in its own order.
      expect(own).toEqual(writer.said);
      expect(own).toHaveLength(40);
    }
  });

  it('keep all that was said to be written, whenever they are killed', { timeout: 120_000 }, async () => {
    const promised: string[] = [];
    for (let round = 0; round < 12; round++) {
      const victim = startWriter(`v${round}`, 1_000);
      const other = startWriter(`o${round}`, 5);
      const closed = Promise.all([whenClosed(victim), whenClosed(other)]);
      const isEnough = () => victim.said.length >= 1 + (round % 4);
      while (!isEnough()) await new Promise((resolve) => victim.stdout?.once('data', resolve));
      // At another moment of its work each time.
      const until = performance.now() + round * 0.7;
      while (performance.now() < until);
      victim.kill('SIGKILL');
      await closed;
      expect(other.said).toHaveLength(5);
      promised.push(...victim.said, ...other.said);
      expect(await home.log.verify()).toMatchObject({ kind: 'intact' });
    }
    const notes = await readNotes();
    expect(new Set(notes).size).toBe(notes.length);
    expect(notes).toEqual(expect.arrayContaining(promised));
    expect((await readFile(home.path, 'utf8')).endsWith('\n')).toBe(true);
    expect((await stat(home.path)).mode & 0o777).toBe(0o600);
  });
});
