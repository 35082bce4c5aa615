import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from '@oclif/core/command';
import type { Config } from '@oclif/core/config';

/** A command of bottle's own, found by its file, and the words after its name. */
export interface OwnCommand {
  run(): Promise<unknown>;
}

interface CommandModule {
  readonly default: (new (
    argv: string[],
    config: Config,
  ) => Command & { _run(): Promise<unknown> }) & { id: string };
}

const word = /^[a-z]+$/;

/**
 * Finds the command that an argument vector begins with among the built ones, the one of two words first.
 *
 * Reading oclif's configuration, its plugins and its manifest takes some 25 ms, as long as all else that `exec` loads; a command
 * that runs asks of it only what {@link toRunConfig} has. Whatever needs more (help, completion, a name that does
 * not exist) gets null here and takes the long way.
 */
export function findOwnCommand(root: string, argv: readonly string[]): OwnCommand | null {
  const [first = '', second = ''] = argv;
  const folder = join(root, 'dist', 'commands');
  for (const words of [[first, second], [first]]) {
    const path = `${join(folder, ...words)}.js`;
    if (!words.every((part) => word.test(part)) || !existsSync(path)) continue;
    return {
      async run() {
        const { default: OwnCommand }: CommandModule = await import(pathToFileURL(path).href);
        OwnCommand.id = words.join(':');
        return await new OwnCommand(argv.slice(words.length), toRunConfig())._run();
      },
    };
  }
  return null;
}

/** What a command of ours asks of oclif's configuration while it runs: its name, and hooks, of which there are none. */
function toRunConfig(): Config {
  const config: Pick<
    Config,
    'bin' | 'runHook' | 'scopedEnvVar' | 'scopedEnvVarKey' | 'scopedEnvVarKeys' | 'userAgent'
  > = {
    bin: 'bottle',
    userAgent: 'bottle',
    runHook: async () => ({ successes: [], failures: [] }),
    scopedEnvVar: (name) => process.env[`BOTTLE_${name}`],
    scopedEnvVarKey: (name) => `BOTTLE_${name}`,
    scopedEnvVarKeys: (name) => [`BOTTLE_${name}`],
  };
  return config as Config;
}
