import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** The environment, as a value: only commands read the real one. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where the operator's manifests are: `$XDG_CONFIG_HOME/bottle/bottles`, by default below `~/.config`. */
export function manifestFolder(env: Environment): string {
  return join(xdgFolder(env, 'XDG_CONFIG_HOME', '.config'), 'bottle', 'bottles');
}

/** Where per-instance state goes: `$XDG_STATE_HOME/bottle`, by default below `~/.local/state`. */
export function stateHome(env: Environment): string {
  return join(xdgFolder(env, 'XDG_STATE_HOME', '.local/state'), 'bottle');
}

/** The XDG rules say that a relative path is to be ignored. */
function xdgFolder(env: Environment, name: string, fallback: string): string {
  const value = env[name];
  if (value !== undefined && isAbsolute(value)) return value;
  const home = env.HOME;
  return join(home !== undefined && isAbsolute(home) ? home : homedir(), fallback);
}
