import { credentialPlaceholder } from '../credential-placeholder.ts';
import type { GitGatePlan } from '../git-gate-plan.ts';
import type { AgentKind, Manifest } from '../manifest.ts';

interface AgentDefinition {
  /** Its command, in the mode that asks nobody: the bottle is the wall, not the question. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The variable it reads its credential from, or null. */
  readonly credential: string | null;
}

const agents: Readonly<Record<AgentKind, AgentDefinition>> = {
  claude: {
    argv: ['claude', '--dangerously-skip-permissions'],
    env: { DISABLE_AUTOUPDATER: '1', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1' },
    credential: 'ANTHROPIC_API_KEY',
  },
  codex: {
    argv: ['codex', '--dangerously-bypass-approvals-and-sandbox'],
    env: {},
    credential: 'OPENAI_API_KEY',
  },
  opencode: {
    argv: ['opencode', '--auto'],
    env: { OPENCODE_DISABLE_AUTOUPDATE: '1' },
    credential: 'ANTHROPIC_API_KEY',
  },
  shell: { argv: ['bash', '-l'], env: {}, credential: null },
};

/** Claude Code's own limit, which must not become less. */
const minCommandMs = 600_000;
const marginMs = 60_000;

/** What the guest's agent is started with. */
export interface PreparedAgent {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Decides the agent's command and environment. Every variable that a route's credential is read from on the host has
 * a placeholder in the guest.
 * @param prompt the prompt file's content, or null
 * @param gitGate what the git gate serves, or null
 */
export function prepareAgent(
  manifest: Manifest,
  prompt: string | null,
  gitGate: GitGatePlan | null,
): PreparedAgent {
  const { agent } = manifest;
  const names = manifest.egress.routes.flatMap(({ auth }) =>
    auth?.secret.kind === 'env' ? [auth.secret.name] : [],
  );
  if (agent.kind === 'command') return { argv: agent.argv, env: toPlaceholders(names) };
  const { argv, env, credential } = agents[agent.kind];
  const words = agent.kind === 'claude' && prompt !== null ? ['--append-system-prompt', prompt] : [];
  return {
    argv: [...argv, ...words],
    env: {
      ...toPlaceholders(credential === null ? names : [credential, ...names]),
      ...env,
      ...(agent.kind === 'claude' ? toPatience(gitGate) : {}),
    },
  };
}

/** Claude Code ends a command after two minutes, and no command longer than ten, but a push may wait for its operator. */
function toPatience(gitGate: GitGatePlan | null): Readonly<Record<string, string>> {
  const isWaited = gitGate?.remotes.some(({ approve, push }) => approve && push.length > 0) === true;
  if (!isWaited) return {};
  const text = String(Math.max(minCommandMs, gitGate.limits.approvalTimeoutMs + marginMs));
  return { BASH_DEFAULT_TIMEOUT_MS: text, BASH_MAX_TIMEOUT_MS: text };
}

function toPlaceholders(names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, credentialPlaceholder]));
}
