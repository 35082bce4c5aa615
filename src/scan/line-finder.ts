import { createByteHistory } from './byte-history.ts';
import type { ScanTables } from './scan-tables.ts';
import { createScanner } from './scanner.ts';

/** Finds on which line a known secret ends, once a scanner has said that there is one. */
export interface LineFinder {
  /** The line, from 1, on which the first secret in `bytes` ends; they follow what was appended. */
  find(bytes: Buffer): number;
  /** Notes bytes that held none. */
  append(bytes: Buffer): void;
  /** Forgets everything. */
  end(): void;
}

/** How much further than its longest form a secret may reach, percent-encoded or cut into lines. */
const reach = 4;

/** Counts lines, and keeps the last bytes, so that a scanner pays for neither until it has found something. */
export function createLineFinder(tables: ScanTables): LineFinder {
  const history = createByteHistory(Math.max(1, tables.maxLength * reach));
  let lineEnds = 0;
  return {
    find(bytes) {
      const again = createScanner(tables);
      again.push(Buffer.from(history.last(tables.maxLength * reach)));
      let line = lineEnds + 1;
      for (let from = 0; from < bytes.length; line += 1) {
        const lineEnd = bytes.indexOf(0x0a, from);
        const to = lineEnd === -1 ? bytes.length : lineEnd + 1;
        if (again.push(bytes.subarray(from, to)).kind === 'found') return line;
        from = to;
      }
      return line;
    },
    append(bytes) {
      history.append(bytes);
      for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) lineEnds += 1;
    },
    end() {
      history.clear();
      lineEnds = 0;
    },
  };
}
