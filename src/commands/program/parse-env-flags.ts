import { BottleError } from '../../errors.ts';

/**
 * Reads the `-e NAME=VALUE` flags of a command.
 * @throws BottleError `usage-invalid`
 */
export function parseEnvFlags(flags: readonly string[]): Readonly<Record<string, string>> {
  const pairs = flags.map((flag): [string, string] => {
    const end = flag.indexOf('=');
    const name = flag.slice(0, end);
    if (end === -1 || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw new BottleError('usage-invalid', `"${flag}" is not a variable and its value.`, {
        hint: 'Write it as NAME=VALUE, for example "-e LOG_LEVEL=debug".',
      });
    }
    return [name, flag.slice(end + 1)];
  });
  return Object.fromEntries(pairs);
}
