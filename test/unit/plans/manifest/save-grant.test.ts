import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { applyGrants } from '../../../../src/plans/apply-grants.ts';
import type { Grant } from '../../../../src/plans/live-policy.ts';
import { saveGrant } from '../../../../src/plans/manifest/save-grant.ts';
import type { Manifest } from '../../../../src/plans/manifest.ts';
import { prepareBottle } from '../../../../src/plans/prepare/prepare-bottle.ts';
import { templateNames, templates } from '../../../../src/plans/templates.ts';
import type { RouteProposal } from '../../../../src/queue/proposal.ts';
import { wouldChange } from '../../../../src/queue/would-change.ts';
import { createHostFacts } from '../../../support/host-facts.ts';
import { loadFiles } from '../../../support/load-text.ts';
import { anyRoute } from '../../../support/route-arbitraries.ts';

type Files = Readonly<Record<string, string>>;

const route: RouteProposal = {
  kind: 'route',
  host: 'new.example',
  scheme: 'https',
  port: 443,
  methods: ['GET'],
  paths: ['/v1/**'],
  credentialOf: null,
};
const exemption = { kind: 'exemption', route: 'egress.routes[0]', rule: 'DB' } as const;

/** Saves into the bottle `api-dev` as it was launched, and gives its file's new text. */
async function save(files: Files, change: Grant['change'], granted: readonly Grant[] = []): Promise<string> {
  return saveTo(files, change, await loadFiles(files), granted);
}

async function saveTo(
  files: Files,
  change: Grant['change'],
  launched: Manifest,
  granted: readonly Grant[] = [],
): Promise<string> {
  const plan = applyGrants(prepareBottle(launched, createHostFacts()), {
    version: 1,
    revision: granted.length,
    grants: granted,
  });
  const saved = await saveGrant('api-dev', change, plan, {
    readManifestFile: (name) => {
      const text = files[name];
      return text === undefined ? null : { path: `/home/op/bottles/${name}.yaml`, text };
    },
    home: '/home/op',
    workingDirectory: '/home/op/work',
  });
  expect(saved.path).toBe('/home/op/bottles/api-dev.yaml');
  return saved.text;
}

describe('saveGrant puts lines in, and leaves every other character as it is', () => {
  it.each(templateNames)('in the template %s', async (name) => {
    const text = templates[name];
    const saved = await save({ 'api-dev': text }, route);
    const lines = ['- host: new.example', 'methods: [GET]', 'paths: [/v1/**]'];
    const expected = name === 'shell' ? ['egress:', 'routes:', ...lines] : lines;
    expect(findAdded(text, saved).map((line) => line.trim())).toEqual(expected);
  });

  it.each<[string, Files, Grant['change'], readonly string[]]>([
    [
      'a route behind a comment at its end of the list',
      { 'api-dev': 'egress:\n  routes:\n  - host: a.example # first\n# the end\nuser: agent\n' },
      route,
      ['  - host: new.example', '    methods: [GET]', '    paths: [/v1/**]'],
    ],
    [
      'a route that is all but the default',
      { 'api-dev': 'egress:\n    routes:\n        - host: a.example\n' },
      { ...route, host: '*.zone.example', scheme: 'http', port: 8080, methods: null, paths: null },
      ['        - host: "*.zone.example"', '          scheme: http', '          port: 8080'],
    ],
    [
      'an exemption',
      {
        'api-dev':
          'pipelock: { knownSecrets: [{ env: DB }] }\negress:\n  routes:\n    - host: a.example\n      methods: [GET]\n',
      },
      exemption,
      ['      exempt: [DB]'],
    ],
    [
      'a route with the credential of another',
      {
        'api-dev':
          'egress:\n  routes:\n    - host: a.example\n      methods: [GET]\n      auth: { kind: bearer, secret: { file: ./k } }\n',
      },
      { ...route, host: 'a.example', methods: ['PUT'], credentialOf: 'egress.routes[0]' },
      [
        '    - host: a.example',
        '      methods: [PUT]',
        '      paths: [/v1/**]',
        '      auth: {kind: bearer, secret: {file: ./k}}',
      ],
    ],
    [
      'the routes of a base, and the route behind them',
      {
        'api-dev': '# mine\nextends: base\n',
        base: 'egress:\n  routes:\n    - host: a.example\n      auth: { kind: bearer, secret: { file: ./k } }\n    - { host: b.example, exempt: [DB] }\npipelock: { knownSecrets: [{ env: DB }] }\n',
      },
      route,
      [
        ...[
          'egress:',
          '  routes:',
          '    - host: a.example',
          '      auth: {kind: bearer, secret: {file: ./k}}',
        ],
        ...['    - host: b.example', '      exempt: [DB]'],
        ...['    - host: new.example', '      methods: [GET]', '      paths: [/v1/**]'],
      ],
    ],
    [
      'the routes of a base below what else is said of egress',
      {
        'api-dev': 'extends: base\negress:\n  allowPrivate: [10.0.0.0/8]\nuser: root\n',
        base: 'egress: { routes: [{ host: a.example }] }',
      },
      route,
      [
        '  routes:',
        '    - host: a.example',
        '    - host: new.example',
        '      methods: [GET]',
        '      paths: [/v1/**]',
      ],
    ],
  ])('%s', async (_case, files, change, added) => {
    expect(findAdded(files['api-dev'] ?? '', await save(files, change))).toEqual(added);
  });

  it.each<[string, string, Grant['change'], string]>([
    [
      'an exemption in braces',
      'pipelock: { knownSecrets: [{ env: DB }] }\negress:\n  routes:\n    - { host: a.example, methods: [GET] } # a\n',
      exemption,
      'pipelock: { knownSecrets: [{ env: DB }] }\negress:\n  routes:\n    - { host: a.example, methods: [GET], exempt: [DB] } # a\n',
    ],
    [
      'one exemption more',
      'pipelock: { knownSecrets: [{ env: DB }, { env: X }] }\negress:\n  routes:\n    - host: a.example\n      exempt: [ X ]\n',
      exemption,
      'pipelock: { knownSecrets: [{ env: DB }, { env: X }] }\negress:\n  routes:\n    - host: a.example\n      exempt: [ X, DB ]\n',
    ],
    [
      'one exemption more, a line each',
      'pipelock: { knownSecrets: [{ file: "/a, b" }, { env: X }] }\negress:\n  routes:\n    - host: a.example\n      exempt:\n        - X\n      port: 1\n',
      { ...exemption, rule: 'file a, b' },
      'pipelock: { knownSecrets: [{ file: "/a, b" }, { env: X }] }\negress:\n  routes:\n    - host: a.example\n      exempt:\n        - X\n        - file a, b\n      port: 1\n',
    ],
    [
      'a name with a comma in brackets',
      'pipelock: { knownSecrets: [{ file: "/a, b" }] }\negress: { routes: [{ host: a.example }] }\n',
      { ...exemption, rule: 'file a, b' },
      'pipelock: { knownSecrets: [{ file: "/a, b" }] }\negress: { routes: [{ host: a.example, exempt: ["file a, b"] }] }\n',
    ],
    [
      'a route in brackets',
      '{ egress: { routes: [{ host: a.example }, ] } } # all\n',
      route,
      '{ egress: { routes: [{ host: a.example }, {host: new.example, methods: [GET], paths: [/v1/**]}, ] } } # all\n',
    ],
  ])('%s', async (_case, text, change, expected) => {
    expect(await save({ 'api-dev': text }, change)).toBe(expected);
  });

  it('with the line ends that the file has, and one at its end', async () => {
    expect(await save({ 'api-dev': 'egress:\r\n  routes:\r\n    - host: a.example' }, route)).toBe(
      'egress:\r\n  routes:\r\n    - host: a.example\r\n    - host: new.example\r\n      methods: [GET]\r\n      paths: [/v1/**]\r\n',
    );
  });
});

describe('saveGrant writes the file anew', () => {
  it.each<[string, string, Grant['change'], string]>([
    [
      'in brackets',
      'egress: { routes: [] } # none',
      route,
      'egress: { routes: [ { host: new.example, methods: [ GET ], paths: [ /v1/** ] } ] } # none\n',
    ],
    [
      'where something is exempt already, as an alias',
      'pipelock: {knownSecrets: [{env: DB}, {env: X}]}\negress:\n  routes:\n    - host: a.example\n      exempt: &x [X]\n    - host: b.example\n      exempt: *x\n',
      { ...exemption, route: 'egress.routes[1]' },
      'pipelock: {knownSecrets: [{env: DB}, {env: X}]}\negress:\n  routes:\n    - host: a.example\n      exempt: [X]\n    - host: b.example\n      exempt: [X, DB]\n',
    ],
  ])('%s', async (_case, text, change, expected) => {
    expect(await save({ 'api-dev': text }, change)).toBe(expected);
  });
});

describe('saveGrant leaves the file alone', () => {
  it.each<[string, Files, Grant['change']]>([
    [
      'for a route that is there',
      { 'api-dev': 'egress: { routes: [{ host: new.example, methods: [GET], paths: [/v1/**] }] }' },
      route,
    ],
    ['for a route that is covered', { 'api-dev': 'egress: { routes: [{ host: new.example }] }' }, route],
    [
      'for a route that its base has',
      { 'api-dev': 'extends: base', base: 'egress: { routes: [{ host: new.example }] }' },
      route,
    ],
    [
      'for a route that is there without the credential',
      {
        'api-dev':
          'egress: { routes: [{ host: a.example, auth: { kind: bearer, secret: { env: T } } }, { host: a.example, methods: [GET] }] }',
      },
      { ...route, host: 'a.example', paths: null, credentialOf: 'egress.routes[0]' },
    ],
    [
      'for an exemption that is there',
      {
        'api-dev':
          'egress: { routes: [{ host: a.example, exempt: [DB] }] }\npipelock: { knownSecrets: [{ env: DB }] }',
      },
      exemption,
    ],
  ])('%s', async (_case, files, change) => {
    expect(await save(files, change)).toBe(files['api-dev']);
  });
});

describe('saveGrant and a manifest that changed since launch', () => {
  const known = 'pipelock: { knownSecrets: [{ env: DB }] }\n';

  it('finds a route by what it says', async () => {
    const launched = await loadFiles({ 'api-dev': `egress: { routes: [{ host: a.example }] }\n${known}` });
    const now = `egress:\n  routes:\n    - host: z.example\n    - host: a.example\n${known}`;
    const saved = await saveTo({ 'api-dev': now }, exemption, launched);
    expect(findAdded(now, saved)).toEqual(['      exempt: [DB]']);
    expect(saved.indexOf('exempt')).toBeGreaterThan(saved.indexOf('a.example'));
  });

  it('saves an exemption on a granted route once that is saved', async () => {
    const granted: readonly Grant[] = [
      { request: 'req-00000000', operator: 'op', grantedAt: '2026-01-31T12:00:00.000Z', change: route },
    ];
    const onGranted = { ...exemption, route: 'grant:req-00000000' };
    const launched = await loadFiles({ 'api-dev': known });
    await expect(saveTo({ 'api-dev': known }, onGranted, launched, granted)).rejects.toMatchObject({
      code: 'request-invalid',
      message: expect.stringContaining('save that route first'),
    });
    const withRoute = await saveTo({ 'api-dev': known }, route, launched, granted);
    const saved = await saveTo({ 'api-dev': withRoute }, onGranted, launched, granted);
    expect((await loadFiles({ 'api-dev': saved })).egress.routes).toMatchObject([
      { host: 'new.example', exempt: ['DB'] },
    ]);
  });

  it.each<[string, string, Grant['change'], string]>([
    ['the route', 'user: agent', exemption, 'egress.routes[0] (https://a.example) is not in the manifest'],
    [
      'the credential',
      'egress: { routes: [{ host: a.example, methods: [GET] }] }',
      { ...route, host: 'a.example', methods: ['PUT'], credentialOf: 'egress.routes[0]' },
      'egress.routes[0] has no credential there now',
    ],
  ])('refuses where %s is gone', async (_case, now, change, words) => {
    const launched = await loadFiles({
      'api-dev':
        'egress: { routes: [{ host: a.example, methods: [GET], auth: { kind: bearer, secret: { env: T } } }] }',
    });
    await expect(saveTo({ 'api-dev': now }, change, launched)).rejects.toMatchObject({
      code: 'request-invalid',
      message: expect.stringContaining(words),
    });
  });

  it('gives no text that does not load', async () => {
    const launched = await loadFiles({ 'api-dev': `egress: { routes: [{ host: a.example }] }\n${known}` });
    const now = 'egress: { routes: [{ host: a.example }] }';
    await expect(saveTo({ 'api-dev': now }, exemption, launched)).rejects.toMatchObject({
      code: 'manifest-invalid',
    });
  });
});

it('whatever the file looks like, it then means the same and what was granted', async () => {
  const style = fc.record({
    own: fc.constantFrom('own', 'base', 'none'),
    flow: fc.boolean(),
    indent: fc.constantFrom(2, 4),
    indentSeq: fc.boolean(),
    comments: fc.boolean(),
    before: fc.boolean(),
    ends: fc.constantFrom('', '\n', '\n# the end\n', '\n\n\n'),
    eol: fc.constantFrom('\n', '\r\n'),
  });
  const written = fc.uniqueArray(anyRoute, { maxLength: 4, selector: toComparable });
  await fc.assert(
    fc.asyncProperty(style, written, anyRoute, async (how, routes, change) => {
      const files = toFiles(how, routes);
      const before = await loadFiles(files);
      const saved = await save(files, change);
      const after = await loadFiles({ ...files, 'api-dev': saved });
      const isNew = wouldChange(change, before.egress.routes);
      const { kind: _kind, credentialOf: _lent, ...rule } = change;
      const id = `egress.routes[${before.egress.routes.length}]`;
      const granted = isNew ? [{ ...rule, id, auth: null, exempt: [] }] : [];
      expect(after).toEqual({
        ...before,
        egress: { ...before.egress, routes: [...before.egress.routes, ...granted] },
      });
      const comments = (text: string) => text.match(/#.*$/gm)?.map((line) => line.trim()) ?? [];
      expect(comments(saved)).toEqual(comments(files['api-dev'] ?? ''));
      expect(await save({ ...files, 'api-dev': saved }, change)).toBe(saved);
    }),
    { numRuns: 80 },
  );
});

interface Style {
  readonly own: string;
  readonly flow: boolean;
  readonly indent: number;
  readonly indentSeq: boolean;
  readonly comments: boolean;
  readonly before: boolean;
  readonly ends: string;
  readonly eol: string;
}

/** A bottle and its base in some style, with routes in one of the two. */
function toFiles(how: Style, routes: readonly RouteProposal[]): Files {
  const list = routes.map(({ kind: _kind, credentialOf: _lent, methods, paths, ...rest }) => ({
    ...rest,
    ...(methods !== null && { methods }),
    ...(paths !== null && { paths }),
  }));
  const options = {
    indent: how.indent,
    indentSeq: how.indentSeq,
    ...(how.flow && { collectionStyle: 'flow' as const }),
  };
  const egress = stringify({ egress: { allowPrivate: ['10.0.0.0/8'], routes: list } }, options);
  const comment = how.comments ? '# about the bottle\n' : '';
  const own = how.own === 'own' && !how.flow ? egress : '';
  const rest = `extends: base # its base\n${comment}env: { A: "1", B: two }\n`;
  const text = `${how.before ? own : ''}${rest}${how.before ? '' : own}`.trimEnd() + how.ends;
  const flow = stringify(
    { extends: 'base', ...(how.own === 'own' && { egress: { routes: list } }) },
    options,
  );
  return {
    'api-dev': (how.flow ? flow : text).replaceAll('\n', how.eol),
    base: how.own === 'base' ? egress : 'user: root',
  };
}

function toComparable({ host, scheme, port, methods, paths }: RouteProposal): string {
  return JSON.stringify([host, scheme, port, methods?.toSorted(), paths?.toSorted()]);
}

/** The lines that a text has more than another; fails where it lacks one, or has them in another order. */
function findAdded(before: string, after: string): readonly string[] {
  const old = before.trimEnd().split('\n');
  const added: string[] = [];
  for (const line of after.trimEnd().split('\n')) {
    if (line === old[0]) old.shift();
    else added.push(line);
  }
  expect(old).toEqual([]);
  return added;
}
