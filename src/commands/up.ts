import * as Flags from '@oclif/core/flags';
import { alreadyUp } from '../backends/already-up.ts';
import type { RunningBottle, SessionEnd } from '../backends/backend.ts';
import { findBackend } from '../backends/registry.ts';
import { BottleError } from '../errors.ts';
import type { BottlePlan } from '../plans/bottle-plan.ts';
import type { Invocation } from '../plans/host-facts.ts';
import { BottleCommand } from './program/bottle-command.ts';
import { launchBottle } from './program/launch-bottle.ts';
import { nameArgument } from './program/name-argument.ts';
import { type PlannedBottle, planBottle } from './program/plan-bottle.ts';
import { toPlanText, toWarningText } from './program/plan-text.ts';
import { toSessionResult } from './program/session-result.ts';
import { endingSignals, listenForSignals } from './program/signals.ts';
import { askYesNo } from './terminal/ask-yes-no.ts';
import { hasTerminal } from './terminal/has-terminal.ts';
import { runSession } from './terminal/run-session.ts';

export default class Up extends BottleCommand {
  static override readonly summary = 'Start a bottle, and work in it.';
  static override readonly description =
    'Shows what it will do and asks first, but only at a terminal and without a command: whoever writes a script has ' +
    "decided already, and nothing could answer. The agent's end takes the bottle down, and its exit status is passed " +
    'through. Ctrl-P Ctrl-Q leaves it running. Standard output is only what the guest writes; progress goes to ' +
    "standard error. With --json it is the result alone, and the guest's output goes to standard error too.";
  static override readonly usage = 'up NAME [FLAGS] [-- COMMAND...]';
  static override readonly examples = [
    '<%= config.bin %> up api-dev',
    '<%= config.bin %> up api-dev --detach',
    '<%= config.bin %> up api-dev -- claude -p "fix the failing test"',
    'echo hi | <%= config.bin %> up api-dev -- cat',
  ];
  static override readonly enableJsonFlag = true;
  static override readonly args = { name: nameArgument };
  static override readonly flags = {
    detach: Flags.boolean({ default: false, char: 'd', description: 'Start it and return.' }),
    yes: Flags.boolean({ default: false, char: 'y', description: 'Do not ask first.' }),
    'dry-run': Flags.boolean({
      default: false,
      description: 'Make nothing and show what would be made, as "bottle plan" does.',
    }),
  };

  override async run(): Promise<object> {
    const { own, guest } = this.splitGuestCommand();
    const { args, flags } = await this.parse(Up, own);
    if (guest?.length === 0) throw new BottleError('usage-invalid', 'There is no command after "--".');
    const terminals = hasTerminal() && !this.jsonEnabled();
    // An agent that is started for later gets a terminal, since "attach" will come with one.
    const tty = terminals || (flags.detach && guest === null);
    const invocation: Invocation = { command: guest, detach: flags.detach, tty };
    const planned = await planBottle(args.name, invocation);
    if (flags['dry-run']) {
      this.print(toPlanText(planned));
      return planned.plan;
    }
    // INVARIANT: the listeners outlive what is launched below, so that no signal cuts a teardown short.
    using scope = listenForSignals(endingSignals, () =>
      process.stderr.write('Still taking the bottle down.\n'),
    );
    await preflight(planned, terminals && !flags.yes && guest === null, scope.signal);
    const replan = async () => (await planBottle(args.name, invocation)).plan;
    const launched = await launchBottle({ plan: planned.plan, replan, signal: scope.signal });
    await using stack = launched.stack;
    const { bottle } = launched;
    const { gitGate, supervise } = planned.plan;
    const asks = gitGate !== null || supervise !== null;
    if (asks) stack.defer(() => this.#record(bottle));
    if (flags.detach) {
      await bottle.start();
      await this.#leave(bottle, stack);
      this.print(
        `${bottle.name} is up. "bottle attach ${bottle.name}" goes there, "bottle down ${bottle.name}" ends it.\n`,
      );
      return { name: bottle.name, slug: bottle.slug, state: await bottle.state() };
    }
    await using _notified = asks ? await this.#notify(bottle) : null;
    const end = await this.#attach(bottle, tty, scope.signal);
    if (end.kind === 'detached') {
      await this.#leave(bottle, stack);
      process.stderr.write(`\r\nDetached; "bottle attach ${bottle.name}" goes back.\n`);
    }
    return toSessionResult(bottle, end);
  }

  async #attach(bottle: RunningBottle, tty: boolean, signal: AbortSignal): Promise<SessionEnd> {
    const stdout = this.jsonEnabled() ? 'stderr' : 'stdout';
    return await runSession(
      { tty, stdin: true, detachable: true, stdout, forwardedSignals: [], signal, redraw: false },
      (streams) => bottle.attach(streams, { replay: false }),
      () => bottle.start(),
    );
  }

  /** Notifies the operator of what the agent asks for while the session runs. */
  async #notify({ slug }: RunningBottle): Promise<AsyncDisposable> {
    const { notifyMeanwhile } = await import('./program/notify-meanwhile.ts');
    return notifyMeanwhile(slug);
  }

  /** Writes what is in the bottle's queues into the audit log, before they go with the bottle. */
  async #record({ slug }: RunningBottle): Promise<void> {
    const { recordEnding } = await import('./program/record-ending.ts');
    await recordEnding([slug]);
  }

  /** Leaves the bottle up: nothing on the stack is undone. */
  async #leave(bottle: RunningBottle, stack: AsyncDisposableStack): Promise<void> {
    await bottle.keep();
    stack.move();
  }
}

/** Shows what will be done, and asks where there is somebody to ask. */
async function preflight(planned: PlannedBottle, ask: boolean, signal: AbortSignal): Promise<void> {
  // Launch looks again; nobody should be asked about what cannot be.
  if (ask) await requireNotUp(planned.plan);
  process.stderr.write(ask ? `${toPlanText(planned)}\n` : toWarningText(planned));
  if (ask && !(await askYesNo('Start it?', signal))) throw new BottleError('interrupted', 'Not started.');
}

async function requireNotUp({ name, backend }: BottlePlan): Promise<void> {
  const instances = await (await findBackend(backend.kind)).list();
  const present = instances.find((instance) => instance.name === name);
  if (present !== undefined) throw alreadyUp(name, present.slug);
}
