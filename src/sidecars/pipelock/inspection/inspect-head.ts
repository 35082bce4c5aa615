import type { ScanTables } from '../../../scan/scan-tables.ts';
import { createScanner, type ScanHit } from '../../../scan/scanner.ts';
import { type GuestRequest, toPathAndQuery } from '../exchange/guest-request.ts';
import type { SecretPlace } from '../exchange/refusal.ts';
import type { Field } from '../http/fields.ts';

export interface HeadFinding {
  readonly place: SecretPlace;
  readonly hit: ScanHit;
}

/**
 * Looks for known secrets in all that a request's head says.
 * SECURITY: the host counts too (`<secret>.zone`), also with its dots left out; the URL as sent, decoded once and twice.
 */
export function inspectHead(request: GuestRequest, tables: ScanTables): HeadFinding | null {
  if (tables.maxLength === 0) return null;
  const target = toPathAndQuery(request);
  const urlHit =
    scanText(`${request.method} ${target}`, tables) ??
    (target.includes('%') ? scanText(decodeOnce(target), tables) : null) ??
    scanHost(request.writtenHost, tables);
  if (urlHit !== null) return { place: 'url', hit: urlHit };
  const hit = inspectFields(request.fields, tables);
  return hit === null ? null : { place: 'header', hit };
}

/** Looks for known secrets in names and values of fields, each by itself and values of neighbours joined. */
export function inspectFields(fields: readonly Field[], tables: ScanTables): ScanHit | null {
  return scanText(fields.map(({ name, value }) => `${name}: ${value}\n`).join(''), tables);
}

/** Looks for known secrets in a host name. */
export function scanHost(host: string, tables: ScanTables): ScanHit | null {
  return scanText(host, tables) ?? scanText(host.replaceAll('.', ''), tables);
}

function scanText(text: string, tables: ScanTables): ScanHit | null {
  const verdict = createScanner(tables).push(Buffer.from(text, 'latin1'));
  return verdict.kind === 'found' ? verdict : null;
}

/** The scanner itself decodes once more. */
function decodeOnce(text: string): string {
  return text.replace(/%([0-9a-fA-F]{2})/g, (_found, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
