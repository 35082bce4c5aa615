import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { GuestPlan } from '../../../../src/plans/bottle-plan.ts';
import { prepareBottle } from '../../../../src/plans/prepare/prepare-bottle.ts';
import { createHostFacts } from '../../../support/host-facts.ts';
import { loadText } from '../../../support/load-text.ts';

const url = 'http://10.201.230.242:9100/mcp';
const prepare = async (text: string): Promise<GuestPlan> =>
  prepareBottle(await loadText(text), createHostFacts()).guest;

describe("the operator's server", () => {
  it('is one of claude, beside the answers that the image gives', async () => {
    const { homeFiles } = await prepare('agent: claude\nsupervise: { timeout: 5m }');
    expect(homeFiles.map(({ path }) => path)).toEqual(['.claude.json']);
    const answers = readFileSync(
      new URL('../../../../images/agents/claude/claude.json', import.meta.url),
      'utf8',
    );
    expect(JSON.parse(homeFiles[0]?.content ?? '')).toEqual({
      ...JSON.parse(answers),
      mcpServers: { bottle: { type: 'http', url, timeout: 360_000, alwaysLoad: true } },
    });
  });

  it('is one of codex', async () => {
    const { homeFiles } = await prepare('agent: codex\nsupervise: { timeout: 5m }');
    expect(homeFiles).toEqual([
      {
        path: '.codex/config.toml',
        content: `[mcp_servers.bottle]\nurl = "${url}"\ntool_timeout_sec = 360\n`,
      },
    ]);
  });

  it('is one of opencode', async () => {
    const { env, files, homeFiles } = await prepare('agent: opencode\nsupervise: { timeout: 5m }');
    expect(env.OPENCODE_CONFIG).toBe('/etc/bottle/opencode.json');
    expect(homeFiles).toEqual([]);
    expect(files.map(({ path, content }) => [path, JSON.parse(content)])).toEqual([
      ['opencode.json', { mcp: { bottle: { type: 'remote', url, enabled: true, timeout: 360_000 } } }],
    ]);
  });

  it.each(['shell', 'claude', 'codex', 'opencode', '{ command: [mine] }'])(
    'is told to %s, and is reached without the proxy',
    async (agent) => {
      const { env } = await prepare(`agent: ${agent}\nsupervise: true`);
      expect(env).toMatchObject({
        BOTTLE_MCP_URL: url,
        NO_PROXY: 'localhost,127.0.0.1,10.201.230.242',
        no_proxy: 'localhost,127.0.0.1,10.201.230.242',
      });
    },
  );

  it.each(['shell', 'claude', 'codex', 'opencode'])(
    'is not there for %s without supervise',
    async (agent) => {
      const { env, files, homeFiles } = await prepare(`agent: ${agent}`);
      expect([files, homeFiles]).toEqual([[], []]);
      expect(env.BOTTLE_MCP_URL).toBeUndefined();
      expect(env.NO_PROXY).toBe('localhost,127.0.0.1');
    },
  );
});
