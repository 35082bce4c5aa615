import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PipelockRulesFile } from '../../../plans/to-pipelock-rules.ts';
import { type PipelockYamlFile, parsePipelockYaml } from './parse-pipelock-yaml.ts';
import { parseRulesFile } from './parse-rules-file.ts';

/** All that the daemon acts by, of both files. */
export interface PipelockConfig extends Omit<PipelockRulesFile, 'version'> {
  readonly listen: { readonly address: string; readonly port: number };
}

/**
 * Reads `pipelock.yaml` and `pipelock-rules.json` of a folder.
 * @throws Error when one is missing or wrong, or when the two disagree
 */
export function readConfig(directory: string): PipelockConfig {
  const read = (file: string): string => readFileSync(join(directory, file), 'utf8');
  return joinConfig(parsePipelockYaml(read('pipelock.yaml')), parseRulesFile(read('pipelock-rules.json')));
}

/** What an allowlist without hosts names instead; see `toPipelockYaml`. */
const noHost = 'no-route.invalid';

/**
 * Makes one configuration of both files.
 * INVARIANT: what both say they say alike: a rule that the allowlist does not show would be one that nobody reads.
 */
export function joinConfig(yaml: PipelockYamlFile, rules: PipelockRulesFile): PipelockConfig {
  const hosts = toSortedText(rules.rules.map(({ host }) => host));
  const allowlist = toSortedText(yaml.allowlist.filter((host) => host !== noHost));
  if (hosts !== allowlist) throw new Error('api_allowlist is not the hosts of the rules');
  if (yaml.maxUrlBytes !== rules.limits.maxUrlBytes) throw new Error('max_url_length is not maxUrlBytes');
  if (yaml.maxBodyBytes !== rules.limits.maxBodyBytes) throw new Error('max_body_bytes is not maxBodyBytes');
  if (yaml.idleTimeoutSeconds !== Math.ceil(rules.limits.idleTimeoutMs / 1000)) {
    throw new Error('idle_timeout_seconds is not idleTimeoutMs');
  }
  const { version: _version, ...rest } = rules;
  return { listen: yaml.listen, ...rest };
}

function toSortedText(hosts: readonly string[]): string {
  return [...new Set(hosts)].sort().join();
}
