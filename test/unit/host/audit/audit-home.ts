import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditRecord } from '../../../../src/host/audit/append-audit.ts';
import { type AuditLog, openAuditLog } from '../../../../src/host/audit/audit-log.ts';

/** A log in a folder of its own. */
export interface AuditHome extends AsyncDisposable {
  readonly folder: string;
  readonly path: string;
  readonly headPath: string;
  readonly log: AuditLog;
  /** The log's lines, without what is behind the last line end. */
  lines(): Promise<readonly string[]>;
  /** Replaces the log's text by what `change` makes of it. */
  edit(change: (text: string) => string): Promise<void>;
}

/** Makes an empty log. */
export async function createAuditHome(): Promise<AuditHome> {
  const folder = await mkdtemp(join(tmpdir(), 'bottle-audit-'));
  const path = join(folder, 'audit.jsonl');
  return {
    folder,
    path,
    headPath: join(folder, 'audit.head'),
    log: openAuditLog({ stateHome: folder, operator: 'alice', now: () => 1_800_000_000_000 }),
    lines: async () => (await readFile(path, 'utf8')).split('\n').slice(0, -1),
    edit: async (change) => writeFile(path, change(await readFile(path, 'utf8'))),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A line about the request with this number. */
export function toRecord(number: number, notes = ''): AuditRecord {
  const request = `req-${number.toString(16).padStart(8, '0')}` as const;
  return {
    event: 'decided',
    request,
    status: 'rejected',
    notes,
    proposal: null,
    bottle: 'dev',
    slug: 'dev-0000',
  };
}
