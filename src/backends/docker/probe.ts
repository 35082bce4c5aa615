import { existsSync } from 'node:fs';
import { platform } from 'node:os';
import { BottleError } from '../../errors.ts';
import type { DockerFacts } from '../../plans/host-facts.ts';
import type { Engine } from '../engine/engine.ts';
import { readEngineFacts } from '../engine/facts.ts';
import { listSubnets } from '../engine/networks.ts';

/** What the engine is, and which address ranges its networks have. */
export interface DockerProbe {
  readonly facts: DockerFacts;
  readonly subnets: readonly string[];
}

/**
 * Asks the engine what prepare must know.
 * @throws BottleError `engine-unreachable`, `engine-forbidden`: the command that needs an engine says which
 */
export async function probeDocker(engine: Engine): Promise<DockerProbe> {
  const [facts, subnets] = await Promise.all([readEngineFacts(engine), listSubnets(engine)]);
  if (facts.os !== 'linux') {
    throw new BottleError(
      'backend-unavailable',
      `The engine runs ${facts.os} containers, and bottles are Linux ones.`,
      {
        hint: 'Switch the engine to Linux containers.',
      },
    );
  }
  const { version: engineVersion, apiVersion, runtimes, cpus, memoryBytes } = facts;
  const local = isLocalEngine(engine);
  return {
    facts: { kind: 'available', engineVersion, apiVersion, runtimes, cpus, memoryBytes, local },
    subnets,
  };
}

/** Whether the engine's bridges are this host's: then what they let through can be looked at from here. */
export function isLocalEngine(engine: Engine): boolean {
  return platform() === 'linux' && engine.isLocalSocket && existsSync('/sys/class/net/docker0');
}
