import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createContentScanner } from '../../../src/scan/content-scanner.ts';
import { credentialClasses } from '../../../src/scan/credential-classes.ts';
import { createScanTables } from '../../../src/scan/scan-tables.ts';
import { githubToken, toChecksummed } from './support/tokens.ts';

const nothingKnown = createScanTables([]);
const random = 'q7Rk2mZx0Ta9Lw3Vb6Yc8Nd1Pe5Fg4uHjS';
const letters = (count: number) => random.repeat(20).slice(0, count);
const base32 = 'Q7ZT2MXW4KBN5RLC';
const awsSecret = `${letters(17)}/${letters(22)}`;
const hex = createHash('sha512').update('x').digest('hex');
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const sec1 = privateKey.export({ type: 'sec1', format: 'pem' }).toString();
const armour = (kind: string, fields = '') =>
  `-----BEGIN ${kind}-----\n${fields}${`${letters(64)}\n`.repeat(4)}-----END ${kind}-----\n`;

/** Made up for this test, in the form of the real ones. */
const samples: ReadonlyArray<readonly [rule: string, name: string, text: string]> = [
  ['private-key', 'PKCS#8', pem],
  ['private-key', 'SEC1', sec1],
  ['private-key', 'PKCS#8 with other line ends', pem.replaceAll('\n', '\r\n')],
  ['private-key', 'in JSON', JSON.stringify({ key: pem })],
  ['private-key', 'in JSON in JSON', JSON.stringify(JSON.stringify({ key: pem }))],
  ['private-key', 'in code, line by line', pem.replace(/^(.*)\n/gm, '  "$1\\n" +\n')],
  ['private-key', 'indented, in YAML', pem.replace(/^/gm, '      ')],
  ['private-key', 'in one line of base64', Buffer.from(pem).toString('base64')],
  ['private-key', 'OpenSSH', armour('OPENSSH PRIVATE KEY')],
  ['private-key', 'RSA', armour('RSA PRIVATE KEY')],
  [
    'private-key',
    'RSA, encrypted',
    armour('RSA PRIVATE KEY', 'Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0F\n\n'),
  ],
  ['private-key', 'PKCS#8, encrypted', armour('ENCRYPTED PRIVATE KEY')],
  ['private-key', 'PGP', armour('PGP PRIVATE KEY BLOCK', 'Version: GnuPG v2\nComment: x\n\n')],
  ['gcp-service-account', 'in its file', `"private_key_id": "${hex.slice(0, 40)}",`],
  ['aws-access-key-id', 'lasting', `AKIA${base32}`],
  ['aws-access-key-id', 'for a session', `ASIA${base32}`],
  ['aws-secret-access-key', 'in credentials', `aws_secret_access_key = ${awsSecret}`],
  ['aws-secret-access-key', 'in the environment', `export AWS_SECRET_ACCESS_KEY="${awsSecret}"`],
  ['aws-secret-access-key', 'in JSON', `{"SecretAccessKey": "${awsSecret}"}`],
  ['aws-secret-access-key', 'in code', `secretAccessKey: '${awsSecret}',`],
  ...['ghp', 'gho', 'ghu', 'ghs', 'ghr'].map(
    (prefix) => ['github-token', prefix, toChecksummed(`${prefix}_`, letters(30))] as const,
  ),
  ['github-token', 'with text right before and behind it', `x${githubToken}y`],
  ['github-refresh-token', 'ghr, long', `ghr_${letters(76)}`],
  ['github-fine-grained-token', 'github_pat', `github_pat_${letters(22)}_${letters(59)}`],
  ['gitlab-token', 'glpat', `glpat-${letters(20)}`],
  ['gitlab-token', 'glpat, routable', `glpat-${letters(27)}.01.0a1b2c3d4`],
  ['gitlab-token', 'gldt', `gldt-${letters(20)}`],
  ['slack-token', 'xoxb', `xoxb-204177331234-204177331235-${letters(24)}`],
  ['slack-token', 'xapp', `xapp-1-A01B2C3D4E5-204177331234-${hex.slice(0, 64)}`],
  ['slack-webhook', 'URL', `https://hooks.slack.com/services/T01AB2CD3/B04EF5GH6/${letters(24)}`],
  ['stripe-key', 'sk', `sk_live_${letters(24)}`],
  ['stripe-key', 'rk', `rk_live_${letters(99)}`],
  ['anthropic-key', 'api03', `sk-ant-api03-${letters(93)}AA`],
  ['openai-key', 'project', `sk-proj-${letters(74)}T3BlbkFJ${letters(74)}`],
  ['openai-key', 'service', `sk-svcacct-${letters(60)}`],
  ['openai-key', 'of old', `sk-${letters(20)}T3BlbkFJ${letters(20)}`],
  ['google-api-key', 'AIza', `AIza${letters(34)}-`],
  ['npm-token', 'npm', toChecksummed('npm_', letters(30))],
  ['pypi-token', 'pypi', `pypi-AgEIcHlwaS5vcmc${letters(80)}`],
  ['sendgrid-key', 'SG', `SG.${letters(22)}.${letters(43)}`],
  ['digitalocean-token', 'dop', `dop_v1_${hex.slice(0, 64)}`],
  ['huggingface-token', 'hf', `hf_${letters(34)}`],
  ['vault-token', 'hvs', `hvs.${letters(90)}`],
  ['database-url', 'PostgreSQL', 'postgres://app:k3Rz8Qw1@db.prod.example-corp.io:5432/app'],
  ['database-url', 'a driver', 'postgresql+asyncpg://app:k3Rz8Qw1@10.1.2.3/app'],
  ['database-url', 'MongoDB', 'mongodb+srv://app:k3Rz8Qw1@cluster0.ab1cd.mongodb.net/x?retryWrites=true'],
  ['database-url', 'Redis, no user', 'redis://:k3Rz8Qw1zz@cache.corp.net:6379/0'],
];

const scan = (text: string | Buffer) => createContentScanner(nothingKnown).push(Buffer.from(text), true);

describe('credential classes', () => {
  it.each(samples)('%s: %s', (rule, _name, text) => {
    for (const around of [(token: string) => token, (token: string) => `one\ntwo "${token}", three\nfour`]) {
      expect(scan(around(text)).map((hit) => hit.rule)).toEqual([rule]);
    }
    const [hit] = scan(`one\ntwo ${text} three`);
    expect(hit).toMatchObject({ kind: 'class', line: 2 });
    expect(JSON.stringify(hit)).not.toContain(text.slice(5, 15));
  });

  it('each have a sample', () => {
    const rules = new Set(samples.map(([rule]) => rule));
    expect(credentialClasses.filter(({ rule }) => !rules.has(rule))).toEqual([]);
  });

  it.each(samples)('%s (%s) is found however the bytes are cut', (rule, _name, text) => {
    const bytes = Buffer.from(`${'.'.repeat(1500)} ${text} ${'.'.repeat(1500)}`);
    const whole = scan(bytes);
    for (let cut = 1450; cut < bytes.length - 1450; cut += 7) {
      const scanner = createContentScanner(nothingKnown);
      const hits = [
        ...scanner.push(bytes.subarray(0, cut), false),
        ...scanner.push(bytes.subarray(cut), true),
      ];
      expect(hits).toEqual(whole);
    }
    const bytewise = createContentScanner(nothingKnown);
    const hits = [...bytes].flatMap((byte, index) =>
      bytewise.push(Buffer.from([byte]), index === bytes.length - 1),
    );
    expect(hits.map((hit) => hit.rule)).toEqual([rule]);
  });
});

const changed = (text: string) => text.slice(0, -1) + (text.endsWith('0') ? '1' : '0');

/** What people write that looks like a credential. */
const harmless: Readonly<Record<string, string>> = {
  "a manual's AWS keys":
    'aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n',
  'an AWS id that is too long': `AKIA${base32}Q`,
  'an AWS id in lower case': `akia${base32.toLowerCase()}`,
  'a GitHub token with a wrong checksum': changed(githubToken),
  'a placeholder of GitHub':
    'ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx github_pat_XXXXXXXXXXXXXXXXXXXXXX_XXXXXX',
  'an npm token with a wrong checksum': changed(toChecksummed('npm_', letters(30))),
  placeholders:
    'glpat-xxxxxxxxxxxxxxxxxxxx sk-ant-api03-... sk-proj-your-key-here-your-key-here-your-key-here-1A xoxb-your-token hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
  'a test key of Stripe': `sk_test_${letters(24)}`,
  'a placeholder of Slack': 'https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX',
  'a header that a parser looks for':
    'if (line === "-----BEGIN RSA PRIVATE KEY-----") return parse(rest);\nconst end = "-----END RSA PRIVATE KEY-----";',
  'a key left out of a manual': '-----BEGIN PRIVATE KEY-----\nMIIE...\n-----END PRIVATE KEY-----\n',
  'a public key': armour('PUBLIC KEY'),
  'a certificate': armour('CERTIFICATE'),
  'databases on the same machine':
    'postgres://postgres:postgres@localhost:5432/x mysql://root:hunter22@127.0.0.1/x redis://:k3Rz8Qw1@redis:6379',
  'databases of manuals':
    'postgresql://user:k3Rz8Qw1@db.example.com/x mongodb://$USER:$PASSWORD@cluster.corp.net postgres://a:{password}@b.corp.net postgres://a:%s@b.corp.net amqp://app:password@mq.corp.net',
  'a database without a password': 'postgres://db.corp.net/app?user=x postgres://app@db.corp.net',
  'code of a vault':
    'hvs.someMethodOfAnObjectWithALongName(x); SG.getSomething.called(); AIzable; hf_hub_download_to_the_local_folder_x',
  identifiers: `${randomUUID()} ${hex} sha512-${createHash('sha512').update('x').digest('base64')}`,
  'ids of commits': Array.from({ length: 200 }, (_, index) =>
    createHash('sha1').update(`${index}`).digest('hex'),
  ).join('\n'),
};

describe('ordinary text', () => {
  it.each(Object.entries(harmless))('%s', (_name, text) => {
    expect(scan(text)).toEqual([]);
  });

  it('a lock file', () => {
    expect(scan(readFileSync('package-lock.json'))).toEqual([]);
  });

  it('minified code of a dependency', () => {
    const file = readFileSync('node_modules/react-reconciler/cjs/react-reconciler.production.js');
    expect(scan(file)).toEqual([]);
  });

  it('bytes of an image, as they are and in base64', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 200, maxLength: 4000 }), (bytes) => {
        const image = Buffer.from(bytes);
        expect(scan(image)).toEqual([]);
        expect(scan(`<img src="data:image/png;base64,${image.toString('base64')}">`)).toEqual([]);
        expect(scan(image.toString('base64url'))).toEqual([]);
        expect(scan(image.toString('hex'))).toEqual([]);
      }),
    );
  });

  it('a megabyte of the base64 of noise', () => {
    let noise = createHash('sha256').update('noise').digest();
    const pieces: Buffer[] = [];
    for (let index = 0; index < 24_000; index += 1) {
      noise = createHash('sha256').update(noise).digest();
      pieces.push(noise);
    }
    const text = Buffer.concat(pieces).toString('base64');
    expect(scan(text)).toEqual([]);
    expect(scan(text.replace(/.{76}/g, '$&\n'))).toEqual([]);
  });
});

describe('time', () => {
  /** The costliest texts for each form: its literal, and then as much as it reads before it gives up. */
  const costly = {
    'a header again and again': '-----BEGIN A PRIVATE KEY-----\n',
    'header fields without end': `-----BEGIN PRIVATE KEY-----\n${'Aa: b\n'.repeat(40)}`,
    'separators without end': `-----BEGIN PRIVATE KEY-----${'\n "'.repeat(200)}`,
    'a literal again and again': 'sk-proj-',
    'a URL without end': `postgres://${'a:'.repeat(200)}`,
    'a token of every length': `glpat-${'a'.repeat(400)}`,
    'base64 of a header': `LS0tLS1CRUdJTi${'A'.repeat(300)}`,
  };
  it.each(Object.entries(costly))('is in proportion to the bytes: %s', (_name, piece) => {
    const time = (count: number) => {
      const bytes = Buffer.from(piece.repeat(Math.ceil(count / piece.length)));
      const scanner = createContentScanner(nothingKnown);
      const before = process.cpuUsage();
      for (let at = 0; at < bytes.length; at += 65_536) {
        scanner.push(bytes.subarray(at, at + 65_536), at + 65_536 >= bytes.length);
      }
      const { user } = process.cpuUsage(before);
      return user;
    };
    time(200_000);
    const small = time(200_000);
    expect(time(1_600_000)).toBeLessThan(Math.max(small, 2000) * 8 * 5);
  });
});
