import { BottleError } from '../../errors.ts';

const bottleName = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const maxNameLength = 40;

/** Whether a text may name a bottle: lower-case letters, digits and single hyphens, a letter first, at most 40. */
export function isBottleName(text: string): boolean {
  return text.length <= maxNameLength && bottleName.test(text);
}

/**
 * Takes a bottle's name from the command line.
 * @throws BottleError `name-invalid`
 */
export function parseBottleName(text: string): string {
  if (isBottleName(text)) return text;
  throw new BottleError('name-invalid', `${JSON.stringify(text.slice(0, 80))} is not a name for a bottle.`);
}
