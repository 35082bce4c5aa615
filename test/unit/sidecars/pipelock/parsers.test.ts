import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createScanTables } from '../../../../src/scan/scan-tables.ts';
import { parseAuthority } from '../../../../src/sidecars/pipelock/http/authority.ts';
import { createChunkedDecoder } from '../../../../src/sidecars/pipelock/http/chunked-decoder.ts';
import { checkFieldLine } from '../../../../src/sidecars/pipelock/http/fields.ts';
import { createHeadLines, type HeadStep } from '../../../../src/sidecars/pipelock/http/head-lines.ts';
import { checkRequestLine, parseRequest } from '../../../../src/sidecars/pipelock/http/parse-request.ts';
import { parseClientHello } from '../../../../src/sidecars/pipelock/tls/client-hello.ts';
import {
  checkResponseLine,
  parseResponseHead,
} from '../../../../src/sidecars/pipelock/upstream/response-head.ts';
import { parseFrameHeader } from '../../../../src/sidecars/pipelock/websocket/frame-header.ts';
import { createFrameInspector } from '../../../../src/sidecars/pipelock/websocket/frame-inspector.ts';

const limits = { maxBytes: 4096, maxFirstLineBytes: 512, maxFields: 20 };

/** Texts made of what HTTP is made of, and of what it must not be. */
const httpText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'GET',
        'POST',
        ' ',
        '/',
        'http://',
        'open.test',
        ' HTTP/1.1',
        '\r\n',
        '\n',
        '\r',
        ':',
        'Host: open.test',
        '\t',
      ),
      fc.constantFrom(
        'Content-Length: 5',
        'Transfer-Encoding: chunked',
        'Connection: close',
        '5\r\nhello\r\n',
        '0\r\n\r\n',
        ';',
        '%2e',
        '..',
      ),
      fc.string({ maxLength: 6, unit: 'binary' }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));

function pushAll(bytes: Buffer, cuts: readonly number[]): HeadStep {
  const head = createHeadLines(limits, checkRequestLine);
  const places = [0, ...[...cuts].filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
  let step: HeadStep = { kind: 'more' };
  for (const [index, end] of places.slice(1).entries()) {
    step = head.push(bytes.subarray(places[index], end));
    if (step.kind !== 'more')
      return step.kind === 'done' ? { ...step, rest: bytes.subarray(end - step.rest.length) } : step;
  }
  return step;
}

describe('heads', () => {
  it('are read alike, however they are cut', () => {
    fc.assert(
      fc.property(httpText, fc.array(fc.nat(300), { maxLength: 5 }), (bytes, cuts) => {
        expect(pushAll(bytes, cuts)).toEqual(pushAll(bytes, []));
      }),
      { numRuns: 500 },
    );
  });

  it('of requests are read or refused, never more than one way', () => {
    fc.assert(
      fc.property(httpText, (bytes) => {
        const step = pushAll(
          Buffer.concat([
            Buffer.from('GET / HTTP/1.1\r\nHost: open.test\r\n'),
            bytes,
            Buffer.from('\r\n\r\n'),
          ]),
          [],
        );
        if (step.kind !== 'done') return;
        const parsed = parseRequest(step.lines, { scheme: 'https', host: 'open.test', port: 443 });
        if (parsed.kind !== 'request') return;
        expect(parsed.request.host).toBe('open.test');
        expect(JSON.stringify(parsed.request.fields)).not.toMatch(/\\r|\\n|\\u0000/);
      }),
      { numRuns: 500 },
    );
  });

  it('of responses are read or refused', () => {
    fc.assert(
      fc.property(httpText, (bytes) => {
        const head = createHeadLines(limits, checkResponseLine);
        const step = head.push(Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n'), bytes]));
        if (step.kind === 'done')
          expect(['response', 'malformed']).toContain(parseResponseHead(step.lines, 'GET').kind);
      }),
    );
  });
});

describe('a field line', () => {
  it.each([
    ['X-A: b', null],
    ['X-A:', null],
    [' X-A: b', 'folded'],
    ['\tX-A: b', 'folded'],
    ['X-A : b', 'space between'],
    ['X-A\t: b', 'space between'],
    ['X A: b', 'no token'],
    ['X-A', 'without a colon'],
  ])('%j', (line, reason) => {
    if (reason === null) expect(checkFieldLine(line)).toBeNull();
    else expect(checkFieldLine(line)).toContain(reason);
  });
});

describe('authorities', () => {
  it.each([
    ['open.test', { host: 'open.test', port: null }],
    ['OPEN.Test:8443', { host: 'open.test', port: 8443 }],
    ['192.0.2.7:80', { host: '192.0.2.7', port: 80 }],
    ['[2001:DB8::1]:80', { host: '2001:db8::1', port: 80 }],
    ['xn--pple-43d.test', { host: 'xn--pple-43d.test', port: null }],
  ])('are read: %s', (text, authority) => {
    expect(parseAuthority(text)).toEqual(authority);
  });

  it.each([
    '',
    ':',
    ':80',
    'open.test:',
    'open.test:0',
    'open.test:080',
    'open.test:65536',
    'open.test:80:80',
    'open.test.',
    '.open.test',
    'open..test',
    'a@open.test',
    'open.test@evil.test',
    'open.test/evil',
    'open.test?evil',
    'open.test#evil',
    'open.test\\evil',
    'open%2etest',
    'öpen.test',
    'open test',
    ' open.test',
    'open.test ',
    '-open.test',
    'open.test\0',
    '127.1',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '2130706433',
    '192.0.2.07',
    '192.0.2.256',
    '[::1',
    '::1',
    '[::1%eth0]',
    '[127.0.0.1]',
    '[open.test]',
    `${'a'.repeat(64)}.test`,
    `${'a.'.repeat(127)}test`,
  ])('are not read: %j', (text) => {
    expect(parseAuthority(text)).toBeNull();
  });

  it('are canonical where they are read', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.domain(),
          fc.ipV4(),
          fc.ipV6().map((address) => `[${address}]`),
        ),
        (text) => {
          const authority = parseAuthority(text);
          if (authority === null) return;
          const written = authority.host.includes(':') ? `[${authority.host}]` : authority.host;
          expect(new URL(`http://${written}/`).hostname).toBe(written);
          expect(parseAuthority(written)).toEqual({ host: authority.host, port: null });
        },
      ),
    );
  });
});

describe('chunked bodies', () => {
  it('are read alike, however they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 6 }),
        fc.integer({ min: 1, max: 20 }),
        (chunks, size) => {
          const wire = Buffer.concat([
            ...chunks.map((chunk) =>
              Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]),
            ),
            Buffer.from('0\r\nX-Sum: 1\r\n\r\nnext'),
          ]);
          const decoder = createChunkedDecoder();
          const data: Buffer[] = [];
          for (let at = 0; at < wire.length; at += size) {
            const step = decoder.push(wire.subarray(at, at + size));
            if (step.kind === 'malformed') throw new Error(step.reason);
            data.push(...step.data);
            if (step.kind !== 'done') continue;
            expect(step.trailers).toEqual([{ name: 'x-sum', value: '1' }]);
            expect(Buffer.concat([step.rest, wire.subarray(at + size)]).toString()).toBe('next');
            break;
          }
          expect(Buffer.concat(data)).toEqual(Buffer.concat(chunks));
        },
      ),
    );
  });

  it('of any bytes are read or refused', () => {
    fc.assert(
      fc.property(httpText, (bytes) => {
        const { kind } = createChunkedDecoder().push(bytes);
        expect(['data', 'done', 'malformed']).toContain(kind);
      }),
      { numRuns: 500 },
    );
  });
});

/** A greeting with the extensions given, in records of at most `recordBytes`. */
function toHello(extensions: Buffer, recordBytes = 16_000): Buffer {
  const vector = (lengthBytes: number, bytes: Buffer) => {
    const length = Buffer.alloc(lengthBytes);
    length.writeUIntBE(bytes.length, 0, lengthBytes);
    return Buffer.concat([length, bytes]);
  };
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32),
    vector(1, Buffer.alloc(0)),
    vector(2, Buffer.from([0x13, 0x01])),
    vector(1, Buffer.from([0])),
    vector(2, extensions),
  ]);
  const message = Buffer.concat([Buffer.from([1]), vector(3, body)]);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += recordBytes) {
    records.push(Buffer.concat([Buffer.from([22, 3, 1]), vector(2, message.subarray(at, at + recordBytes))]));
  }
  return Buffer.concat(records);
}

function toServerName(name: string): Buffer {
  const bytes = Buffer.from(name);
  const header = Buffer.alloc(9);
  header.writeUInt16BE(bytes.length + 5, 2);
  header.writeUInt16BE(bytes.length + 3, 4);
  header.writeUInt16BE(bytes.length, 7);
  return Buffer.concat([header, bytes]);
}

describe('TLS greetings', () => {
  it.each([1, 2, 7, 100, 16_000])('name their host, in records of %i bytes', (recordBytes) => {
    const hello = toHello(toServerName('open.test'), recordBytes);
    expect(parseClientHello(hello)).toEqual({ kind: 'hello', serverName: 'open.test' });
    for (let end = 0; end < hello.length; end += 1)
      expect(parseClientHello(hello.subarray(0, end)).kind).toBe('more');
  });

  it.each([
    ['two names', toHello(Buffer.concat([toServerName('open.test'), toServerName('evil.test')]))],
    ['an empty name', toHello(toServerName(''))],
    ['a name that is cut', toHello(toServerName('open.test').subarray(0, -1))],
    ['bytes behind its end', toHello(Buffer.concat([toServerName('open.test'), Buffer.from([1])]))],
    ['a record of nothing', Buffer.from([22, 3, 1, 0, 0])],
    ['a record that is too large', Buffer.from([22, 3, 1, 0xff, 0xff])],
    [
      'a message that is too large',
      Buffer.concat([Buffer.from([22, 3, 1, 0, 4]), Buffer.from([1, 0xff, 0xff, 0xff])]),
    ],
    ['another record', Buffer.from([23, 3, 1, 0, 1, 0])],
  ])('are refused with %s', (_name, hello) => {
    expect(parseClientHello(hello).kind).toBe('malformed');
  });

  it('without a name have none', () => {
    expect(parseClientHello(toHello(Buffer.alloc(0)))).toEqual({ kind: 'hello', serverName: null });
  });

  it('of any bytes are read or refused', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.uint8Array({ maxLength: 200 }).map((extensions) => toHello(Buffer.from(extensions), 50)),
    );
    fc.assert(
      fc.property(bytes, (hello) => {
        expect(['more', 'hello', 'malformed']).toContain(parseClientHello(Buffer.from(hello)).kind);
      }),
      { numRuns: 500 },
    );
  });
});

describe('WebSocket frames', () => {
  it('of any bytes are read or refused, and pass as they came', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 }), (pieces) => {
        const inspector = createFrameInspector(createScanTables([]), 1000);
        for (const piece of pieces) {
          const bytes = Buffer.from(piece);
          const inspection = inspector.push(bytes);
          if (inspection.kind === 'refused') return;
          expect(Buffer.concat(inspection.bytes)).toEqual(bytes);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('have a header of 14 bytes at most', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 14, maxLength: 14 }), (bytes) => {
        expect(parseFrameHeader(Buffer.from(bytes))).not.toBeNull();
      }),
    );
  });
});
