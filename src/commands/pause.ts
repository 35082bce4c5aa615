import { BottleCommand } from './program/bottle-command.ts';
import { findBottle } from './program/find-bottle.ts';
import { nameArgument } from './program/name-argument.ts';

export default class Pause extends BottleCommand {
  static override readonly summary = 'Stop all processes of a guest where they are.';
  static override readonly examples = ['<%= config.bin %> pause api-dev'];
  static override readonly enableJsonFlag = true;
  static override readonly args = { name: nameArgument };

  override async run(): Promise<object> {
    const { args } = await this.parse(Pause);
    const bottle = await findBottle(args.name);
    await bottle.pause();
    this.print(`${bottle.name} is paused.\n`);
    return { name: bottle.name, slug: bottle.slug, state: await bottle.state() };
  }
}
