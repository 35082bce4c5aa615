import * as Flags from '@oclif/core/flags';
import type { Leftover } from '../backends/backend.ts';
import { loadBackends } from '../backends/registry.ts';
import { BottleError } from '../errors.ts';
import { BottleCommand } from './program/bottle-command.ts';
import { recordEnding } from './program/record-ending.ts';
import { askYesNo } from './terminal/ask-yes-no.ts';
import { toTable } from './text/to-table.ts';

export default class Gc extends BottleCommand {
  static override readonly summary = 'Remove what killed processes and failed teardowns left behind.';
  static override readonly description =
    'Lists what it found on all backends first, and asks. Without a terminal it removes nothing unless --yes is given.';
  static override readonly examples = [
    '<%= config.bin %> gc',
    '<%= config.bin %> gc --dry-run --json',
    '<%= config.bin %> gc --yes',
  ];
  static override readonly enableJsonFlag = true;
  static override readonly flags = {
    yes: Flags.boolean({
      default: false,
      char: 'y',
      exclusive: ['dry-run'],
      description: 'Remove without asking.',
    }),
    'dry-run': Flags.boolean({ default: false, description: 'Only list.' }),
  };

  override async run(): Promise<object> {
    const { flags } = await this.parse(Gc);
    const backends = await loadBackends();
    const lists = await Promise.all(backends.map((backend) => backend.findLeftovers()));
    const found = lists.flat();
    if (found.length === 0) this.print('Nothing is left over.\n');
    else {
      const rows = found.map((leftover) => [
        leftover.kind,
        leftover.name,
        leftover.slug,
        leftover.backend,
        leftover.reason,
      ]);
      this.print(toTable([['KIND', 'NAME', 'SLUG', 'BACKEND', 'WHY'], ...rows]));
    }
    if (found.length === 0 || flags['dry-run'] || !(flags.yes || (await this.#confirm(found.length)))) {
      return { found, removed: [] };
    }
    await recordEnding([...new Set(found.map(({ slug }) => slug))]);
    const removed: Leftover[] = [];
    const failures: unknown[] = [];
    for (const leftover of found) {
      const backend = backends.find((candidate) => candidate.kind === leftover.backend);
      // One after the other, in the order given: a network goes only after its containers.
      await backend?.removeLeftover(leftover).then(
        () => removed.push(leftover),
        (error: unknown) => failures.push(error),
      );
    }
    this.print(`Removed ${removed.length} of ${found.length}.\n`);
    if (failures.length > 0) {
      const first = failures[0] instanceof Error ? failures[0].message : String(failures[0]);
      throw new BottleError(
        'teardown-incomplete',
        `${failures.length} of ${found.length} could not be removed: ${first}`,
      );
    }
    return { found, removed };
  }

  async #confirm(count: number): Promise<boolean> {
    if (this.jsonEnabled() || !process.stdin.isTTY || !process.stderr.isTTY) {
      this.print('Nothing was removed: there is no terminal to ask at. "bottle gc --yes" removes them.\n');
      return false;
    }
    return await askYesNo(`Remove ${count === 1 ? 'it' : `all ${count}`}?`);
  }
}
