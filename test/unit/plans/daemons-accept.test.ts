import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { BottlePlan } from '../../../src/plans/bottle-plan.ts';
import { parseGitUrl } from '../../../src/plans/manifest/git-url.ts';
import { prepareBottle } from '../../../src/plans/prepare/prepare-bottle.ts';
import { templateNames, templates } from '../../../src/plans/templates.ts';
import { toConfigFiles } from '../../../src/plans/to-config-files.ts';
import { parseBundleConfiguration } from '../../../src/sidecars/bundle/configuration.ts';
import { parseEgressConfiguration } from '../../../src/sidecars/egress/configuration.ts';
import { parseGitGateConfiguration } from '../../../src/sidecars/git-gate/configuration.ts';
import { parsePipelockYaml } from '../../../src/sidecars/pipelock/config/parse-pipelock-yaml.ts';
import { parseRulesFile } from '../../../src/sidecars/pipelock/config/parse-rules-file.ts';
import { joinConfig } from '../../../src/sidecars/pipelock/config/read-config.ts';
import { parseSuperviseConfiguration } from '../../../src/sidecars/supervise/configuration.ts';
import { createHostFacts } from '../../support/host-facts.ts';
import { hostKey } from '../../support/known-host.ts';
import { loadText } from '../../support/load-text.ts';

const everything = `
egress:
  routes:
    - { host: a.example, auth: { kind: header, name: x-api-key, secret: { env: A } } }
    - { host: b.example, auth: { kind: basic, username: "", secret: { command: [pass, b] } }, paths: [/b**] }
    - { host: c.example, auth: { kind: query, name: key, secret: { file: /c } }, methods: [GET] }
    - { host: "*.example.org", scheme: http, port: 8080 }
    - { host: "2001:db8::1" }
  allowPrivate: [10.20.0.0/16, "2001:db8::/32"]
pipelock: { knownSecrets: [{ env: B }] }
git:
  remotes:
    ssh: { url: "git@a.example:o/r.git", identity: ./id, knownHost: "${hostKey}", push: ["agent/**"], approve: true }
    token: { url: "https://a.example/o/s", token: { env: T }, checks: { hooks: report } }
    open: { url: "https://[2001:db8::1]:8443/o/t" }
supervise: { timeout: 90s }
`;

const cases: readonly (readonly [name: string, text: string])[] = [
  ...templateNames.map((name) => [name, templates[name]] as const),
  ['every kind of route', everything],
];

it('a remote that the manifest takes, the git gate takes', async () => {
  const part = fc.constantFrom(
    ...[
      'a',
      'B',
      '1',
      '.',
      '-',
      '_',
      '~',
      '+',
      '@',
      '/',
      ':',
      '%20',
      'git@',
      'a.example',
      '[::1]',
      '.git',
      '22',
    ],
  );
  const rest = fc.array(part, { minLength: 1, maxLength: 8 }).map((parts) => parts.join(''));
  const url = fc
    .tuple(fc.constantFrom('', 'ssh://', 'https://', 'git@a.example:', 'https://a.example/'), rest)
    .map(([head, tail]) => `${head}${tail}`)
    .filter((text) => parseGitUrl(text).kind !== 'refused');
  const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,9}$/);
  await fc.assert(
    fc.asyncProperty(url, name, async (some, called) => {
      const proof =
        parseGitUrl(some).kind === 'ssh' ? `identity: ./id, knownHost: "${hostKey}"` : 'token: { env: T }';
      const text = `git: { remotes: { "${called}": { url: "${some}", ${proof} } } }`;
      const manifest = await loadText(text).catch(() => null);
      if (manifest === null) return;
      const plan = prepareBottle(manifest, createHostFacts());
      const files = new Map(toConfigFiles(plan).map(({ path, content }) => [path, content]));
      expect(parseGitGateConfiguration(files.get('git-gate.json') ?? '')).toEqual(plan.gitGate);
    }),
    { numRuns: 200 },
  );
});

/** Both sides of the seam: what prepare decides is what the daemons' own strict parsers give back. */
describe.each(cases)('the files of %s', (_name, text) => {
  let plan: BottlePlan;
  let files: ReadonlyMap<string, string>;
  beforeAll(async () => {
    plan = prepareBottle(await loadText(text), createHostFacts({ extraCa: ['PEM'] }));
    files = new Map(toConfigFiles(plan).map(({ path, content }) => [path, content]));
  });
  const read = (path: string): string => files.get(path) ?? '';

  it('are read by init as the plan', () => {
    expect(parseBundleConfiguration(read('bundle.json'))).toEqual(plan.bundle);
  });

  it('are read by egress as the plan', () => {
    expect(parseEgressConfiguration(read('egress.json'))).toEqual(plan.egress);
  });

  it('are read by the git gate and by supervise as the plan, where there are such', () => {
    const gate = files.get('git-gate.json');
    const supervise = files.get('supervise.json');
    expect(gate === undefined ? null : parseGitGateConfiguration(gate)).toEqual(plan.gitGate);
    expect(supervise === undefined ? null : parseSuperviseConfiguration(supervise)).toEqual(plan.supervise);
  });

  it('are read by pipelock as the plan', () => {
    const config = joinConfig(
      parsePipelockYaml(read('pipelock.yaml')),
      parseRulesFile(read('pipelock-rules.json')),
    );
    const { listen, dns, egress, rules, limits } = plan.pipelock;
    expect(config).toMatchObject({ listen, dns, egress, rules, limits });
  });
});
