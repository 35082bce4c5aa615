import type { ScanTables } from '../../../scan/scan-tables.ts';
import { createScanner } from '../../../scan/scanner.ts';
import { type Refusal, refuseSecret, refuseUnscannable } from '../exchange/refusal.ts';
import { type Field, findValues } from '../http/fields.ts';
import { type Coding, codings, type Decompressor } from './decompressor.ts';

/** `pass`: these bytes, held ones first, may go on. */
export type Inspection = { readonly kind: 'pass'; readonly bytes: readonly Buffer[] } | Refusal;

/** Scans a body on its way; what may be the beginning of a secret stays here. */
export interface BodyInspector {
  push(bytes: Buffer): Promise<Inspection> | Inspection;
  end(): Promise<Inspection> | Inspection;
  /** Lets go of what it holds. */
  close(): void;
}

/** What `Content-Encoding` says of a body: null for a plain one. */
export function parseCoding(
  fields: readonly Field[],
): { readonly kind: 'coding'; readonly coding: Coding | null } | Refusal {
  const values = findValues(fields, 'content-encoding').map((value) => value.toLowerCase());
  const [value = 'identity'] = values;
  if (values.length > 1 || value.includes(','))
    return refuseUnscannable('its body has more than one Content-Encoding');
  if (value === 'identity') return { kind: 'coding', coding: null };
  const coding = codings.find((known) => known === value);
  if (coding === undefined) return refuseUnscannable('its Content-Encoding is unknown');
  return { kind: 'coding', coding };
}

/**
 * INVARIANT: bytes are passed on only while no secret may have begun in them: a whole secret never leaves. Of a
 * compressed body both the bytes as sent and what they unpack to are scanned.
 * @param maxBytes of the body
 */
export function createBodyInspector(
  tables: ScanTables,
  maxBytes: number,
  decompressor: Decompressor | null,
): BodyInspector {
  const asSent = createScanner(tables);
  const unpacked = createScanner(tables);
  let held: Buffer[] = [];
  let holdUnpacked = false;
  let total = 0;

  function scan(bytes: Buffer, plain: readonly Buffer[]): Inspection {
    const verdict = asSent.push(bytes);
    if (verdict.kind === 'found') return refuseSecret('body', verdict);
    const hit = scanUnpacked(plain);
    if (hit !== null) return hit;
    held.push(bytes);
    return verdict.hold || holdUnpacked ? { kind: 'pass', bytes: [] } : passHeld();
  }

  function scanUnpacked(plain: readonly Buffer[]): Refusal | null {
    for (const bytes of plain) {
      const verdict = unpacked.push(bytes);
      if (verdict.kind === 'found') return refuseSecret('body', verdict);
      holdUnpacked = verdict.hold;
    }
    return null;
  }

  function passHeld(): Inspection {
    const bytes = held;
    held = [];
    return { kind: 'pass', bytes };
  }

  return {
    push(bytes) {
      total += bytes.length;
      if (total > maxBytes) return refuseUnscannable(`its body is larger than ${maxBytes} bytes`);
      if (decompressor === null) return scan(bytes, []);
      return decompressor
        .push(bytes)
        .then((step) => (step.kind === 'refused' ? step : scan(bytes, step.plain)));
    },
    end() {
      if (decompressor === null) return passHeld();
      return decompressor
        .end()
        .then((step) => (step.kind === 'refused' ? step : (scanUnpacked(step.plain) ?? passHeld())));
    },
    close() {
      decompressor?.close();
    },
  };
}
