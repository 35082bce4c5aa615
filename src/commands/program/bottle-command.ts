import { Command } from '@oclif/core/command';
import { toPrintableJson } from '../../host/printable-json.ts';

/**
 * What every command of bottle is. A command that prints data sets `enableJsonFlag`, and returns the data from
 * `run`; with `--json` that is all it prints on standard output. Failures are thrown, and reported in one place.
 */
export abstract class BottleCommand extends Command {
  /** Text for people, as it is; nothing with `--json`. */
  protected print(text: string): void {
    if (!this.jsonEnabled()) process.stdout.write(text);
  }

  /** SECURITY: guests' words are in what some commands return. */
  override logJson(json: unknown): void {
    process.stdout.write(`${toPrintableJson(json, 2)}\n`);
  }

  override catch(error: Error): never {
    throw error;
  }

  /** Splits off the guest's command: what follows the first `--`, or null where there is none. */
  protected splitGuestCommand(): { readonly own: string[]; readonly guest: readonly string[] | null } {
    const end = this.argv.indexOf('--');
    return end === -1
      ? { own: this.argv, guest: null }
      : { own: this.argv.slice(0, end), guest: this.argv.slice(end + 1) };
  }
}
