import { join } from 'node:path';
import { isMarkedDetached } from '../../host/state-directory.ts';
import type { Backend, BottleSummary } from '../backend.ts';
import { type FoundContainer, listContainers } from '../engine/containers.ts';
import type { Engine } from '../engine/engine.ts';
import { findBottleState } from './bottle-state.ts';
import { dockerFeatures } from './features.ts';
import { notUp } from './guest-failure.ts';
import { findInstance } from './instance.ts';
import { createRunningBottle } from './running-bottle.ts';

/** What the backend needs of its host. */
export interface DockerSurroundings {
  readonly engine: Engine;
  /** Where this operator's state is. */
  readonly stateHome: string;
  /** bottle's own package, with the folders that images are built from. */
  readonly packageRoot: string;
  /** Where programs are looked for: `PATH`. */
  readonly searchPath: string;
}

/** Bottles as containers of a Docker engine. What `exec` has no use for is loaded when it is first asked for. */
export function createDockerBackend(surroundings: DockerSurroundings): Backend {
  const { engine, stateHome, packageRoot, searchPath } = surroundings;
  return {
    kind: 'docker',
    features: dockerFeatures,
    async diagnose() {
      const { diagnoseDocker } = await import('./diagnose.ts');
      return await diagnoseDocker(surroundings);
    },
    async launch(plan, context) {
      const { launchInstance } = await import('./launch.ts');
      const createdAt = new Date().toISOString();
      return createRunningBottle(
        engine,
        await launchInstance(plan, context, { engine, searchPath, createdAt }),
      );
    },
    async list() {
      const containers = await listContainers(engine, {});
      const slugs = [...new Set(containers.map((container) => container.labels.slug))];
      const summaries = await Promise.all(
        slugs.map((slug) => summarise(containers.filter((container) => container.labels.slug === slug))),
      );
      return summaries.toSorted((a, b) => compare(a.name, b.name) || compare(a.slug, b.slug));
    },
    async open(name) {
      // The newest first: what is being removed is older than what took its place.
      const containers = (await listContainers(engine, { name })).toSorted((a, b) =>
        compare(b.labels.created, a.labels.created),
      );
      const slug = containers[0]?.labels.slug;
      const instance = findInstance(
        containers.filter(({ labels }) => labels.slug === slug),
        [],
        [],
      );
      if (instance === null) throw notUp(name);
      return createRunningBottle(engine, instance);
    },
    async findLeftovers() {
      const { findLeftovers } = await import('./leftovers.ts');
      return await findLeftovers(engine, join(stateHome, 'instances'));
    },
    async removeLeftover(leftover) {
      const { removeLeftover } = await import('./leftovers.ts');
      await removeLeftover(engine, leftover);
    },
    async buildImages(plan, options) {
      const { buildImages } = await import('./build-images.ts');
      return await buildImages(engine, packageRoot, plan, options);
    },
  };
}

async function summarise(containers: readonly FoundContainer[]): Promise<BottleSummary> {
  const guest = containers.find(({ labels }) => labels.role === 'guest');
  const [first] = guest === undefined ? containers : [guest];
  if (first === undefined) throw new TypeError('an instance without containers');
  const { name, slug, created, detached, state } = first.labels;
  return {
    name,
    slug,
    backend: 'docker',
    state: findBottleState(containers),
    image: guest?.image ?? '',
    createdAt: created,
    detached: detached || (await isMarkedDetached(state)) === true,
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
