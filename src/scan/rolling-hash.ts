import { createHash } from 'node:crypto';

/**
 * A polynomial rolling hash modulo 2^32 over byte values that a salt has shuffled: the guest cannot choose
 * bytes that collide, because it does not know the salt.
 */
export interface RollingHash {
  /** Odd, so that no power of it is zero. */
  readonly multiplier: number;
  /** What a byte adds when it enters the window. */
  readonly entering: Int32Array;
}

/** The rolling hash of a launch's salt (hexadecimal). */
export function createRollingHash(salt: string): RollingHash {
  const entering = new Int32Array(256);
  const saltBytes = Buffer.from(salt, 'hex');
  for (let block = 0; block < 32; block += 1) {
    const digest = createHash('sha256')
      .update(saltBytes)
      .update(Buffer.from([0, block]))
      .digest();
    for (let word = 0; word < 8; word += 1) entering[block * 8 + word] = digest.readInt32LE(word * 4);
  }
  const seed = createHash('sha256')
    .update(saltBytes)
    .update(Buffer.from([1]))
    .digest()
    .readInt32LE(0);
  return { multiplier: (seed & ~7) | 5, entering };
}

/** What a byte takes away when it leaves a window of that many bytes: its entry, aged by `window` steps. */
export function createLeavingTable(hash: RollingHash, window: number): Int32Array {
  let power = 1;
  for (let step = 0; step < window; step += 1) power = Math.imul(power, hash.multiplier);
  return hash.entering.map((value) => Math.imul(value, power));
}

/** The hash of one whole window, an unsigned 32-bit number. */
export function hashWindow(hash: RollingHash, bytes: Uint8Array): number {
  let value = 0;
  for (const byte of bytes) value = (Math.imul(value, hash.multiplier) + (hash.entering[byte] ?? 0)) | 0;
  return value >>> 0;
}
