import { BottleCommand } from './program/bottle-command.ts';
import { findBottle } from './program/find-bottle.ts';
import { nameArgument } from './program/name-argument.ts';

export default class Unpause extends BottleCommand {
  static override readonly summary = 'Let a paused guest go on.';
  static override readonly examples = ['<%= config.bin %> unpause api-dev'];
  static override readonly enableJsonFlag = true;
  static override readonly args = { name: nameArgument };

  override async run(): Promise<object> {
    const { args } = await this.parse(Unpause);
    const bottle = await findBottle(args.name);
    await bottle.resume();
    this.print(`${bottle.name} is running.\n`);
    return { name: bottle.name, slug: bottle.slug, state: await bottle.state() };
  }
}
