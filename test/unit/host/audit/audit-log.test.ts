import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFile,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../../../src/host/audit/audit-entry.ts';
import { type AuditHome, createAuditHome, toRecord } from './audit-home.ts';

let home: AuditHome;
beforeEach(async () => {
  home = await createAuditHome();
});
afterEach(() => home[Symbol.asyncDispose]());

/** Five lines, one append each. */
async function writeFive(): Promise<void> {
  for (let number = 1; number <= 5; number++) await home.log.append([toRecord(number)]);
}

async function readEntries(): Promise<readonly AuditEntry[]> {
  const found: AuditEntry[] = [];
  for await (const { entry } of home.log.entries()) found.push(entry);
  return found;
}

const hashOf = (line: string) => createHash('sha256').update(line).digest('hex');

describe('append', () => {
  it('writes lines that each hold the hash of the one before, for their owner alone', async () => {
    await home.log.append([toRecord(1), toRecord(2)]);
    await home.log.append([toRecord(3)]);
    const lines = await home.lines();
    const entries = await readEntries();
    expect(entries.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(entries.map(({ prev }) => prev)).toEqual([
      '0'.repeat(64),
      hashOf(lines[0] ?? ''),
      hashOf(lines[1] ?? ''),
    ]);
    expect(entries[2]).toMatchObject({
      version: 1,
      operator: 'alice',
      bottle: 'dev',
      time: '2027-01-15T08:00:00.000Z',
    });
    for (const path of [home.path, home.headPath]) expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await home.log.verify()).toEqual({
      kind: 'intact',
      lines: 3,
      hash: hashOf(lines[2] ?? ''),
      note: null,
    });
  });

  it('appends nothing for nothing', async () => {
    await home.log.append([]);
    expect(await home.log.verify()).toMatchObject({ kind: 'intact', lines: 0 });
    expect(await readEntries()).toEqual([]);
  });

  it('keeps what a terminal would obey as escapes, and means the same', async () => {
    const notes = '\u001b[2J\u009b2J\u202eevil\u2028\u{e0041}\u{1d173}\ud800 ok';
    await home.log.append([toRecord(1, notes)]);
    const [line = ''] = await home.lines();
    expect(line).toMatch(/^[\u0020-\u007e]*$/);
    expect((await readEntries())[0]).toMatchObject({ notes });
  });

  it('appends what is missing once, though twenty find it at once', async () => {
    const keyOf = (record: { slug: string; request?: string }) => `${record.slug} ${record.request}`;
    await home.log.append([toRecord(1)]);
    await Promise.all(
      Array.from({ length: 20 }, () =>
        home.log.appendMissing([toRecord(1), toRecord(2), toRecord(3)], keyOf),
      ),
    );
    expect((await readEntries()).map((entry) => 'request' in entry && entry.request)).toEqual([
      'req-00000001',
      'req-00000002',
      'req-00000003',
    ]);
  });

  it('refuses a log that is a link, or that cannot be written, and leaves what it leads to alone', async () => {
    const other = join(home.folder, 'other');
    await writeFile(other, 'mine\n');
    await symlink(other, home.path);
    await expect(home.log.append([toRecord(1)])).rejects.toMatchObject({
      code: 'audit-unwritable',
      message: expect.stringMatching(/ELOOP/),
    });
    expect(await readFile(other, 'utf8')).toBe('mine\n');
    await rm(home.path);
    await mkdir(home.path);
    await expect(home.log.append([toRecord(1)])).rejects.toMatchObject({ code: 'audit-unwritable' });
    await rm(home.path, { recursive: true });
    await home.log.append([toRecord(1)]);
    expect(await readdir(join(home.folder, 'locks'))).toEqual([]);
  });

  it.each([
    ['a folder', (path: string) => mkdir(path)],
    ['a pipe', (path: string) => execFileSync('mkfifo', [path])],
  ])('refuses %s in place of the log or its head, without waiting for it', async (_name, put) => {
    await home.log.append([toRecord(1)]);
    await rm(home.headPath);
    await put(home.headPath);
    const unusable = { code: expect.stringMatching(/^audit-(unwritable|broken)$/) };
    await expect(home.log.verify()).rejects.toMatchObject(unusable);
    await expect(home.log.append([toRecord(2)])).rejects.toMatchObject(unusable);
    await rm(home.path);
    await put(home.path);
    const unwritable = { code: 'audit-unwritable' };
    await expect(home.log.verify()).rejects.toMatchObject(unwritable);
    await expect(home.log.append([toRecord(2)])).rejects.toMatchObject(unwritable);
    await expect(readEntries()).rejects.toMatchObject(unwritable);
  });
});

describe('verify', () => {
  const flip = (text: string) => text.replace('"req-00000003"', '"req-0000000f"');
  const lines = (change: (lines: string[]) => string[]) => (text: string) =>
    `${change(text.split('\n').slice(0, -1)).join('\n')}\n`;

  const tampering: Readonly<
    Record<string, { readonly change: (text: string) => string; readonly says: RegExp }>
  > = {
    'a changed line': { change: flip, says: /Line 4 .*does not follow from the line before/ },
    'a changed last line': {
      change: (text) => text.replace('"req-00000005"', '"req-0000000f"'),
      says: /Line 5 .*was changed after it was written/,
    },
    'a changed first line': {
      change: (text) => text.replace('"req-00000001"', '"req-0000000f"'),
      says: /Line 2 .*does not follow/,
    },
    'a line that is gone': { change: lines((all) => all.toSpliced(2, 1)), says: /Line 3 .*has the number 4/ },
    'the first line gone': { change: lines((all) => all.slice(1)), says: /Line 1 .*has the number 2/ },
    'the last line gone': {
      change: lines((all) => all.slice(0, -1)),
      says: /had 5 lines, and the last of them are missing/,
    },
    'all lines gone': { change: () => '', says: /had 5 lines/ },
    'two lines that changed places': {
      change: lines(([one, two, three, ...more]) => [one, three, two, ...more].map(String)),
      says: /Line 2 .*has the number 3/,
    },
    'a line that is there twice': {
      change: lines((all) => [...all.slice(0, 2), ...all.slice(1)]),
      says: /Line 3 .*has the number 2/,
    },
    'a line put in, with the right number and hash': {
      change: lines((all) => {
        const forged = JSON.stringify({
          ...JSON.parse(all[2] ?? ''),
          prev: hashOf(all[1] ?? ''),
          notes: 'forged',
        });
        return [...all.slice(0, 2), forged, ...all.slice(3)];
      }),
      says: /Line 4 .*does not follow/,
    },
    'a line in the middle that is no JSON any more': {
      change: lines((all) => all.with(2, (all[2] ?? '').slice(0, 20))),
      says: /Line 4 .*does not follow/,
    },
    'an object that is no entry': {
      change: (text) => `${text}{"a":1}\n`,
      says: /Line 6 .*is none of bottle's/,
    },
    'a line put behind the end': {
      change: lines((all) => [...all, JSON.stringify({ ...JSON.parse(all[4] ?? ''), seq: 6 })]),
      says: /Line 6 .*does not follow/,
    },
  };

  it.each(Object.entries(tampering))('finds %s', async (_name, { change, says }) => {
    await writeFive();
    expect(await home.log.verify()).toMatchObject({ kind: 'intact', lines: 5 });
    await home.edit(change);
    expect(await home.log.verify()).toMatchObject({ kind: 'broken', message: expect.stringMatching(says) });
  });

  const atEnd = [
    'a changed last line',
    'the last line gone',
    'all lines gone',
    'an object that is no entry',
    'a line put behind the end',
  ];
  it.each(atEnd)('append refuses to go on after %s', async (name) => {
    await writeFive();
    await home.edit(tampering[name]?.change ?? String);
    const before = await readFile(home.path, 'utf8');
    await expect(home.log.append([toRecord(6)])).rejects.toMatchObject({ code: 'audit-broken', exit: 4 });
    expect(await readFile(home.path, 'utf8')).toBe(before);
  });

  it('finds that the log is gone, or its head, or that the head is damaged', async () => {
    await writeFive();
    const head = await readFile(home.headPath, 'utf8');
    await rm(home.headPath);
    await expect(home.log.verify()).rejects.toMatchObject({
      code: 'audit-broken',
      message: expect.stringMatching(/is missing/),
    });
    await expect(home.log.append([toRecord(6)])).rejects.toMatchObject({ code: 'audit-broken' });
    await writeFile(home.headPath, '{"version":1}');
    await expect(home.log.verify()).rejects.toMatchObject({ code: 'audit-broken' });
    await writeFile(home.headPath, head);
    await rm(home.path);
    expect(await home.log.verify()).toMatchObject({
      kind: 'broken',
      message: expect.stringMatching(/had 5 lines/),
    });
    await expect(home.log.append([toRecord(6)])).rejects.toMatchObject({ code: 'audit-broken' });
  });

  it('makes nothing where there is no log', async () => {
    await using empty = await createAuditHome();
    expect(await empty.log.verify()).toMatchObject({ kind: 'intact', lines: 0 });
    expect(await readdir(empty.folder)).toEqual([]);
  });
});

describe('after a crash', () => {
  it('goes on behind lines that were written without their head', async () => {
    await writeFive();
    const head = await readFile(home.headPath, 'utf8');
    await home.log.append([toRecord(6), toRecord(7)]);
    await writeFile(home.headPath, head);
    expect(await home.log.verify()).toMatchObject({
      kind: 'intact',
      lines: 7,
      note: expect.stringContaining('crash'),
    });
    await home.log.append([toRecord(8)]);
    expect(await home.log.verify()).toMatchObject({ kind: 'intact', lines: 8, note: null });
    expect((await readEntries()).map(({ event }) => event)).toEqual(Array(8).fill('decided'));
  });

  it('begins again where it was killed before the very first line, or within it', async () => {
    await home.log.append([toRecord(1)]);
    const emptyHead = { version: 1, seq: 0, hash: '0'.repeat(64), size: 0, lastLine: 0 };
    for (const left of ['', '{"version"']) {
      await writeFile(home.headPath, JSON.stringify(emptyHead));
      await writeFile(home.path, left);
      await home.log.append([toRecord(2)]);
      expect(await home.log.verify()).toMatchObject({
        kind: 'intact',
        lines: left === '' ? 1 : 3,
        note: null,
      });
    }
  });

  it('ends a line that was cut short at any byte, keeps it, and says so', async () => {
    await writeFive();
    const head = await readFile(home.headPath, 'utf8');
    const { size } = await stat(home.path);
    await home.log.append([toRecord(6, 'ü'.repeat(20))]);
    const whole = await readFile(home.path);
    for (let end = size + 1; end < whole.length; end += 7) {
      await writeFile(home.path, whole.subarray(0, end));
      await writeFile(home.headPath, head);
      expect(await home.log.verify()).toMatchObject({ kind: 'intact', lines: 6 });
      await home.log.append([toRecord(7)]);
      expect(await home.log.verify()).toMatchObject({ kind: 'intact', lines: 8, note: null });
      expect((await readFile(home.path)).subarray(0, end)).toEqual(whole.subarray(0, end));
      expect((await readEntries()).slice(5)).toMatchObject([
        { event: 'log-repaired', lines: 1, seq: 7 },
        { event: 'decided', seq: 8 },
      ]);
    }
  });

  it('takes a whole line without its line end for what it is', async () => {
    await writeFive();
    const head = await readFile(home.headPath, 'utf8');
    await home.log.append([toRecord(6)]);
    await writeFile(home.headPath, head);
    await truncate(home.path, (await stat(home.path)).size - 1);
    await home.log.append([toRecord(7)]);
    expect(await home.log.verify()).toMatchObject({ kind: 'intact', lines: 7, note: null });
    expect((await readEntries()).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('survives a second crash while it was putting the first one right', async () => {
    await writeFive();
    const head = await readFile(home.headPath, 'utf8');
    await appendFile(home.path, '{"version":1,"se');
    await home.log.append([toRecord(6)]);
    await writeFile(home.headPath, head);
    const text = await readFile(home.path, 'utf8');
    // The line end of the torn line was written, and half of what says so.
    await writeFile(home.path, text.slice(0, text.indexOf('"log-repaired"')));
    await home.log.append([toRecord(7)]);
    expect(await home.log.verify()).toMatchObject({ kind: 'intact', note: null });
    expect((await readEntries()).at(-2)).toMatchObject({ event: 'log-repaired', lines: 2 });
  });

  it('does not let somebody pass a broken line off as a crash', async () => {
    await writeFive();
    await appendFile(home.path, '{"version":1,"se');
    await home.log.append([toRecord(6)]);
    expect(await home.log.verify()).toMatchObject({ kind: 'intact' });
    // What says of the torn line that it is one is gone, and the chain is mended around it.
    await home.edit((text) => {
      const all = text.split('\n');
      const last = JSON.parse(all[7] ?? '');
      return `${[...all.slice(0, 6), JSON.stringify({ ...last, seq: 7, prev: hashOf(all[5] ?? '') })].join('\n')}\n`;
    });
    expect(await home.log.verify()).toMatchObject({
      kind: 'broken',
      message: expect.stringMatching(/Line 7 .*no JSON/),
    });
  });
});
