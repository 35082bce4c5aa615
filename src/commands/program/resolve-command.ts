import type { Config } from '@oclif/core/config';
import { BottleError } from '../../errors.ts';
import { findNearestWord } from '../../plans/manifest/nearest-word.ts';

/** A command's id (`image:build`) and the words after it. */
interface ResolvedCommand {
  readonly id: string;
  readonly argv: readonly string[];
}

/** Finds the command that an argument vector begins with, the one of two words first. */
export function resolveCommand(config: Config, argv: readonly string[]): ResolvedCommand | null {
  const [first, second] = argv;
  if (first === undefined || first.includes(':')) return null;
  if (second !== undefined && config.findCommand(`${first}:${second}`) !== undefined) {
    return { id: `${first}:${second}`, argv: argv.slice(2) };
  }
  return config.findCommand(first) === undefined ? null : { id: first, argv: argv.slice(1) };
}

/** Whether bottle's own part of an argument vector asks for help; none at all does too. */
export function isHelpWanted(argv: readonly string[]): boolean {
  return argv.length === 0 || argv[0] === 'help' || argv.includes('--help') || argv.includes('-h');
}

/** The error of a command that does not exist, with the nearest one that does. */
export function unknownCommand(config: Config, argv: readonly string[]): BottleError {
  const topic = config.topics.find((candidate) => candidate.name === argv[0]);
  const asked = topic === undefined ? (argv[0] ?? '') : `${argv[0]} ${argv[1]}`;
  const ids = [...config.commandIDs, ...config.topics.map(({ name }) => name)];
  const names = ids.map((id) => id.replaceAll(':', ' '));
  const nearest = findNearestWord(asked, names);
  return new BottleError('usage-invalid', `"${asked}" is not a command of bottle.`, {
    hint:
      nearest === null
        ? '"bottle help" lists the commands.'
        : `Did you mean "bottle ${nearest}"? "bottle help" lists the commands.`,
  });
}
