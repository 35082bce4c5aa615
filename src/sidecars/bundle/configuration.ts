import type { BundlePlan, DaemonPlan } from '../../plans/bundle-plan.ts';
import type { SecretId } from '../../plans/secret-reference.ts';
import { parseSecretIds, parseSecretLabels } from '../daemon/secret-ids.ts';
import {
  parseBoolean,
  parseChoice,
  parseList,
  parseRecord,
  parseText,
  parseVersionedFile,
  parseWholeNumber,
} from '../daemon/strict-json.ts';

const daemonKeys = ['name', 'uid', 'gid', 'argv', 'secrets', 'hearsRefusals'];
const bundleKeys = ['image', 'daemons', 'secretLabels', 'graceMs', 'readyTimeoutMs', 'configDirectory'];
const highestId = 65_533;
const hourMs = 3_600_000;

/**
 * Makes a {@link BundlePlan} from the text of `bundle.json`.
 * @throws Error that names the place of the first thing that is not as it should be.
 */
export function parseBundleConfiguration(text: string): BundlePlan {
  const file = 'bundle.json';
  const record = parseVersionedFile(text, file, bundleKeys);
  const daemons = parseList(record.daemons, `${file}: daemons`, parseDaemon);
  if (daemons.length === 0) throw new Error(`${file}: daemons is empty`);
  requireDistinct(
    daemons.map((daemon) => daemon.name),
    'name',
  );
  // INVARIANT: every daemon has a user of its own: what one of them loses, no other loses with it.
  requireDistinct(
    daemons.map((daemon) => daemon.uid),
    'uid',
  );
  return {
    image: parseText(record.image, `${file}: image`),
    daemons,
    secretLabels: parseSecretLabels(
      record.secretLabels,
      `${file}: secretLabels`,
      daemons.flatMap((daemon) => daemon.secrets.fingerprints),
    ),
    graceMs: parseWholeNumber(record.graceMs, `${file}: graceMs`, 1, hourMs),
    readyTimeoutMs: parseWholeNumber(record.readyTimeoutMs, `${file}: readyTimeoutMs`, 1, hourMs),
    configDirectory: parseChoice(record.configDirectory, `${file}: configDirectory`, ['/etc/bottle']),
  };
}

/** Every secret that some daemon needs, once. */
export function secretIdsOf(daemons: readonly DaemonPlan[]): readonly SecretId[] {
  return [...new Set(daemons.flatMap(({ secrets }) => [...secrets.values, ...secrets.fingerprints]))];
}

function parseDaemon(value: unknown, at: string): DaemonPlan {
  const record = parseRecord(value, at, daemonKeys);
  const argv = parseList(record.argv, `${at}.argv`, parseText);
  if (argv.length === 0) throw new Error(`${at}.argv: is empty`);
  const name = parseChoice(record.name, `${at}.name`, ['egress', 'pipelock', 'git-gate', 'supervise']);
  const secrets = parseSecrets(record.secrets, `${at}.secrets`);
  // SECURITY: these read the guest's bytes all day and have no use for a value: there must be none to take from them.
  if ((name === 'pipelock' || name === 'supervise') && secrets.values.length > 0) {
    throw new Error(`${at}.secrets.values: ${name} gets no values`);
  }
  return {
    name,
    // INVARIANT: no daemon runs as root, so 0 is out of bounds.
    uid: parseWholeNumber(record.uid, `${at}.uid`, 1, highestId),
    gid: parseWholeNumber(record.gid, `${at}.gid`, 1, highestId),
    argv,
    secrets,
    hearsRefusals: parseBoolean(record.hearsRefusals, `${at}.hearsRefusals`),
  };
}

function parseSecrets(value: unknown, at: string): DaemonPlan['secrets'] {
  const record = parseRecord(value, at, ['values', 'fingerprints']);
  return {
    values: parseSecretIds(record.values, `${at}.values`),
    fingerprints: parseSecretIds(record.fingerprints, `${at}.fingerprints`),
  };
}

function requireDistinct(values: readonly unknown[], field: string): void {
  if (new Set(values).size !== values.length) {
    throw new Error(`bundle.json: daemons: two have the same ${field}`);
  }
}
