import type { SecretReference } from './secret-reference.ts';
import { toVisibleText } from './visible-text.ts';

/** What logs, refusals and plans call a secret: where it is read from, never a part of its value. Printable. */
export function toSecretLabel(reference: SecretReference): string {
  return toVisibleText(toName(reference));
}

function toName(reference: SecretReference): string {
  switch (reference.kind) {
    case 'env':
      return reference.name;
    case 'file':
      return `file ${baseName(reference.path)}`;
    case 'key-file':
      return `key ${baseName(reference.path)}`;
    case 'command':
      return `command ${baseName(reference.argv[0] ?? '')}`;
  }
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
