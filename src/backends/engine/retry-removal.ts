import { setTimeout as delay } from 'node:timers/promises';
import { statusOf } from './engine-error.ts';

const attempts = 40;
const pauseMs = 50;

/**
 * Removes something of the engine's. "Not found" is success. While the engine is busy with the same thing, or has not
 * yet let go of what uses it (409; 403 for a network with members), it is asked again, for two seconds.
 */
export async function retryRemoval(remove: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await remove();
      return;
    } catch (error) {
      const status = statusOf(error);
      if (status === 404) return;
      if ((status !== 409 && status !== 403) || attempt === attempts) throw error;
    }
    await delay(pauseMs);
  }
}
