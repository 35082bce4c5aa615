/** Git's own bound on one line, its length prefix included. */
const maxPktLength = 65_520;

/** Puts git's length prefix in front: four hexadecimal digits that count themselves. */
export function toPktLine(payload: string | Uint8Array): Buffer {
  const bytes = typeof payload === 'string' ? Buffer.from(payload, 'utf8') : payload;
  const length = bytes.length + 4;
  if (length > maxPktLength) throw new Error('too long for one line of git');
  return Buffer.concat([Buffer.from(length.toString(16).padStart(4, '0'), 'latin1'), bytes]);
}

/** A refusal before anything else was said; git shows it as `fatal: remote error: <sentence>`. */
export function toErrorLine(sentence: string): Buffer {
  return toPktLine(`ERR ${sentence}\n`);
}

/** The length of a line from its prefix, itself included; null where the four bytes are no prefix. */
export function parsePktLength(prefix: Uint8Array): number | null {
  const text = Buffer.from(prefix).toString('latin1');
  return /^[0-9a-f]{4}$/i.test(text) ? Number.parseInt(text, 16) : null;
}
