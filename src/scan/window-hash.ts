import { createHash } from 'node:crypto';

/** How many bytes a window has: a secret's beginning, by which it is suspected. */
export const windowBytes = 8;

/**
 * A hash of eight bytes that is cheap to take at every place of a text: each half, as a number, times a
 * secret odd number. The guest cannot choose bytes that collide, because it does not know the salt the
 * factors come from.
 */
export interface WindowHash {
  readonly first: number;
  readonly second: number;
}

/** The hash of a launch's salt (hexadecimal). */
export function createWindowHash(salt: string): WindowHash {
  const digest = createHash('sha256').update(Buffer.from(salt, 'hex')).update('window').digest();
  return { first: digest.readInt32LE(0) | 1, second: digest.readInt32LE(4) | 1 };
}

/** The hash of the window at `at`, a signed 32-bit number. Its upper bits depend on all bytes. */
export function hashWindow(hash: WindowHash, bytes: DataView, at: number): number {
  const low = Math.imul(bytes.getInt32(at, true), hash.first);
  return (low + Math.imul(bytes.getInt32(at + 4, true), hash.second)) | 0;
}

/** The same bytes, read as numbers. */
export function toDataView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
