import type { SecretReference } from './secret-reference.ts';

/** What logs, refusals and plans call a secret: where it is read from, never a part of its value. */
export function toSecretLabel(reference: SecretReference): string {
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
