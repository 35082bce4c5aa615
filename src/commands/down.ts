import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { loadBackends } from '../backends/registry.ts';
import { BottleError } from '../errors.ts';
import { BottleCommand } from './program/bottle-command.ts';
import { findBottle } from './program/find-bottle.ts';
import { recordEnding } from './program/record-ending.ts';

export default class Down extends BottleCommand {
  static override readonly summary = 'Take a bottle down: the guest first, then its guards.';
  static override readonly examples = ['<%= config.bin %> down api-dev', '<%= config.bin %> down --all'];
  static override readonly enableJsonFlag = true;
  static override readonly args = {
    name: Args.string({ ignoreStdin: true, description: "The bottle's name." }),
  };
  static override readonly flags = {
    all: Flags.boolean({ default: false, description: 'Take every bottle down.' }),
  };

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(Down);
    if ((args.name === undefined) === !flags.all) {
      throw new BottleError('usage-invalid', 'Say which bottle to take down: its name, or --all.', {
        hint: '"bottle ls" shows what is up.',
      });
    }
    const names = args.name === undefined ? await listNames() : [args.name];
    const bottles = await Promise.all(names.map((name) => findBottle(name)));
    await recordEnding(bottles.map(({ slug }) => slug));
    const results = await Promise.allSettled(bottles.map((bottle) => bottle.down()));
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    if (failures.length > 0) throw new AggregateError(failures);
    for (const bottle of bottles) this.print(`${bottle.name} is down.\n`);
    if (bottles.length === 0) this.print('No bottle is up.\n');
    return bottles.map(({ name, slug }) => ({ name, slug }));
  }
}

async function listNames(): Promise<readonly string[]> {
  const lists = await Promise.all((await loadBackends()).map((backend) => backend.list()));
  return [...new Set(lists.flat().map((bottle) => bottle.name))];
}
