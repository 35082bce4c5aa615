import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { auditBroken } from './audit-failure.ts';
import { type AuditHead, emptyHead } from './audit-head.ts';
import { type AuditLineContent, parseAuditLine } from './parse-audit-line.ts';

/** One line of the log's file, whatever is in it. */
export interface AuditLine {
  /** 1 for the first. */
  readonly number: number;
  /** Without its line end. */
  readonly text: string;
  /** SHA-256 of the text's bytes, hexadecimal. */
  readonly hash: string;
  /** Where it begins, in bytes from the start of the file, and how long it is. */
  readonly start: number;
  readonly bytes: number;
  /** Whether it has a line end; only the last one can lack it. */
  readonly ended: boolean;
  readonly content: AuditLineContent;
}

const chunkBytes = 64 * 1024;
/** No line of ours comes near; more is read into memory of nobody's log. */
const maxLineBytes = 16 * 1024 * 1024;

/** Reads the lines from where a head says that the lines before end. */
export async function* readAuditLines(
  file: FileHandle,
  from: AuditHead = emptyHead,
): AsyncGenerator<AuditLine, void> {
  let rest = Buffer.alloc(0);
  let start = from.size;
  let number = from.seq;
  const toLine = (bytes: Buffer, ended: boolean): AuditLine => {
    number += 1;
    const text = bytes.toString('utf8');
    const place = { number, start, bytes: bytes.length, ended };
    const line = { ...place, text, hash: toLineHash(bytes), content: parseAuditLine(text) };
    start += bytes.length + 1;
    return line;
  };
  for (let position = from.size; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes, position);
    if (bytesRead === 0) break;
    position += bytesRead;
    let bytes = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
    for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a)) {
      yield toLine(bytes.subarray(0, end), true);
      bytes = bytes.subarray(end + 1);
    }
    rest = bytes;
    if (rest.length > maxLineBytes)
      throw auditBroken(`Line ${number + 1} of the audit log is none of bottle's.`);
  }
  if (rest.length > 0) yield toLine(rest, false);
}

/** What the next line says of this one. */
export function toLineHash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
