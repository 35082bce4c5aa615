import type { Config } from '@oclif/core/config';
import { loadHelpClass } from '@oclif/core/help';

/** Prints the help of a command or topic named by its words, or of the whole program. */
export async function showHelp(config: Config, words: readonly string[]): Promise<void> {
  const Help = await loadHelpClass(config);
  const help = new Help(config, config.pjson.oclif.helpOptions);
  await help.showHelp([...words]);
}
