import type { ScanTables } from '../../../scan/scan-tables.ts';
import { BodyError, type BodyReader } from '../http/body-reader.ts';
import type { Field } from '../http/fields.ts';
import type { BodyInspector } from '../inspection/body-inspector.ts';
import { inspectFields } from '../inspection/inspect-head.ts';
import { ByteSourceError } from '../streams/byte-source.ts';
import { type Refusal, refuseMalformed, refuseSecret } from './refusal.ts';

/** The next of a request's body that may leave. */
export type UploadStep =
  | { readonly kind: 'bytes'; readonly bytes: readonly Buffer[] }
  | { readonly kind: 'end'; readonly bytes: readonly Buffer[]; readonly trailers: readonly Field[] }
  | { readonly kind: 'gone' }
  | Refusal;

/** Reads a request's body through its inspection, step by step. Never rejects. */
export interface Upload {
  next(): Promise<UploadStep>;
}

export function createUpload(body: BodyReader, inspector: BodyInspector, tables: ScanTables): Upload {
  async function step(): Promise<UploadStep> {
    const bytes = await body.read();
    if (bytes !== null) {
      const inspection = await inspector.push(bytes);
      return inspection.kind === 'refused' ? inspection : { kind: 'bytes', bytes: inspection.bytes };
    }
    const last = await inspector.end();
    if (last.kind === 'refused') return last;
    // SECURITY: what stands behind the body is as good a place to hide a secret as what stands before it.
    const hit = inspectFields(body.trailers, tables);
    if (hit !== null) return refuseSecret('trailer', hit);
    return { kind: 'end', bytes: last.bytes, trailers: body.trailers };
  }
  return { next: () => step().catch(toFailedStep) };
}

function toFailedStep(error: unknown): UploadStep {
  if (error instanceof BodyError) return refuseMalformed(error.message);
  if (error instanceof ByteSourceError) {
    return error.kind === 'timeout' ? refuseMalformed('its body stopped coming') : { kind: 'gone' };
  }
  throw error;
}
