import type { Key } from 'ink';
import type { EditKey } from './text-field.ts';

/** A key, whatever the terminal sends for it. */
export type KeyPress =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'move'; readonly to: 'up' | 'down' | 'page-up' | 'page-down' | 'first' | 'last' }
  | { readonly kind: 'edit'; readonly key: EditKey }
  | { readonly kind: 'enter' | 'back' | 'switch' | 'interrupt' };

/** Makes of what Ink says of a key the one thing that it is here; null for keys that are nothing. */
export function toKeyPress(input: string, key: Key): KeyPress | null {
  if (key.eventType === 'release') return null;
  if (key.ctrl) return toControl(input);
  if (key.upArrow) return { kind: 'move', to: 'up' };
  if (key.downArrow) return { kind: 'move', to: 'down' };
  if (key.pageUp) return { kind: 'move', to: 'page-up' };
  if (key.pageDown) return { kind: 'move', to: 'page-down' };
  if (key.home) return { kind: 'move', to: 'first' };
  if (key.end) return { kind: 'move', to: 'last' };
  if (key.leftArrow) return { kind: 'edit', key: 'left' };
  if (key.rightArrow) return { kind: 'edit', key: 'right' };
  if (key.backspace) return { kind: 'edit', key: 'backspace' };
  if (key.delete) return { kind: 'edit', key: 'delete' };
  if (key.return) return { kind: 'enter' };
  if (key.escape) return { kind: 'back' };
  if (key.tab) return { kind: 'switch' };
  return key.meta || input === '' ? null : { kind: 'text', text: input };
}

function toControl(letter: string): KeyPress | null {
  switch (letter) {
    case 'c':
      return { kind: 'interrupt' };
    case 'a':
      return { kind: 'move', to: 'first' };
    case 'e':
      return { kind: 'move', to: 'last' };
    case 'u':
      return { kind: 'edit', key: 'clear' };
    case 'p':
      return { kind: 'move', to: 'up' };
    case 'n':
      return { kind: 'move', to: 'down' };
    default:
      return null;
  }
}
