import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PJSON } from '@oclif/core/interfaces';
import { toFailure } from './failure.ts';
import { findOwnCommand } from './find-own-command.ts';
import { reportFailure } from './report-failure.ts';
import { isHelpWanted, resolveCommand, unknownCommand } from './resolve-command.ts';

/**
 * Runs one invocation of `bottle` and sets the process's exit status; the one place that reports failures.
 * @param root the folder of bottle's own `package.json`
 * @param development runs the commands' sources instead of what the build made of them
 */
export async function runProgram(
  argv: readonly string[],
  root: string,
  options: { readonly development: boolean },
): Promise<void> {
  const wantsJson = beforeGuestCommand(argv).includes('--json');
  try {
    await runCommand(argv, root, options.development);
  } catch (error) {
    const failure = toFailure(error);
    reportFailure(failure, wantsJson);
    process.exitCode = failure.exit;
  }
}

async function runCommand(argv: readonly string[], root: string, development: boolean): Promise<void> {
  const helpWanted = isHelpWanted(beforeGuestCommand(argv));
  const own = development || helpWanted ? null : findOwnCommand(root, argv);
  if (own !== null) {
    await own.run();
    return;
  }
  const { loadConfig } = await import('./load-config.ts');
  const pjson: PJSON = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  if (development)
    pjson.oclif.commands = {
      strategy: 'pattern',
      target: './src/commands',
      globPatterns: ['{*,image/*,supervise/*}.ts'],
    };
  const config = await loadConfig({ root, ignoreManifest: development, pjson });
  const resolved = resolveCommand(config, argv);
  const words = argv[0] === 'help' ? argv.slice(1) : argv;
  const isTopic = resolved === null && config.topics.some((topic) => topic.name === words.join(':'));
  if (helpWanted || isTopic) {
    const { showHelp } = await import('./show-help.ts');
    await showHelp(config, words);
    return;
  }
  if (resolved === null) throw unknownCommand(config, argv);
  await config.runCommand(resolved.id, [...resolved.argv]);
}

/** What is bottle's own of an argument vector: everything up to `--`. */
function beforeGuestCommand(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  return end === -1 ? argv : argv.slice(0, end);
}
