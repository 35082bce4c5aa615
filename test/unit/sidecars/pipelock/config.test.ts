import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { PipelockPlan } from '../../../../src/plans/pipelock-plan.ts';
import { toPipelockRules } from '../../../../src/plans/to-pipelock-rules.ts';
import { toPipelockYamlText } from '../../../../src/plans/to-pipelock-yaml.ts';
import { parsePipelockYaml } from '../../../../src/sidecars/pipelock/config/parse-pipelock-yaml.ts';
import { parseRulesFile } from '../../../../src/sidecars/pipelock/config/parse-rules-file.ts';
import { joinConfig } from '../../../../src/sidecars/pipelock/config/read-config.ts';
import { testLimits, testRules } from './support/running-pipelock.ts';

const plan: PipelockPlan = {
  listen: { address: '10.201.0.2', port: 8888 },
  dns: { address: '10.201.0.2', port: 53 },
  egress: { address: '127.0.0.1', port: 9099 },
  mode: 'strict',
  revision: 3,
  rules: testRules,
  knownSecretIds: [],
  exemptible: ['DATABASE_URL'],
  supervise: true,
  limits: testLimits,
};

const toYaml = (rules: PipelockPlan['rules'] = plan.rules): string =>
  toPipelockYamlText({
    pipelock: { ...plan, rules },
    egress: {
      revision: 3,
      listen: { address: '127.0.0.1', port: 9099 },
      routes: [],
      allowPrivate: ['10.0.0.0/8'],
      extraCa: [],
      secretIds: [],
      secretLabels: {},
      limits: { connectTimeoutMs: 1, responseTimeoutMs: 1, idleTimeoutMs: 1, maxConnections: 1 },
    },
  });

/** The file with one place of it changed; `undefined` takes the key away. */
function change(text: string, path: readonly string[], value: unknown): string {
  const root = parse(text);
  const parent = path.slice(0, -1).reduce((node, key) => node[key], root);
  const key = path.at(-1) ?? '';
  if (value === undefined) delete parent[key];
  else parent[key] = value;
  return stringify(root, { lineWidth: 0 });
}

describe('the configuration that a plan makes', () => {
  it('is read back as the plan', () => {
    const config = joinConfig(
      parsePipelockYaml(toYaml()),
      parseRulesFile(JSON.stringify(toPipelockRules(plan))),
    );
    expect(config).toEqual({
      listen: plan.listen,
      dns: plan.dns,
      egress: plan.egress,
      revision: 3,
      rules: plan.rules,
      exemptible: plan.exemptible,
      supervise: true,
      limits: plan.limits,
    });
  });

  it('may allow nothing', () => {
    const rules = parseRulesFile(JSON.stringify(toPipelockRules({ ...plan, rules: [] })));
    expect(joinConfig(parsePipelockYaml(toYaml([])), rules).rules).toEqual([]);
  });

  it.each([
    ['a host less', change(toYaml(), ['api_allowlist'], ['open.test'])],
    [
      'a host more',
      change(toYaml(), ['api_allowlist'], [...new Set(testRules.map(({ host }) => host)), 'evil.test']),
    ],
    ['another bound of bodies', change(toYaml(), ['request_body_scanning', 'max_body_bytes'], 5)],
    ['another bound of URLs', change(toYaml(), ['fetch_proxy', 'monitoring', 'max_url_length'], 5)],
    ['another idle time', change(toYaml(), ['forward_proxy', 'idle_timeout_seconds'], 9)],
  ])('is refused where its two files disagree: %s', (_name, yaml) => {
    const rules = parseRulesFile(JSON.stringify(toPipelockRules(plan)));
    expect(() => joinConfig(parsePipelockYaml(yaml), rules)).toThrow();
  });
});

describe('pipelock.yaml', () => {
  it.each([
    ['an unknown key', ['colour'], 'blue', 'unknown key "colour"'],
    [
      'an unknown key further in',
      ['fetch_proxy', 'monitoring', 'colour'],
      1,
      'fetch_proxy.monitoring: unknown key',
    ],
    [
      "a key of pipelock's that we have no code for",
      ['kill_switch'],
      { enabled: true },
      'unknown key "kill_switch"',
    ],
    ['a missing key', ['enforce'], undefined, '"enforce" is missing'],
    ['a switch that would turn blocking off', ['enforce'], false, 'only true'],
    ['another mode', ['mode'], 'audit', 'only "strict"'],
    ['a mode of another type', ['mode'], true, 'only "strict"'],
    ['another version', ['version'], 2, 'only 1'],
    ['TLS that is passed through', ['tls_interception', 'passthrough_domains'], ['a.test'], 'empty list'],
    ['interception switched off', ['tls_interception', 'enabled'], false, 'only true'],
    ['SNI unchecked', ['forward_proxy', 'sni_verification'], false, 'only true'],
    ['bodies that only warn', ['request_body_scanning', 'action'], 'warn', 'only "block"'],
    [
      'a rate limit, which we do not count',
      ['fetch_proxy', 'monitoring', 'max_requests_per_minute'],
      60,
      'or more',
    ],
    [
      'an entropy test, which we do not make',
      ['fetch_proxy', 'monitoring', 'entropy_threshold'],
      4.5,
      'or more',
    ],
    [
      'a blocklist, which we do not need',
      ['fetch_proxy', 'monitoring', 'blocklist'],
      ['a.test'],
      'empty list',
    ],
    ['a bare star', ['api_allowlist'], ['*'], 'host name'],
    ['a host with a port', ['api_allowlist'], ['a.test:443'], 'host name'],
    ['no host', ['api_allowlist'], [], 'must not be empty'],
    ['a listener on a name', ['fetch_proxy', 'listen'], 'localhost:8888', 'IPv4 address'],
    ['a bound that is no number', ['request_body_scanning', 'max_body_bytes'], '5', 'whole number'],
    ['error reports to somebody', ['sentry', 'enabled'], true, 'only false'],
  ])('is refused with %s', (_name, path, value, message) => {
    expect(() => parsePipelockYaml(toYaml())).not.toThrow();
    expect(() => parsePipelockYaml(change(toYaml(), path, value))).toThrow(message);
  });

  it.each([
    ['a second document', `${toYaml()}---\nversion: 1\n`],
    ['a key twice', `${toYaml()}version: 1\n`],
    ['an alias', toYaml().replace('mode: strict', 'mode: &a strict').replace('format: json', 'format: *a')],
    ['a tag', toYaml().replace('mode: strict', 'mode: !!binary strict')],
    ['no mapping', '- 1\n'],
    ['nothing', ''],
    ['no YAML', '{'],
  ])('is refused as a text with %s', (_name, text) => {
    expect(() => parsePipelockYaml(text)).toThrow();
  });
});

describe('pipelock-rules.json', () => {
  const file = toPipelockRules(plan);
  const [rule] = plan.rules;
  it.each([
    ['another version', { ...file, version: 2 }],
    ['an unknown key', { ...file, colour: 'blue' }],
    ['no limits', { ...file, limits: undefined }],
    ['a limit of none', { ...file, limits: { ...file.limits, maxBodyBytes: 0 } }],
    ['a limit without end', { ...file, limits: { ...file.limits, maxConnections: null } }],
    ['a rule with a host in upper case', { ...file, rules: [{ ...rule, host: 'Open.test' }] }],
    ['a rule for every host', { ...file, rules: [{ ...rule, host: '*' }] }],
    ['a rule with an unknown scheme', { ...file, rules: [{ ...rule, scheme: 'ftp' }] }],
    ['a rule without methods', { ...file, rules: [{ ...rule, methods: undefined }] }],
    ['a rule with a path that is none', { ...file, rules: [{ ...rule, paths: ['v1/**'] }] }],
    ['a rule with a key more', { ...file, rules: [{ ...rule, allow: true }] }],
    ['two rules of one id', { ...file, rules: [rule, rule] }],
    ['a rule without exemptions', { ...file, rules: [{ ...rule, exempt: undefined }] }],
    ['no revision', { ...file, revision: undefined }],
    ['a revision below nothing', { ...file, revision: -1 }],
    ['no word on supervise', { ...file, supervise: 'yes' }],
    // SECURITY: a credential of egress is on no list of what may be exempted.
    ['an exemption that is not on the list', { ...file, rules: [{ ...rule, exempt: ['API_KEY'] }] }],
  ])('is refused with %s', (_name, value) => {
    expect(() => parseRulesFile(JSON.stringify(file))).not.toThrow();
    expect(() => parseRulesFile(JSON.stringify(value))).toThrow('pipelock-rules.json');
  });

  it('takes an exemption that is on the list', () => {
    const value = { ...file, rules: [{ ...rule, exempt: ['DATABASE_URL'] }] };
    expect(parseRulesFile(JSON.stringify(value)).rules[0]?.exempt).toEqual(['DATABASE_URL']);
  });
});
