import { stripVTControlCharacters } from 'node:util';
import { CLIError } from '@oclif/core/errors';
import { BottleError } from '../../errors.ts';
import { findNearestWord } from '../../plans/manifest/nearest-word.ts';

/** Says a wrong flag or argument, which oclif reports in its own way, as every other error is said; else null. */
export function toUsageError(error: unknown): BottleError | null {
  if (!(error instanceof CLIError)) return null;
  // Of its parse errors this one alone lacks the parts that the others have.
  const twice = /^Flag (--\S+) can only be specified once$/.exec(error.message)?.[1];
  if (twice !== undefined) {
    const hint = 'Leave out all but one of them.';
    return new BottleError('usage-invalid', `${twice} is given more than once.`, { hint });
  }
  const parts: CLIError & ParseErrorParts = error;
  if (parts.parse === undefined) return null;
  return new BottleError('usage-invalid', toMessage(parts), { hint: toHint(parts) });
}

/** The parts of oclif's parse errors that are read here; each kind has some of them. */
interface ParseErrorParts {
  readonly args?: readonly unknown[];
  readonly flags?: readonly string[];
  readonly parse?: {
    readonly input?: {
      readonly flags?: Readonly<Record<string, { readonly char?: string }>>;
      readonly context?: { readonly id?: string; readonly ctor?: { readonly usage?: string } };
    };
  };
}

function toMessage(error: CLIError & ParseErrorParts): string {
  if (error.flags?.[0] !== undefined) return `There is no flag ${error.flags[0]}.`;
  const missing = error.args?.filter((arg) => typeof arg === 'object' && arg !== null && 'name' in arg);
  if (missing !== undefined && missing.length > 0) {
    return `${missing.map((arg) => String(arg.name).toUpperCase()).join(' and ')} is missing.`;
  }
  if (error.args?.[0] !== undefined) return `Unexpected argument: ${String(error.args[0])}.`;
  // The first line says what is wrong, or that the next ones do.
  const lines = stripVTControlCharacters(error.message)
    .split('\n')
    .map((line) => line.trim());
  const line = lines[0]?.startsWith('The following error') ? lines[1] : lines[0];
  const flag = /^Missing required flag (\S+)$/.exec(line ?? '')?.[1];
  if (flag !== undefined) return `--${flag} is missing.`;
  return `${line?.replace(/\.$/, '')}.`;
}

function toHint(error: CLIError & ParseErrorParts): string {
  const input = error.parse?.input;
  const id = input?.context?.id;
  const help = `See "bottle ${id === undefined ? 'help' : `${id.replaceAll(':', ' ')} --help`}".`;
  if (typeof error.args?.[0] === 'string' && input?.context?.ctor?.usage?.includes('-- COMMAND')) {
    return `Put the guest's command after "--". ${help}`;
  }
  const flag = error.flags?.[0];
  if (flag !== undefined) {
    const nearest = findNearestWord(
      flag,
      Object.keys(input?.flags ?? {}).map((name) => `--${name}`),
    );
    return nearest === null ? help : `Did you mean ${nearest}? ${help}`;
  }
  return help;
}
