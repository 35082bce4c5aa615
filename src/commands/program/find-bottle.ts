import type { RunningBottle } from '../../backends/backend.ts';
import { loadBackends } from '../../backends/registry.ts';
import { BottleError } from '../../errors.ts';
import { parseBottleName } from '../../plans/manifest/bottle-name.ts';

/**
 * Connects to a bottle that is up, on whichever backend it is.
 * @throws BottleError `name-invalid`, `bottle-not-up`, `engine-*`
 */
export async function findBottle(text: string): Promise<RunningBottle> {
  const name = parseBottleName(text);
  for (const backend of await loadBackends()) {
    const bottle = await backend.open(name).catch((error: unknown) => {
      if (error instanceof BottleError && error.code === 'bottle-not-up') return null;
      throw error;
    });
    if (bottle !== null) return bottle;
  }
  throw new BottleError('bottle-not-up', `The bottle "${name}" is not up.`, {
    hint: `Start it with "bottle up ${name}"; "bottle ls" shows what is up.`,
  });
}
