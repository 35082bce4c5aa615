/**
 * Every value that a manifest may leave out, and what it then is. The one place for them: docs/manifest.md shows this table,
 * and a test fails when the two differ.
 */
export const manifestDefaults = {
  backend: null,
  agent: 'shell',
  prompt: null,
  workspace: { source: '.', mode: 'bind' },
  egress: { routes: [], allowPrivate: [], extraCa: [], network: null },
  pipelock: { mode: 'strict', knownSecrets: [] },
  git: { user: { name: 'bottle', email: 'bottle@localhost' }, remotes: {} },
  supervise: false,
  resources: { cpus: 2, memory: '4GiB', pids: 512 },
  user: 'agent',
  docker: { runtime: 'auto' },
} as const;

/** The same for one entry of `egress.routes`. */
export const routeDefaults = { scheme: 'https', port: { https: 443, http: 80 }, exempt: [] } as const;

const checks = {
  submodules: 'refuse',
  attributes: 'refuse',
  hooks: 'refuse',
  symlinks: 'refuse',
  lfs: 'refuse',
} as const;

/** The same for one entry of `git.remotes`. */
export const remoteDefaults = {
  username: 'x-access-token',
  push: [],
  force: false,
  approve: false,
  checks,
  maxPush: '1GiB',
  maxFile: '100MiB',
} as const;

/** The same for `supervise` where it is on. */
export const superviseDefaults = { timeout: '15m', notify: null } as const;
