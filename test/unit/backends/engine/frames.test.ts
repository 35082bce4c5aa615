import { Duplex, PassThrough, Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createFrameParser, createRawParser } from '../../../../src/backends/engine/frames.ts';
import { joinSession } from '../../../../src/backends/engine/session.ts';

function frame(kind: number, payload: string): Buffer {
  const head = Buffer.alloc(8);
  head[0] = kind;
  head.writeUInt32BE(Buffer.byteLength(payload), 4);
  return Buffer.concat([head, Buffer.from(payload)]);
}

function toText(
  pieces: readonly { readonly stream: string; readonly bytes: Uint8Array }[],
  stream: string,
): string {
  return Buffer.concat(
    pieces.filter((piece) => piece.stream === stream).map(({ bytes }) => bytes),
  ).toString();
}

describe('createFrameParser', () => {
  const wire = Buffer.concat([
    frame(1, 'out'),
    frame(2, 'err'),
    frame(1, ''),
    frame(1, 'more'),
    frame(2, '!'),
  ]);

  it.each([1, 2, 3, 7, 8, 9, 11, 64, 1000])(
    'takes streams apart, whatever %i-byte pieces they come in',
    (size) => {
      const parse = createFrameParser();
      const pieces = [];
      for (let at = 0; at < wire.length; at += size) {
        for (const piece of parse(wire.subarray(at, at + size)))
          pieces.push({ ...piece, bytes: Buffer.from(piece.bytes) });
      }
      expect([toText(pieces, 'stdout'), toText(pieces, 'stderr')]).toEqual(['outmore', 'err!']);
    },
  );

  it('passes a part of a frame on before the rest is there', () => {
    const parse = createFrameParser();
    expect(toText(parse(frame(1, 'abcdef').subarray(0, 11)), 'stdout')).toBe('abc');
  });

  it("leaves a terminal's stream as it is", () => {
    expect(toText(createRawParser()(wire), 'stdout')).toBe(wire.toString());
  });
});

describe('joinSession', () => {
  /** The engine's end of a connection: what is sent to it, and a way to send. */
  function connect() {
    const received: string[] = [];
    const stream = new Duplex({
      read: () => undefined,
      write: (chunk, _encoding, done) => {
        received.push(String(chunk));
        done();
      },
      final: (done) => {
        received.push('<end>');
        done();
      },
    });
    return { stream, received };
  }
  const process = {
    tty: false,
    finish: async () => 5,
    resize: async () => undefined,
    signal: async () => undefined,
  };

  it("writes no faster than it is read, and ends nobody else's streams", async () => {
    const { stream } = connect();
    const taken: string[] = [];
    let release: () => void = () => undefined;
    const slow = new Writable({
      highWaterMark: 1,
      write: (chunk, _encoding, done) => {
        taken.push(String(chunk));
        release = done;
      },
    });
    const session = joinSession(stream, { stdin: null, stdout: slow, stderr: slow }, process);
    stream.push(frame(1, 'one'));
    stream.push(frame(1, 'two'));
    stream.push(null);
    await turn();
    expect(taken).toEqual(['one']);
    release();
    await expect.poll(() => taken).toEqual(['one', 'two']);
    release();
    expect(await session.exit).toEqual({ kind: 'exited', status: 5 });
    expect(slow.writableEnded).toBe(false);
  });

  it('passes the end of the input on, and reads on', async () => {
    const { stream, received } = connect();
    const stdin = new PassThrough();
    const stdout = new PassThrough();
    const session = joinSession(stream, { stdin, stdout, stderr: new PassThrough() }, process);
    stdin.end('in');
    await expect.poll(() => received).toEqual(['in', '<end>']);
    stream.push(frame(1, 'late'));
    stream.push(null);
    expect(await session.exit).toEqual({ kind: 'exited', status: 5 });
    expect(stdout.read().toString()).toBe('late');
  });

  it('lets a reader that has gone miss the rest', async () => {
    const { stream } = connect();
    const stdout = new PassThrough();
    stdout.destroy();
    const session = joinSession(stream, { stdin: null, stdout, stderr: stdout }, process);
    stream.push(frame(1, 'for nobody'));
    stream.push(null);
    expect(await session.exit).toEqual({ kind: 'exited', status: 5 });
  });

  it('asks for the status also when the connection breaks', async () => {
    const { stream } = connect();
    const session = joinSession(
      stream,
      { stdin: null, stdout: new PassThrough(), stderr: new PassThrough() },
      process,
    );
    stream.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    expect(await session.exit).toEqual({ kind: 'exited', status: 5 });
  });

  it('can be left', async () => {
    const { stream } = connect();
    const session = joinSession(
      stream,
      { stdin: null, stdout: new PassThrough(), stderr: new PassThrough() },
      process,
    );
    session.detach();
    expect(await session.exit).toEqual({ kind: 'detached' });
  });
});
