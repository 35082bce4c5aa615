import { loadBackends } from '../backends/registry.ts';
import { exitStatus } from '../errors.ts';
import { BottleCommand } from './program/bottle-command.ts';
import { diagnoseHost } from './program/diagnose-host.ts';
import { toTable } from './text/to-table.ts';

const marks = { present: 'ok', warning: 'warning', missing: 'missing' } as const;

export default class Doctor extends BottleCommand {
  static override readonly summary = 'Say what this machine has, what it lacks, and what to do about it.';
  static override readonly description = 'The exit status is 0 when everything required is there, else 3.';
  static override readonly examples = ['<%= config.bin %> doctor', '<%= config.bin %> doctor --json'];
  static override readonly enableJsonFlag = true;

  override async run(): Promise<object> {
    await this.parse(Doctor);
    const diagnoses = (await loadBackends()).map(async (backend) => ({
      subject: backend.kind,
      capabilities: await backend.diagnose(),
    }));
    const subjects = [
      { subject: 'host', capabilities: await diagnoseHost() },
      ...(await Promise.all(diagnoses)),
    ];
    const findings = subjects.flatMap(({ subject, capabilities }) =>
      capabilities.map((found) => ({ subject, ...found })),
    );
    const rows = findings.map(({ subject, name, status, detail }) => [marks[status], subject, name, detail]);
    this.print(toTable(rows));
    const remedies = findings.filter(({ status, remedy }) => status !== 'present' && remedy !== '');
    if (remedies.length > 0)
      this.print(`\nWhat to do:\n${toTable(remedies.map(({ name, remedy }) => [`  ${name}:`, remedy]))}`);
    const missing = findings.filter(({ status, required }) => required && status === 'missing');
    if (missing.length > 0) process.exitCode = exitStatus.unavailable;
    return { ready: missing.length === 0, capabilities: findings };
  }
}
