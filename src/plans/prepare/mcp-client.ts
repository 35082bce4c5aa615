import type { GuestFile } from '../bottle-plan.ts';
import type { Manifest } from '../manifest.ts';
import type { SupervisePlan } from '../supervise-plan.ts';

/** What makes an agent find its operator, however it is started in the guest. */
export interface McpClientConfiguration {
  readonly env: Readonly<Record<string, string>>;
  /** Below `/etc/bottle`. */
  readonly files: readonly GuestFile[];
  /** Below the home. */
  readonly homeFiles: readonly GuestFile[];
}

/** What the image's own `.claude.json` says; it is replaced, since there is no other place for servers of all folders. */
const claudeAnswers = {
  hasCompletedOnboarding: true,
  bypassPermissionsModeAccepted: true,
  customApiKeyResponses: { approved: ['aceholder-for-bottle'], rejected: [] },
  projects: { '/workspace': { hasTrustDialogAccepted: true } },
} as const;

/** Beyond the longest wait, so that the client hears of a lapse instead of giving up first. */
const marginMs = 60_000;

/** Decides how the guest's agent knows the server that is named `bottle`; nothing where there is no server. */
export function prepareMcpClient(
  agent: Manifest['agent'],
  supervise: SupervisePlan | null,
): McpClientConfiguration {
  if (supervise === null) return { env: {}, files: [], homeFiles: [] };
  const { address, port } = supervise.listen;
  const url = `http://${address}:${port}/mcp`;
  const toolTimeoutMs = supervise.answerTimeoutMs + marginMs;
  const own = toAgentConfiguration(agent.kind, url, toolTimeoutMs);
  return { env: { ...own.env, BOTTLE_MCP_URL: url }, files: own.files ?? [], homeFiles: own.homeFiles ?? [] };
}

function toAgentConfiguration(
  kind: Manifest['agent']['kind'],
  url: string,
  toolTimeoutMs: number,
): Partial<McpClientConfiguration> {
  switch (kind) {
    case 'claude': {
      // Loaded from the start: an agent asks for what it knows of, and may never search for more tools.
      const bottle = { type: 'http', url, timeout: toolTimeoutMs, alwaysLoad: true };
      const content = { ...claudeAnswers, mcpServers: { bottle } };
      return { homeFiles: [{ path: '.claude.json', content: toJsonText(content) }] };
    }
    case 'codex': {
      const timeout = Math.ceil(toolTimeoutMs / 1000);
      const content = `[mcp_servers.bottle]\nurl = "${url}"\ntool_timeout_sec = ${timeout}\n`;
      return { homeFiles: [{ path: '.codex/config.toml', content }] };
    }
    case 'opencode': {
      const content = { mcp: { bottle: { type: 'remote', url, enabled: true, timeout: toolTimeoutMs } } };
      return {
        env: { OPENCODE_CONFIG: '/etc/bottle/opencode.json' },
        files: [{ path: 'opencode.json', content: toJsonText(content) }],
      };
    }
    default:
      return {};
  }
}

function toJsonText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
