import { crc32 } from 'node:zlib';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const checksumLength = 6;

/**
 * Whether the last six characters are the CRC-32 of those before them, in base 62: so GitHub and npm make
 * their tokens.
 * @param body what follows the prefix and its underscore
 */
export function hasTokenChecksum(body: string): boolean {
  const random = body.slice(0, -checksumLength);
  return body.slice(-checksumLength) === toBase62(crc32(random)).padStart(checksumLength, '0');
}

function toBase62(value: number): string {
  const rest = Math.floor(value / digits.length);
  return (rest === 0 ? '' : toBase62(rest)) + digits.charAt(value % digits.length);
}
