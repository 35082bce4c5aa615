import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { prepareBottle } from '../../../src/plans/prepare/prepare-bottle.ts';
import { toConfigFiles } from '../../../src/plans/to-config-files.ts';
import { createHostFacts } from '../../support/host-facts.ts';
import { loadText } from '../../support/load-text.ts';

const text = `
agent: shell
egress:
  routes:
    - host: api.example.com
      methods: [GET]
      paths: [/v1/**]
      auth: { kind: bearer, secret: { env: API_KEY } }
    - { host: api.example.com, port: 8443 }
    - { host: "*.example.org", scheme: http }
  allowPrivate: [10.20.0.0/16]
pipelock: { knownSecrets: [{ env: DATABASE_URL }] }
`;

const rules = [
  {
    id: 'egress.routes[0]',
    host: 'api.example.com',
    scheme: 'https',
    port: 443,
    methods: ['GET'],
    paths: ['/v1/**'],
  },
  {
    id: 'egress.routes[1]',
    host: 'api.example.com',
    scheme: 'https',
    port: 8443,
    methods: null,
    paths: null,
  },
  { id: 'egress.routes[2]', host: '*.example.org', scheme: 'http', port: 80, methods: null, paths: null },
];

let files: ReadonlyMap<string, string>;
beforeAll(async () => {
  files = await toFiles(text);
});

async function toFiles(manifest: string): Promise<ReadonlyMap<string, string>> {
  const plan = prepareBottle(await loadText(manifest), createHostFacts({ extraCa: ['PEM'] }));
  return new Map(toConfigFiles(plan).map(({ path, content }) => [path, content]));
}

describe('toConfigFiles', () => {
  it('writes bundle.json', () => {
    const flags = [
      '--max-semi-space-size=1',
      '--max-old-space-size=64',
      '--optimize-for-size',
      '--v8-pool-size=1',
    ];
    expect(JSON.parse(files.get('bundle.json') ?? '')).toEqual({
      version: 1,
      image: 'bottle-bundle:0123456789ab',
      daemons: [
        {
          name: 'egress',
          uid: 2001,
          gid: 2001,
          argv: ['node', ...flags, '/opt/bottle/egress.js'],
          secrets: { values: ['secret-0'], fingerprints: [] },
          hearsRefusals: false,
        },
        {
          name: 'pipelock',
          uid: 2002,
          gid: 2002,
          argv: ['node', ...flags, '/opt/bottle/pipelock.js'],
          secrets: { values: [], fingerprints: ['secret-0', 'secret-1'] },
          hearsRefusals: false,
        },
      ],
      secretLabels: { 'secret-0': 'API_KEY', 'secret-1': 'DATABASE_URL' },
      graceMs: 8000,
      readyTimeoutMs: 15_000,
      configDirectory: '/etc/bottle',
    });
  });

  it('writes egress.json', () => {
    expect(JSON.parse(files.get('egress.json') ?? '')).toEqual({
      version: 1,
      revision: 0,
      listen: { address: '127.0.0.1', port: 9099 },
      routes: [
        { ...rules[0], auth: { kind: 'bearer', secretId: 'secret-0' } },
        { ...rules[1], auth: null },
        { ...rules[2], auth: null },
      ],
      allowPrivate: ['10.20.0.0/16'],
      extraCa: ['PEM'],
      secretIds: ['secret-0'],
      secretLabels: { 'secret-0': 'API_KEY' },
      limits: {
        connectTimeoutMs: 10_000,
        responseTimeoutMs: 600_000,
        idleTimeoutMs: 900_000,
        maxConnections: 512,
      },
    });
  });

  it('writes pipelock-rules.json', () => {
    expect(JSON.parse(files.get('pipelock-rules.json') ?? '')).toEqual({
      version: 1,
      revision: 0,
      dns: { address: '10.201.230.242', port: 53 },
      egress: { address: '127.0.0.1', port: 9099 },
      rules: rules.map((rule) => ({ ...rule, exempt: [] })),
      exemptible: ['DATABASE_URL'],
      supervise: false,
      limits: {
        maxHeaderBytes: 65_536,
        maxHeaderCount: 200,
        maxUrlBytes: 8192,
        maxBodyBytes: 1_073_741_824,
        maxConnections: 512,
        headTimeoutMs: 10_000,
        tlsHandshakeTimeoutMs: 10_000,
        idleTimeoutMs: 900_000,
      },
    });
  });

  it('writes pipelock.yaml, the text itself', () => {
    const [beforeRanges, afterRanges] = (files.get('pipelock.yaml') ?? '').split(
      /^internal:\n(?: {2}- .*\n)+/m,
    );
    expect(beforeRanges).toBe(`version: 1
mode: strict
enforce: true
explain_blocks: false
api_allowlist:
  - api.example.com
  - "*.example.org"
fetch_proxy:
  listen: 10.201.230.242:8888
  timeout_seconds: 31536000
  max_response_mb: 1048576
  monitoring:
    max_url_length: 8192
    entropy_threshold: 9
    subdomain_entropy_threshold: 9
    max_requests_per_minute: 1000000000
    max_data_per_minute: 0
    blocklist: []
forward_proxy:
  enabled: true
  max_tunnel_seconds: 31536000
  idle_timeout_seconds: 900
  sni_verification: true
tls_interception:
  enabled: true
  passthrough_domains: []
  max_response_bytes: 1099511627776
request_body_scanning:
  enabled: true
  action: block
  max_body_bytes: 1073741824
  scan_headers: true
  header_mode: all
response_scanning:
  enabled: false
  sse_streaming:
    enabled: false
dlp:
  scan_env: false
  include_defaults: false
  patterns: []
seed_phrase_detection:
  enabled: false
websocket_proxy:
  enabled: false
`);
    expect(afterRanges).toBe(`trusted_domains: []
ssrf:
  ip_allowlist:
    - 10.20.0.0/16
suppress: []
media_policy:
  enabled: false
taint:
  enabled: false
logging:
  format: json
  output: stdout
  include_allowed: true
  include_blocked: true
sentry:
  enabled: false
`);
  });

  it('names every range of pipelock\u2019s own list, and those it lacks', () => {
    const { internal } = parse(files.get('pipelock.yaml') ?? '');
    const own = [
      '0.0.0.0/8',
      '10.0.0.0/8',
      '100.64.0.0/10',
      '127.0.0.0/8',
      '169.254.0.0/16',
      '172.16.0.0/12',
      '192.168.0.0/16',
      '224.0.0.0/4',
      '::1/128',
      'fc00::/7',
      'fe80::/10',
      'ff00::/8',
    ];
    const lacking = ['::/128', '192.0.0.0/24', '198.18.0.0/15', '240.0.0.0/4', '64:ff9b::/96', '2002::/16'];
    expect(internal).toEqual(expect.arrayContaining([...own, ...lacking]));
  });

  it('names a host that cannot be where there is no route, since strict mode wants one', async () => {
    const { api_allowlist } = parse((await toFiles('agent: shell')).get('pipelock.yaml') ?? '');
    expect(api_allowlist).toEqual(['no-route.invalid']);
  });
});
