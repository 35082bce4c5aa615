import type { Transform } from 'node:stream';
import { type Refusal, refuseUnscannable } from '../exchange/refusal.ts';

/** The content codings that can be unpacked. */
export const codings = ['gzip', 'x-gzip', 'deflate', 'br', 'zstd'] as const;
export type Coding = (typeof codings)[number];

export type DecompressorStep = { readonly kind: 'plain'; readonly plain: readonly Buffer[] } | Refusal;

/** Unpacks a compressed body for the scan; the guest's own bytes go on. */
export interface Decompressor {
  /** Resolves with all that these bytes unpack to. */
  push(bytes: Buffer): Promise<DecompressorStep>;
  end(): Promise<DecompressorStep>;
  close(): void;
}

/**
 * SECURITY: bounded against bombs: unpacking stops as soon as more than `maxBytes` came out. What does not unpack, or
 * ends in the middle, is refused: a receiver that is more lenient would read what was never scanned.
 */
export async function createDecompressor(coding: Coding, maxBytes: number): Promise<Decompressor> {
  const stream = await createStream(coding);
  let plain: Buffer[] = [];
  let total = 0;
  let failure: Refusal | null = null;
  let settle: (() => void) | null = null;

  function fail(reason: string): void {
    failure ??= refuseUnscannable(reason);
    settle?.();
    stream.destroy();
  }

  stream.on('data', (bytes: Buffer) => {
    total += bytes.length;
    if (total > maxBytes) fail(`its body unpacks to more than ${maxBytes} bytes`);
    else plain.push(bytes);
  });
  stream.on('error', () => fail(`its body is not valid ${coding}`));

  function takePlain(): DecompressorStep {
    if (failure !== null) return failure;
    const taken = plain;
    plain = [];
    return { kind: 'plain', plain: taken };
  }

  function run(act: (done: () => void) => void): Promise<DecompressorStep> {
    if (failure !== null) return Promise.resolve(failure);
    return new Promise((resolve) => {
      settle = () => {
        settle = null;
        resolve(takePlain());
      };
      act(settle);
    });
  }

  return {
    // The write is done before its last output is emitted.
    push: (bytes) => run((done) => stream.write(bytes, () => setImmediate(done))),
    end: () =>
      run((done) => {
        stream.once('end', done);
        stream.end();
      }),
    close() {
      stream.destroy();
    },
  };
}

async function createStream(coding: Coding): Promise<Transform> {
  const zlib = await import('node:zlib');
  switch (coding) {
    case 'gzip':
    case 'x-gzip':
      return zlib.createGunzip();
    case 'deflate':
      return zlib.createInflate();
    case 'br':
      return zlib.createBrotliDecompress();
    case 'zstd':
      return zlib.createZstdDecompress();
  }
}
