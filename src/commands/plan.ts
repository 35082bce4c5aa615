import { BottleCommand } from './program/bottle-command.ts';
import { nameArgument } from './program/name-argument.ts';
import { planBottle } from './program/plan-bottle.ts';
import { toPlanText } from './program/plan-text.ts';
import { hasTerminal } from './terminal/has-terminal.ts';

export default class Plan extends BottleCommand {
  static override readonly summary = 'Show what "bottle up" would do, and make nothing.';
  static override readonly description =
    'With --json it prints the plan itself, the very object that "bottle up" works by; a plan holds no secret values.';
  static override readonly usage = 'plan NAME [--json] [-- COMMAND...]';
  static override readonly examples = [
    '<%= config.bin %> plan api-dev',
    '<%= config.bin %> plan api-dev --json -- npm test',
  ];
  static override readonly enableJsonFlag = true;
  static override readonly args = { name: nameArgument };

  override async run(): Promise<object> {
    const { own, guest } = this.splitGuestCommand();
    const { args } = await this.parse(Plan, own);
    const tty = hasTerminal();
    const planned = await planBottle(args.name, { command: guest, detach: false, tty });
    this.print(toPlanText(planned));
    return planned.plan;
  }
}
