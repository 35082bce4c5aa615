/** The bytes without zeros among them: what UTF-16 and UTF-32 leave of ASCII text. */
export function withoutNuls(bytes: Buffer): Buffer {
  const out = Buffer.allocUnsafe(bytes.length);
  let size = 0;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] as number;
    out[size] = byte;
    size += byte === 0 ? 0 : 1;
  }
  return out.subarray(0, size);
}
