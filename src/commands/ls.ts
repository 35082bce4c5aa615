import { loadBackends } from '../backends/registry.ts';
import { BottleCommand } from './program/bottle-command.ts';
import { toTable } from './text/to-table.ts';

export default class Ls extends BottleCommand {
  static override readonly summary = 'List the bottles that are up.';
  static override readonly description =
    'States: running, paused, ended (the agent is over), created (starting), drifted (a guest or bundle died or was removed ' +
    'without being asked to; the guest then has no network).';
  static override readonly examples = ['<%= config.bin %> ls', '<%= config.bin %> ls --json'];
  static override readonly enableJsonFlag = true;

  override async run(): Promise<object> {
    await this.parse(Ls);
    const lists = await Promise.all((await loadBackends()).map((backend) => backend.list()));
    const bottles = lists.flat();
    if (bottles.length === 0) this.print('No bottle is up.\n');
    else {
      const rows = bottles.map((bottle) => [
        bottle.name,
        bottle.state,
        bottle.slug,
        bottle.backend,
        bottle.image,
        bottle.createdAt,
      ]);
      this.print(toTable([['NAME', 'STATE', 'SLUG', 'BACKEND', 'IMAGE', 'CREATED'], ...rows]));
    }
    return bottles;
  }
}
