import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createFingerprints } from '../../../../src/scan/fingerprint.ts';
import { createScanTables } from '../../../../src/scan/scan-tables.ts';
import { createHttp2Body } from '../../../../src/sidecars/pipelock/connection/http2-body.ts';
import {
  createBodyInspector,
  type Inspection,
} from '../../../../src/sidecars/pipelock/inspection/body-inspector.ts';
import { createDecompressor } from '../../../../src/sidecars/pipelock/inspection/decompressor.ts';
import { createByteSource } from '../../../../src/sidecars/pipelock/streams/byte-source.ts';
import { createFrameInspector } from '../../../../src/sidecars/pipelock/websocket/frame-inspector.ts';

const secret = 'k9/Zt+q7&Rw=2mXv#81p';
const { fingerprints } = createFingerprints(
  [{ label: 'A', value: secret }],
  '00112233445566778899aabbccddeeff',
);
const tables = createScanTables(fingerprints);
const start = secret.slice(0, 12);
const maxBytes = 100_000;

function passedOf(inspection: Inspection): string {
  if (inspection.kind === 'refused') throw new Error('refused');
  return Buffer.concat([...inspection.bytes]).toString();
}

describe('a body', () => {
  it('stays here while it may be the beginning of a secret, and passes once it is not', async () => {
    const inspector = createBodyInspector(tables, maxBytes, null);
    expect(passedOf(await inspector.push(Buffer.from('before ')))).toBe('before ');
    expect(passedOf(await inspector.push(Buffer.from(start)))).toBe('');
    expect(passedOf(await inspector.push(Buffer.from('other than a secret')))).toBe(
      `${start}other than a secret`,
    );
    expect(passedOf(await inspector.push(Buffer.from(start)))).toBe('');
    expect(passedOf(await inspector.end())).toBe(start);
  });

  it('stays here for good when the secret is complete', async () => {
    const inspector = createBodyInspector(tables, maxBytes, null);
    expect(passedOf(await inspector.push(Buffer.from(start)))).toBe('');
    expect(await inspector.push(Buffer.from(secret.slice(12)))).toMatchObject({
      kind: 'refused',
      layer: 'dlp',
    });
  });

  it('that is compressed passes as it was sent, at whatever places it is cut', async () => {
    const body = gzipSync(`${'clean '.repeat(500)}${start}${'clean '.repeat(500)}`);
    for (const size of [1, 7, 64, body.length]) {
      const inspector = createBodyInspector(tables, maxBytes, await createDecompressor('gzip', maxBytes));
      const passed: Buffer[] = [];
      for (let at = 0; at < body.length; at += size) {
        const inspection = await inspector.push(body.subarray(at, at + size));
        if (inspection.kind === 'refused') throw new Error(inspection.reason);
        passed.push(...inspection.bytes);
      }
      const last = await inspector.end();
      if (last.kind === 'refused') throw new Error(last.reason);
      expect(Buffer.concat([...passed, ...last.bytes])).toEqual(body);
    }
  });

  it('that is compressed never passes whole with a secret in it, at whatever places it is cut', async () => {
    const body = gzipSync(`${'clean '.repeat(500)}${secret}`);
    for (let size = 1; size < body.length; size += 3) {
      const inspector = createBodyInspector(tables, maxBytes, await createDecompressor('gzip', maxBytes));
      let refused = false;
      for (let at = 0; at < body.length && !refused; at += size) {
        refused = (await inspector.push(body.subarray(at, at + size))).kind === 'refused';
      }
      expect(refused || (await inspector.end()).kind === 'refused').toBe(true);
    }
  });
});

describe('the body of an HTTP/2 stream', () => {
  it.each([
    ['control: ended by its sender', false, null],
    ['reset', true, 'broken'],
  ])('that is %s', async (_name, closed, kind) => {
    const bytes = new PassThrough();
    const stream = { aborted: closed, closed, destroyed: false, on: () => {} };
    const body = createHttp2Body(stream as never, createByteSource(bytes), true, 1000);
    bytes.end('half');
    expect(String(await body.read())).toBe('half');
    if (kind === null) expect(await body.read()).toBeNull();
    else await expect(body.read()).rejects.toMatchObject({ kind });
    expect(body.ended).toBe(!closed);
  });
});

describe('a WebSocket message', () => {
  const toFrame = (first: number, text: string): Buffer =>
    Buffer.concat([Buffer.from([first, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);

  it('stays here while it may be the beginning of a secret, what comes between its pieces too', () => {
    const inspector = createFrameInspector(tables, maxBytes);
    const pieces = [toFrame(0x01, start), toFrame(0x89, 'ping'), toFrame(0x80, 'other than a secret')];
    const passed = pieces.map((piece) => passedOf(inspector.push(piece)));
    expect(passed).toEqual(['', '', Buffer.concat(pieces).toString()]);
  });

  it('stays here for good when the secret is complete', () => {
    const inspector = createFrameInspector(tables, maxBytes);
    expect(passedOf(inspector.push(toFrame(0x01, start)))).toBe('');
    expect(inspector.push(toFrame(0x80, secret.slice(12)))).toMatchObject({ kind: 'refused', layer: 'dlp' });
  });

  it('passes at its end, and its continuation in the next is found', () => {
    const inspector = createFrameInspector(tables, maxBytes);
    expect(passedOf(inspector.push(toFrame(0x81, start)))).toBe(toFrame(0x81, start).toString());
    expect(inspector.push(toFrame(0x81, secret.slice(12)))).toMatchObject({ kind: 'refused' });
  });
});
