import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDnsQuestion, toRefusedAnswer } from '../../../../src/sidecars/pipelock/dns/parse-question.ts';
import { openSocket } from './support/guest.ts';
import { secret, startTestPipelock, type TestPipelock } from './support/running-pipelock.ts';

let pipelock: TestPipelock;

beforeAll(async () => {
  pipelock = await startTestPipelock(9);
});
afterAll(() => pipelock[Symbol.asyncDispose]());

function toQuery(labels: readonly (string | Buffer)[], type = 1): Buffer {
  const name = labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  const header = Buffer.from([0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([header, ...name, Buffer.from([0, 0, type, 0, 1])]);
}

async function askUdp(message: Buffer): Promise<Buffer> {
  const socket = createSocket('udp4');
  socket.send(message, pipelock.dnsPort, '127.0.0.1');
  const [answer] = await once(socket, 'message');
  socket.close();
  return answer;
}

describe('the DNS refuser', () => {
  it.each([
    ['A', 'resolve4'],
    ['AAAA', 'resolve6'],
    ['TXT', 'resolveTxt'],
  ] as const)('refuses a question for %s', async (_type, ask) => {
    const resolver = new Resolver({ tries: 1, timeout: 2000 });
    resolver.setServers([`127.0.0.1:${pipelock.dnsPort}`]);
    await expect(resolver[ask]('leak.example.org')).rejects.toMatchObject({ code: 'EREFUSED' });
    expect(pipelock.events('blocked').at(-1)).toMatchObject({
      name: 'leak.example.org',
      layer: 'dns',
      transport: 'udp',
    });
  });

  it('refuses over TCP, one question after the other', async () => {
    const socket = await openSocket(pipelock.dnsPort);
    const query = toQuery(['over', 'tcp']);
    const framed = Buffer.concat([Buffer.from([0, query.length]), query]);
    for (let round = 0; round < 2; round += 1) {
      for (const byte of framed) socket.write(Buffer.from([byte]));
      const [answer] = await once(socket, 'data');
      expect(answer.readUInt16BE(0)).toBe(answer.length - 2);
      expect(answer[5] & 0x0f).toBe(5);
    }
    socket.destroy();
    expect(pipelock.events('blocked').at(-1)).toMatchObject({ name: 'over.tcp', transport: 'tcp' });
  });

  it('echoes id and question', async () => {
    const query = toQuery(['a', 'b']);
    const answer = await askUdp(query);
    expect(answer.readUInt16BE(0)).toBe(0x1234);
    expect(answer.subarray(12)).toEqual(query.subarray(12));
  });

  it('logs no secret and no control character of a name', async () => {
    await askUdp(toQuery([Buffer.from(secret).toString('hex'), 'evil', 'test']));
    expect(pipelock.events('blocked').at(-1)?.name).toBe('[redacted]');
    await askUdp(toQuery([Buffer.from('\x1b[31mred\n'), 'test']));
    expect(pipelock.events('blocked').at(-1)?.name).toBe('\\027\\09131mred\\010.test');
  });

  it('ignores garbage and answers the next', async () => {
    const socket = createSocket('udp4');
    for (const garbage of [
      Buffer.alloc(0),
      Buffer.alloc(11),
      Buffer.alloc(512, 0xff),
      toQuery(['a']).subarray(0, 14),
    ]) {
      socket.send(garbage, pipelock.dnsPort, '127.0.0.1');
    }
    socket.close();
    const tcp = await openSocket(pipelock.dnsPort);
    tcp.resume();
    tcp.write(Buffer.from([0, 3, 1, 2, 3]));
    await once(tcp, 'close');
    expect((await askUdp(toQuery(['still', 'here'])))[3]).toBe(0x05);
  });

  it('logs a flood in part, and says how much it left out', async () => {
    const before = pipelock.events('blocked').length;
    for (let index = 0; index < 200; index += 1) await askUdp(toQuery([`n${index}`]));
    expect(pipelock.events('blocked').length - before).toBeLessThan(150);
    await expect
      .poll(
        async () => {
          await askUdp(toQuery(['later']));
          return pipelock.events('blocked').some((entry) => Number(entry.unlogged_before) > 0);
        },
        { timeout: 5000 },
      )
      .toBe(true);
  });
});

describe('parseDnsQuestion', () => {
  it('never throws, and what it reads it can answer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.boolean(), (bytes, asQuery) => {
        const message = asQuery
          ? Buffer.concat([toQuery([]).subarray(0, 12), Buffer.from(bytes)])
          : Buffer.from(bytes);
        const question = parseDnsQuestion(message);
        if (question === null) return;
        expect(question.name).toMatch(/^[\x21-\x7e]+$/);
        expect(toRefusedAnswer(question).length).toBeLessThanOrEqual(message.length);
      }),
    );
  });

  it.each([
    ['a response', Buffer.concat([Buffer.from([0, 0, 0x80, 0]), toQuery(['a']).subarray(4)])],
    ['two questions', Buffer.concat([Buffer.from([0, 0, 1, 0, 0, 2]), toQuery(['a']).subarray(6)])],
    [
      'a compressed name',
      Buffer.concat([toQuery([]).subarray(0, 12), Buffer.from([0xc0, 0x0c, 0, 1, 0, 1])]),
    ],
    ['a name without end', Buffer.concat([toQuery([]).subarray(0, 12), Buffer.alloc(400, 1)])],
    ['no class', toQuery(['a']).subarray(0, -1)],
  ])('reads no question in %s', (_name, message) => {
    expect(parseDnsQuestion(message)).toBeNull();
  });
});
