import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRequest, toRequestText } from '../../../src/queue/parse-request.ts';
import type { QueueRequest } from '../../../src/queue/request.ts';
import { fromFileName, isRequestId, isUnfinishedFile, toFileName } from '../../../src/queue/request-id.ts';
import { anyRequest, pushProposal, queueRequest, routeProposal } from './any-proposal.ts';

const parse = (text: string, { daemon, id }: Pick<QueueRequest, 'daemon' | 'id'> = queueRequest()) =>
  parseRequest(text, { daemon, id });

describe('a request file', () => {
  it('is read as it was written, whatever characters the guest used', () => {
    fc.assert(
      fc.property(anyRequest, (request) => {
        expect(parse(toRequestText(request), request)).toEqual(request);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['a list', '[]'],
    ['null', 'null'],
    ['lists without end', '['.repeat(500_000)],
    ['another version', JSON.stringify({ ...queueRequest(), version: 2 })],
    ['a key too many', JSON.stringify({ ...queueRequest(), status: 'approved' })],
    ['a key too few', JSON.stringify({ ...queueRequest(), asked: undefined })],
    ['another id than its name', toRequestText(queueRequest({ id: 'req-ffffffff' }))],
    ['an id that is a path', JSON.stringify({ ...queueRequest(), id: '../../plan' })],
    [
      'another daemon than its folder',
      toRequestText(queueRequest({ daemon: 'git-gate', proposal: pushProposal() })),
    ],
    ['a push in the name of supervise', toRequestText(queueRequest({ proposal: pushProposal() }))],
    [
      'a credential of its own choice',
      toRequestText(queueRequest({ proposal: routeProposal({ credentialOf: 'egress.routes[0]' }) })),
    ],
    ['never asked', toRequestText(queueRequest({ asked: 0 }))],
    ['a time in words', toRequestText(queueRequest({ expiresAt: 'tomorrow' }))],
    ['a time without a zone', toRequestText(queueRequest({ createdAt: '2026-01-31T12:00:00' }))],
    ['an endless reason', toRequestText(queueRequest({ reason: 'x'.repeat(8193) }))],
  ])('is refused: %s', (_case, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'request-invalid' }));
  });

  it('is refused in the name of the other daemon, and taken in its own', () => {
    const push = queueRequest({ daemon: 'git-gate', proposal: pushProposal() });
    expect(parse(toRequestText(push), push)).toEqual(push);
    const route = queueRequest({ daemon: 'git-gate' });
    expect(() => parse(toRequestText(route), route)).toThrow('git-gate cannot ask');
  });

  it('is never taken when it is cut short, at whatever byte', () => {
    const request = queueRequest({ reason: '\u00fc\u001b[2J' });
    const bytes = Buffer.from(toRequestText(request));
    // The line end behind the last brace is no part of the value.
    for (let length = 0; length < bytes.length - 1; length += 1) {
      expect(() => parse(bytes.subarray(0, length).toString('utf8'))).toThrow('not JSON');
    }
    expect(parse(bytes.toString('utf8'))).toEqual(request);
  });

  it('meets any text with a request or a sentence', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.jsonValue().map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(text, (garbage) => {
        expect(() => parse(garbage)).toThrow(expect.objectContaining({ code: 'request-invalid' }));
      }),
    );
  });

  it('meets any change of one field with a request or a sentence', () => {
    const keys = Object.keys(queueRequest());
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.jsonValue(), (key, value) => {
        try {
          parse(JSON.stringify({ ...queueRequest(), [key]: value }));
        } catch (error) {
          expect(error).toMatchObject({ code: 'request-invalid' });
        }
      }),
    );
  });
});

describe('the name of a request file', () => {
  it('is the id with an ending, and back', () => {
    expect(toFileName('req-0a1b2c3d')).toBe('req-0a1b2c3d.json');
    expect(fromFileName('req-0a1b2c3d.json')).toBe('req-0a1b2c3d');
  });

  it.each([
    'req-0a1b2c3d',
    'req-0A1B2C3D.json',
    'req-0a1b2c3d.json.json',
    '../req-0a1b2c3d.json',
    '.json',
    '',
  ])('is not %j', (name) => {
    expect(fromFileName(name)).toBeNull();
    expect(isRequestId(name.slice(0, -'.json'.length))).toBe(false);
  });

  it('begins with a dot while the file is being written', () => {
    expect(isUnfinishedFile('.req-0a1b2c3d.json')).toBe(true);
    expect(isUnfinishedFile('req-0a1b2c3d.json')).toBe(false);
  });
});
