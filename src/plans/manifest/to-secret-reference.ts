import { BottleError } from '../../errors.ts';
import type { SecretReference } from '../secret-reference.ts';
import type { SecretText } from './route-schema.ts';

/** Makes a reference from the one key of the three that a manifest wrote. */
export function toSecretReference({ env, file, command }: SecretText): SecretReference {
  if (env !== undefined) return { kind: 'env', name: env };
  if (file !== undefined) return { kind: 'file', path: file };
  // INVARIANT: the schema lets no mapping through that has none of them.
  if (command === undefined) throw new BottleError('bug', 'The schema let a secret without a place through.');
  return { kind: 'command', argv: command };
}
