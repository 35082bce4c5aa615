import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { importQueues } from '../approvals/import-queues.ts';
import { BottleError } from '../errors.ts';
import type { AuditEntry, AuditEvent } from '../host/audit/audit-entry.ts';
import type { AuditLog } from '../host/audit/audit-log.ts';
import { parseBottleName } from '../plans/manifest/bottle-name.ts';
import { BottleCommand } from './program/bottle-command.ts';
import { findApprovalSurroundings } from './program/open-operator.ts';
import { parseSince } from './program/parse-since.ts';
import { auditColumns, toAuditRow } from './text/to-audit-row.ts';
import { toTable } from './text/to-table.ts';

const events: Readonly<Record<AuditEvent['event'], true>> = {
  proposed: true,
  decided: true,
  lapsed: true,
  'policy-changed': true,
  'policy-refused': true,
  'manifest-changed': true,
  interrupted: true,
  'queue-garbage': true,
  'log-repaired': true,
};

export default class Audit extends BottleCommand {
  static override readonly summary =
    'Show what was asked for, who decided, and what changed; or check the log.';
  static override readonly description =
    'Each line of the log holds the hash of the line before. --verify checks all of them, and ends with status 4 at the first ' +
    'that does not follow. --json prints the lines as they are stored.';
  static override readonly examples = [
    '<%= config.bin %> audit',
    '<%= config.bin %> audit api-dev --event decided --since 7d',
    '<%= config.bin %> audit --request req-0a1b2c3d --json',
    '<%= config.bin %> audit --verify',
  ];
  static override readonly enableJsonFlag = true;
  static override readonly args = {
    name: Args.string({ ignoreStdin: true, description: 'Only of the bottle of this name.' }),
  };
  static override readonly flags = {
    event: Flags.string({ multiple: true, options: Object.keys(events), description: 'Only these events.' }),
    since: Flags.string({ description: 'Only since then: so long ago (2h, 7d), or a date.' }),
    request: Flags.string({ description: 'Only about this request.' }),
    verify: Flags.boolean({
      default: false,
      exclusive: ['event', 'since', 'request'],
      description: 'Check that no line was changed, removed or put in.',
    }),
  };

  override async run(): Promise<object | undefined> {
    const { args, flags } = await this.parse(Audit);
    const name = args.name === undefined ? null : parseBottleName(args.name);
    if (flags.verify && name !== null) {
      throw new BottleError('usage-invalid', 'The log is one for all bottles: --verify takes no name.');
    }
    const since = flags.since === undefined ? 0 : parseSince(flags.since, Date.now());
    const surroundings = findApprovalSurroundings();
    if (flags.verify) return await this.#verify(surroundings.audit);
    await importQueues(surroundings, null);
    const { event, request } = flags;
    const isAsked = (entry: AuditEntry): boolean =>
      (name ?? entry.bottle) === entry.bottle &&
      (event === undefined || event.includes(entry.event)) &&
      Date.parse(entry.time) >= since &&
      (request === undefined || ('request' in entry && entry.request === request));
    const rows: (readonly string[])[] = [];
    for await (const { entry, text } of surroundings.audit.entries()) {
      if (!isAsked(entry)) continue;
      if (this.jsonEnabled()) process.stdout.write(`${text}\n`);
      else rows.push(toAuditRow(entry));
    }
    this.print(rows.length === 0 ? 'The audit log says nothing of it.\n' : toTable([auditColumns, ...rows]));
    return undefined;
  }

  async #verify(log: AuditLog): Promise<object> {
    const verdict = await log.verify();
    if (verdict.kind === 'broken') throw new BottleError('audit-broken', verdict.message);
    const { lines, hash, note } = verdict;
    this.print(
      `${lines} ${lines === 1 ? 'line follows' : 'lines follow'} from each other; the last one's hash is ${hash}.\n`,
    );
    if (note !== null) this.print(`${note}\n`);
    return { lines, hash, note };
  }
}
