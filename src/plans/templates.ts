import type { AgentKind } from './manifest.ts';

const common = `
# What the guest finds at /workspace: bind shares the folder, clone takes its committed state, copy takes all of it.
# "." is the folder that "bottle up" is run in.
workspace: { source: ., mode: bind }

# The guest's environment. Secrets do not belong here: the guest would have them.
env: {}

resources: { cpus: 2, memory: 4GiB, pids: 512 }
`;

const routesHead = `
egress:
  # All that the guest may reach. The first route that matches decides; whatever matches none is refused.
  routes:`;

const moreRoutes = `
    # More routes, for example to read from GitHub, and all names below a zone of yours:
    # - host: api.github.com
    #   methods: [GET, HEAD]
    # - host: "*.example.com"
`;

const knownSecrets = `
# Further secrets of yours that must not leave the guest, should it ever come by them:
# pipelock: { knownSecrets: [{ env: DATABASE_URL }] }
`;

const git = `
# Repositories the guest works with through the git gate, which holds the key and looks through every push:
# git:
#   remotes:
#     origin:
#       url: git@github.com:owner/repository.git
#       identity: ~/.ssh/id_ed25519
#       knownHost: github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl
#       push: [agent/*]

# Lets the agent ask you for more while it works; you answer with "bottle supervise".
# supervise: true
`;

const anthropicRoutes = `
    # The model. The key is read from your environment at launch and added on the way out; the guest never has it.
    # It may also come from { file: ~/.keys/anthropic } or { command: [pass, show, anthropic] }.
    - host: api.anthropic.com
      methods: [GET, POST]
      paths: [/v1/**]
      auth: { kind: header, name: x-api-key, secret: { env: ANTHROPIC_API_KEY } }
`;

const openaiRoutes = `
    # The model. The key is read from your environment at launch and added on the way out; the guest never has it.
    # It may also come from { file: ~/.keys/openai } or { command: [pass, show, openai] }.
    - host: api.openai.com
      methods: [GET, POST]
      paths: [/v1/**]
      auth: { kind: bearer, secret: { env: OPENAI_API_KEY } }
`;

const shellEgress = `
# Nothing is reachable until a route says so:
# egress:
#   routes:
#     - host: api.github.com
#       methods: [GET, HEAD]
#       auth: { kind: bearer, secret: { env: GITHUB_TOKEN } }
`;

/** The manifests that "bottle init" starts from, one an agent; each loads as it is. */
export const templates: Readonly<Record<AgentKind, string>> = {
  claude: `# A bottle with Claude Code.
agent: claude
${common}${routesHead}${anthropicRoutes}${moreRoutes}${knownSecrets}${git}`,
  codex: `# A bottle with Codex.
agent: codex
${common}${routesHead}${openaiRoutes}${moreRoutes}${knownSecrets}${git}`,
  opencode: `# A bottle with opencode and a model of Anthropic's.
agent: opencode
${common}${routesHead}${anthropicRoutes}${moreRoutes}${knownSecrets}${git}`,
  shell: `# A bottle with a shell and no way out.
agent: shell
${common}${shellEgress}${knownSecrets}${git}`,
};

/** The agents there is a template for, in the order to show them. */
export const templateNames = Object.keys(templates) as readonly AgentKind[];
