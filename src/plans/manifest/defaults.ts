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
  git: { user: { name: 'bottle', email: 'bottle@localhost' } },
  resources: { cpus: 2, memory: '4GiB', pids: 512 },
  user: 'agent',
  docker: { runtime: 'auto' },
} as const;

/** The same for one entry of `egress.routes`. */
export const routeDefaults = { scheme: 'https', port: { https: 443, http: 80 } } as const;
