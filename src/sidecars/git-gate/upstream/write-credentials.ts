import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import type { GitGatePlan } from '../../../plans/git-gate-plan.ts';
import type { SecretId } from '../../../plans/secret-reference.ts';
import { toSshBlock } from './ssh-configuration.ts';

/** Files of the run folder. They are in memory and readable for the gate's user alone. */
export const credentialFiles = {
  sshConfiguration: 'ssh_config',
  certificates: 'ca.pem',
  /** A home without any files. */
  home: 'home',
} as const;

/**
 * Writes what ssh and git can read only from files: keys, pinned host keys, the configuration that names them, and the
 * certificate authorities.
 * @throws Error when a key is missing; the message names no value
 */
export async function writeCredentials(
  plan: Pick<GitGatePlan, 'remotes' | 'extraCa'>,
  values: Readonly<Record<SecretId, string>>,
  folder: string,
): Promise<void> {
  const write = (name: string, text: string): Promise<void> =>
    // SECURITY: for the gate's user alone, from the first moment on.
    writeFile(join(folder, name), text, { mode: 0o600, flag: 'wx' });
  const blocks: string[] = [];
  for (const [index, { upstream }] of plan.remotes.entries()) {
    if (upstream.kind !== 'ssh') continue;
    const key = values[upstream.identity];
    if (key === undefined) throw new Error(`${upstream.identity} did not come`);
    const [keyFile, knownHostsFile] = [join(folder, `key-${index}`), join(folder, `known-hosts-${index}`)];
    // ssh takes a key without its last line end for a broken one.
    await write(`key-${index}`, key.endsWith('\n') ? key : `${key}\n`);
    await write(`known-hosts-${index}`, upstream.knownHosts.map((line) => `${line}\n`).join(''));
    blocks.push(toSshBlock(index, upstream, keyFile, knownHostsFile));
  }
  await write(credentialFiles.sshConfiguration, blocks.join('\n'));
  await write(credentialFiles.certificates, [...rootCertificates, ...plan.extraCa].map(endLine).join(''));
  await mkdir(join(folder, credentialFiles.home), { mode: 0o500, recursive: true });
}

function endLine(pem: string): string {
  return pem.endsWith('\n') ? pem : `${pem}\n`;
}
