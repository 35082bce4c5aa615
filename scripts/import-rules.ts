/** The import directions of ARCHITECTURE.md: what each part of `src/` may import of the others, types included. */
export interface ImportRule {
  /** Paths that the rule is for, by how they begin; the longest beginning decides. */
  readonly part: string;
  /** What its files may import besides their own part. */
  readonly may: readonly string[];
}

const policy = ['src/policy/', 'src/errors.ts'];
const queue = ['src/queue/', ...policy];
const plans = ['src/plans/', ...queue];
const host = ['src/host/', ...plans];
const contract = 'src/backends/backend.ts';
/** What all backends and the commands say in the same words. */
const alreadyUp = 'src/backends/already-up.ts';
const protocol = 'src/sidecars/protocol.ts';
const daemon = ['src/sidecars/daemon/', protocol, 'src/scan/', ...plans];

export const importRules: readonly ImportRule[] = [
  { part: 'src/errors.ts', may: [] },
  { part: 'src/policy/', may: ['src/errors.ts'] },
  { part: 'src/scan/', may: ['src/errors.ts'] },
  { part: 'src/queue/', may: policy },
  { part: 'src/plans/', may: queue },
  { part: 'src/host/', may: plans },
  { part: contract, may: plans },
  { part: alreadyUp, may: ['src/errors.ts'] },
  { part: 'src/backends/engine/', may: [contract, ...host] },
  { part: 'src/backends/bundle/', may: [contract, 'src/backends/engine/', protocol, ...host] },
  // A backend: never another one.
  {
    part: 'src/backends/docker/',
    may: [contract, alreadyUp, 'src/backends/engine/', 'src/backends/bundle/', protocol, ...host],
  },
  { part: 'src/backends/registry.ts', may: ['src/backends/', ...host] },
  { part: protocol, may: ['src/scan/', ...plans] },
  { part: 'src/sidecars/daemon/', may: daemon },
  { part: 'src/sidecars/bundle/', may: daemon },
  { part: 'src/sidecars/pipelock/', may: daemon },
  { part: 'src/sidecars/egress/', may: daemon },
  { part: 'src/sidecars/git-gate/', may: daemon },
  { part: 'src/sidecars/supervise/', may: daemon },
  // What commands, the live list and the page do alike with the queue.
  { part: 'src/approvals/', may: [contract, 'src/backends/registry.ts', ...host] },
  // Backends only through the contract and the registry: no command knows one by its name.
  {
    part: 'src/commands/',
    may: [contract, alreadyUp, 'src/backends/registry.ts', 'src/approvals/', ...host],
  },
];

/** Packages that one place alone may import. */
export const soleUsers: Readonly<Record<string, string>> = {
  dockerode: 'src/backends/engine/',
  execa: 'src/host/run-program.ts',
};
