import { describe, expect, it } from 'vitest';
import { prepareBottle } from '../../../src/plans/prepare/prepare-bottle.ts';
import { renderPlan } from '../../../src/plans/render-plan.ts';
import { createHostFacts } from '../../support/host-facts.ts';
import { hostKey } from '../../support/known-host.ts';
import { loadText } from '../../support/load-text.ts';

const render = async (text: string): Promise<string> =>
  renderPlan(prepareBottle(await loadText(text), createHostFacts()));

describe('renderPlan', () => {
  it('says what may be reached, with which credential, and what will be made', async () => {
    const text = await render(`
agent: claude
egress:
  routes:
    - host: api.anthropic.com
      methods: [GET, POST]
      paths: [/v1/**]
      auth: { kind: header, name: x-api-key, secret: { env: ANTHROPIC_API_KEY } }
    - { host: b.example, auth: { kind: basic, username: me, secret: { file: ~/k } } }
    - { host: 10.20.0.5, scheme: http, port: 8080 }
  allowPrivate: [10.20.0.0/16]
pipelock: { knownSecrets: [{ command: [pass, show, db] }] }
`);
    for (const line of [
      'https://api.anthropic.com  GET POST, /v1/**, with header x-api-key from ANTHROPIC_API_KEY',
      'https://b.example          any method, any path, with basic auth as me, password from file k',
      'http://10.20.0.5:8080      any method, any path',
      'private range              10.20.0.0/16',
      'nothing else',
      'ANTHROPIC_API_KEY  added by routes; must not leave the guest',
      'command pass       must not leave the guest',
      'workspace  /home/op/work at /workspace (bind)',
      'limits     2 cpus, 4 GiB memory, 512 processes',
      'runs       claude --dangerously-skip-permissions',
      'env        ANTHROPIC_API_KEY=a placeholder',
      'runtime        runc',
      'bottle-api-dev-1a2b-uplink 10.201.231.0/28',
    ]) {
      expect(text).toContain(`  ${line}\n`.replace(/^ {2}(?=bottle-)/, ''));
    }
  });

  it('says what may be pushed where, what is exempt and what is asked', async () => {
    const text = await render(`
egress: { routes: [{ host: a.example, exempt: [DB] }] }
pipelock: { knownSecrets: [{ env: DB }] }
git:
  remotes:
    origin: { url: "git@a.example:o/r.git", identity: ~/id, knownHost: "${hostKey}", push: [agent/*, refs/tags/v*], force: true, approve: true, checks: { lfs: report, hooks: report } }
    docs: { url: "https://b.example/o/docs", token: { env: T } }
    plain: { url: "https://b.example/o/plain", push: [agent/**] }
supervise: { timeout: 90s }
`);
    for (const line of [
      'https://a.example  any method, any path; DB may pass',
      "origin  git@a.example:o/r.git, push agent/* refs/tags/v*; by force on the bottle's own branches; each push waits for you; reported, not refused: hooks lfs",
      'docs    https://b.example/o/docs, read-only',
      'plain   https://b.example/o/plain, push agent/**',
      'whatever the agent asks for, within 90 s each, else refused',
      'key id  used by the git gate; must not leave the guest',
      'T       used by the git gate; must not leave the guest',
      'file       /etc/bottle/gitconfig',
      'volumes        bottle-api-dev-1a2b-home, bottle-api-dev-1a2b-mirrors',
    ]) {
      expect(text).toContain(`  ${line}\n`);
    }
    const claude = await render('agent: claude\nsupervise: true');
    expect(claude).toContain('/home/agent/.claude.json\n');
    const pushes = await render(
      'git: { remotes: { a: { url: "https://b.example/r", push: [agent/*], approve: true } } }',
    );
    expect(pushes).toContain('you decide\n  pushes, within 900 s each, else refused\n');
    expect(await render('agent: shell')).not.toMatch(/git, through|you decide/);
  });

  it('says when nothing may be reached', async () => {
    expect(await render('agent: shell')).toContain('may reach\n  nothing\n');
  });

  it('masks what looks like a secret, and shows the rest', async () => {
    const text = await render(`
env:
  API_TOKEN: hunter2hunter2
  DB: postgres://me:hunter2@db.example/x
  KEYS: ghp_hunter2hunter2
  LOG_LEVEL: debug
  PLAIN_URL: https://example.com/a@b
`);
    expect(text).not.toContain('hunter2');
    expect(text.match(/\[masked\]/g)).toHaveLength(3);
    expect(text).toContain('LOG_LEVEL=debug');
    expect(text).toContain('PLAIN_URL=https://example.com/a@b');
  });

  it('lets no manifest write to the terminal', async () => {
    const secret = await render('pipelock: { knownSecrets: [{ file: "/a/\\e[2J" }] }');
    expect(secret).toContain('file \\u001b[2J');
    expect(secret).toMatch(/^[\n\P{Cc}]+$/u);
    const text = await render('env: { A: "\\e[2J\\x9b2J\\u202e" }\nagent: { command: ["\\e]0;x\\a"] }');
    expect(text).toMatch(/^[\n\P{Cc}]+$/u);
    expect(text).toContain('\\u001b[2J');
    expect(text).not.toContain('\u202e');
  });
});
