import { stateHome } from '../host/folders.ts';
import { findPackageRoot } from '../host/package-root.ts';
import type { BackendFacts } from '../host/probe-host.ts';
import type { BackendPlan } from '../plans/bottle-plan.ts';
import type { Backend } from './backend.ts';
import { type Engine, openEngine } from './engine/engine.ts';

/** Makes a backend of this process's surroundings. */
type CreateBackend = () => Promise<Backend>;

/** Every backend there is: a further one is one more line. */
const backends: Readonly<Record<BackendPlan['kind'], CreateBackend>> = {
  docker: createDocker,
};

/** All backends, for what concerns every bottle. */
export async function loadBackends(): Promise<readonly Backend[]> {
  return await Promise.all(Object.values(backends).map((create) => create()));
}

/** The backend that a plan names. */
export async function findBackend(kind: BackendPlan['kind']): Promise<Backend> {
  return await backends[kind]();
}

/** Asks every backend what `prepare` must know of it. */
export async function probeBackends(): Promise<BackendFacts> {
  const { probeDocker } = await import('./docker/probe.ts');
  const { facts, subnets } = await probeDocker(findEngine());
  return { backends: { docker: facts }, subnets };
}

let engine: Engine | null = null;

/** One for the process: its connections are kept open between calls. */
function findEngine(): Engine {
  engine ??= openEngine(process.env);
  return engine;
}

async function createDocker(): Promise<Backend> {
  const { createDockerBackend } = await import('./docker/docker-backend.ts');
  return createDockerBackend({
    engine: findEngine(),
    stateHome: stateHome(process.env),
    packageRoot: findPackageRoot(),
    searchPath: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
  });
}
