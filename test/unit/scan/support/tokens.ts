import { crc32 } from 'node:zlib';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A token of nobody's as GitHub and npm make them: prefix, 30 characters, their checksum. */
export function toChecksummed(prefix: string, random: string): string {
  let rest = crc32(random);
  let checksum = '';
  for (let place = 0; place < 6; place += 1) {
    checksum = digits.charAt(rest % 62) + checksum;
    rest = Math.floor(rest / 62);
  }
  return prefix + random + checksum;
}

/** A GitHub token of nobody's. */
export const githubToken = toChecksummed('ghp_', 'q7Rk2mZx0Ta9Lw3Vb6Yc8Nd1Pe5Fg4');
