import { Config } from '@oclif/core/config';
import type { LoadOptions } from '@oclif/core/interfaces';

/** Reads oclif's configuration. In a module of its own, since loading oclif's takes longer than most commands' whole start. */
export async function loadConfig(options: Exclude<LoadOptions, string | undefined>): Promise<Config> {
  return await Config.load(options);
}
