import { describe, expect, it } from 'vitest';
import type { HostFacts } from '../../../src/plans/host-facts.ts';
import { findPlanWarnings } from '../../../src/plans/plan-warnings.ts';
import { prepareBottle } from '../../../src/plans/prepare/prepare-bottle.ts';
import { createHostFacts, dockerFacts } from '../../support/host-facts.ts';
import { loadText } from '../../support/load-text.ts';

const root = { uid: 0, gid: 0 };

async function warn(text: string, changes: Partial<HostFacts> = {}): Promise<readonly string[]> {
  const facts = createHostFacts(changes);
  const warnings = findPlanWarnings(prepareBottle(await loadText(text), facts), facts);
  return warnings.map(({ message, remedy }) => `${message} ${remedy}`);
}

describe('findPlanWarnings', () => {
  it.each<[string, string, Partial<HostFacts>, string]>([
    [
      'a workspace of root\u2019s',
      '{}',
      { user: root, workspaceOwner: root },
      'belongs to user 0, but the guest runs as 1000, so it may be unable to write there. Run "chown -R 1000:1000 /home/op/work"',
    ],
    [
      'a workspace of somebody else',
      '{}',
      { workspaceOwner: { uid: 7, gid: 7 } },
      'belongs to user 7, but the guest runs as 1234',
    ],
    ['a root without capabilities', 'user: root', {}, 'belongs to user 1234, but the guest runs as 0'],
    ['more memory than there is', 'resources: { memory: 32GiB }', {}, 'more memory than the engine has'],
    [
      'a secret in the environment',
      'env: { DB_PASSWORD: hunter2 }',
      {},
      'env.DB_PASSWORD looks like a secret',
    ],
    [
      'a route in the clear',
      'egress: { routes: [{ host: a.example, scheme: http }] }',
      {},
      'egress.routes[0] sends to a.example in the clear',
    ],
    [
      'a route behind a wider one',
      'egress: { routes: [{ host: a.example }, { host: a.example, methods: [GET] }] }',
      {},
      'egress.routes[1] never decides: egress.routes[0]',
    ],
    [
      'a route behind a wildcard',
      'egress: { routes: [{ host: "*.a.example" }, { host: "*.b.a.example" }] }',
      {},
      'egress.routes[1] never decides',
    ],
    [
      'a route behind all paths',
      'egress: { routes: [{ host: a.example, paths: [/**] }, { host: a.example, paths: [/x] }] }',
      {},
      'egress.routes[1] never decides',
    ],
    [
      'a remote that may be pushed to anywhere',
      'git: { remotes: { a: { url: "https://a.example/r", token: { env: T }, push: ["**"] } } }',
      {},
      'git.remotes.a lets the guest push to every branch',
    ],
    [
      'a remote that may be pushed to, without a token',
      'git: { remotes: { a: { url: "https://a.example/r", push: [agent/*] } } }',
      {},
      'git.remotes.a may be pushed to, but has no token',
    ],
    [
      'an exemption for a whole zone',
      'egress: { routes: [{ host: "*.a.example", exempt: [DB] }] }\npipelock: { knownSecrets: [{ env: DB }] }',
      {},
      'egress.routes[0] lets DB pass to every name below a.example',
    ],
  ])('tells of %s', async (_case, text, changes, message) => {
    const warnings = await warn(text, changes);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(message);
    expect(warnings[0]).not.toContain('hunter2');
  });

  it.each<[string, string, Partial<HostFacts>]>([
    ['an ordinary bottle', 'agent: claude', {}],
    ['a copy of somebody else\u2019s folder', 'workspace: { mode: copy }', { workspaceOwner: root }],
    ['all the memory there is', 'resources: { memory: 16GiB }', { backends: { docker: dockerFacts } }],
    [
      'placeholders',
      'egress: { routes: [{ host: a.example, auth: { kind: bearer, secret: { env: MY_TOKEN } } }] }',
      {},
    ],
    [
      'narrow before wide',
      'egress: { routes: [{ host: a.example, methods: [GET] }, { host: a.example }] }',
      {},
    ],
    ['another port', 'egress: { routes: [{ host: a.example }, { host: a.example, port: 8443 }] }', {}],
    ['the zone of a wildcard', 'egress: { routes: [{ host: "*.a.example" }, { host: a.example }] }', {}],
    [
      'other methods',
      'egress: { routes: [{ host: a.example, methods: [GET] }, { host: a.example, methods: [GET, PUT] }] }',
      {},
    ],
    [
      'a remote with branches of its own, or with approval',
      'git: { remotes: { a: { url: "https://a.example/r", token: { env: T }, push: [agent/**] }, b: { url: "https://a.example/s", token: { env: T }, push: ["**"], approve: true }, c: { url: "https://a.example/t" } } }',
      {},
    ],
    [
      'an exemption for one host',
      'egress: { routes: [{ host: a.example, exempt: [DB] }] }\npipelock: { knownSecrets: [{ env: DB }] }',
      {},
    ],
  ])('has nothing to say of %s', async (_case, text, changes) => {
    expect(await warn(text, changes)).toEqual([]);
  });
});
