import { join } from 'node:path';
import type { GitRemotePlan } from '../../../plans/git-gate-plan.ts';
import type { SecretId } from '../../../plans/secret-reference.ts';
import type { GateFolders } from '../gate-folders.ts';
import { toGitEnvironment } from '../git/git-program.ts';
import { toSshAlias } from './ssh-configuration.ts';
import { credentialFiles } from './write-credentials.ts';

/** How git reaches one remote's upstream. */
export interface UpstreamAccess {
  /** As git is given it; holds no credential. */
  readonly url: string;
  /** SECURITY: holds the credential of an https remote; only git processes that speak with upstream get it. */
  readonly env: Readonly<Record<string, string>>;
  /** For sentences: `github.com`. */
  readonly host: string;
}

/**
 * Makes the access to the remote at `index` of the plan.
 * @throws Error when its token is missing or can stand in no header
 */
export function toUpstreamAccess(
  { upstream }: Pick<GitRemotePlan, 'upstream'>,
  index: number,
  values: Readonly<Record<SecretId, string>>,
  folders: Pick<GateFolders, 'run' | 'programs'>,
): UpstreamAccess {
  const env = toGitEnvironment(join(folders.run, credentialFiles.home));
  if (upstream.kind === 'ssh') {
    return {
      url: `${toSshAlias(index)}:${upstream.path}`,
      // A program, not a command: git starts it without a shell. The file is ssh's configuration, its first line says that ssh reads it.
      env: { ...env, GIT_SSH: join(folders.programs, 'ssh'), GIT_SSH_VARIANT: 'ssh' },
      host: upstream.host,
    };
  }
  const host = upstream.host.includes(':') ? `[${upstream.host}]` : upstream.host;
  const url = `https://${host}:${upstream.port}${upstream.path}`;
  const settings: Record<string, string> = {
    'http.sslVerify': 'true',
    'http.sslCAInfo': join(folders.run, credentialFiles.certificates),
    // SECURITY: a redirect would take the credential, or the scanned push, to a place nobody named.
    'http.followRedirects': 'false',
    'http.proxy': '',
    'http.lowSpeedLimit': '1',
    'http.lowSpeedTime': '60',
    'credential.helper': '',
  };
  if (upstream.auth !== null) {
    const token = values[upstream.auth.secretId];
    if (token === undefined) throw new Error(`${upstream.auth.secretId} did not come`);
    if (!/^[\x21-\x7e]+$/.test(token))
      throw new Error(`${upstream.auth.secretId} has a character no token has`);
    const basic = Buffer.from(`${upstream.auth.username}:${token}`, 'utf8').toString('base64');
    settings[`http.${url}.extraHeader`] = `Authorization: Basic ${basic}`;
  }
  return { url, env: { ...env, ...toConfigurationEnvironment(settings) }, host: upstream.host };
}

/** Settings that are in no argument and no file; they outrank the mirror's own. */
function toConfigurationEnvironment(settings: Readonly<Record<string, string>>): Record<string, string> {
  const env: Record<string, string> = { GIT_CONFIG_COUNT: String(Object.keys(settings).length) };
  for (const [index, [key, value]] of Object.entries(settings).entries()) {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  return env;
}
