import { BottleError } from '../../errors.ts';
import { statusOf, toEngineWords } from '../engine/engine-error.ts';

/** Says what an engine's refusal to touch a guest means for whoever uses the bottle. */
export function toGuestFailure(error: unknown, name: string): unknown {
  const status = statusOf(error);
  const words = toEngineWords(error);
  if (status === 404 && /no such container|no such exec/i.test(words)) return notUp(name);
  if (/is paused|paused, unpause/i.test(words)) return paused(name);
  if (
    /is not running|container .* not running|cannot attach to a stopped|is already in progress/i.test(words)
  ) {
    return notRunning(name);
  }
  return error;
}

/** The bottle is not there at all. */
export function notUp(name: string): BottleError {
  return new BottleError('bottle-not-up', `The bottle "${name}" is not up.`, {
    hint: `Start it with "bottle up ${name}"; "bottle ls" shows what is up.`,
  });
}

/** The guest's processes are frozen. */
export function paused(name: string): BottleError {
  return new BottleError('bottle-paused', `The bottle "${name}" is paused.`, {
    hint: `Let it go on with "bottle unpause ${name}".`,
  });
}

/** The guest's first process has not begun, or is over. */
export function notRunning(name: string): BottleError {
  return new BottleError('bottle-not-running', `The guest of the bottle "${name}" is not running.`, {
    hint: `Its guest has ended: read it with "bottle logs ${name} --guest", remove it with "bottle down ${name}".`,
  });
}

/** The daemons are gone, and with them all that the guest could reach. */
export function bundleNotRunning(name: string): BottleError {
  return new BottleError('bottle-not-running', `The bundle of the bottle "${name}" is not running.`, {
    hint: `Its guest has no peer any more: read why with "bottle logs ${name}", remove it with "bottle down ${name}".`,
  });
}
