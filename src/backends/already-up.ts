import { BottleError } from '../errors.ts';

/** The one answer to a launch of a bottle whose name an instance has already. */
export function alreadyUp(name: string, slug: string): BottleError {
  return new BottleError('bottle-already-up', `The bottle "${name}" is up already, as ${slug}.`, {
    hint: `Attach with "bottle attach ${name}" or end it with "bottle down ${name}".`,
  });
}
