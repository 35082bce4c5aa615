import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAnswerParser } from '../../../../../src/sidecars/git-gate/inspection/answer-parser.ts';

const idOf = (index: number) => index.toString(16).padStart(40, '0');

/** Parses what git would write of these contents, cut at `cuts`, and returns what the receivers were given. */
function parse(bytes: Buffer, count: number, cuts: readonly number[]) {
  const received: { type: string; size: number; content: Buffer; pieces: number; ended: boolean }[] = [];
  let asked = 0;
  const parser = createAnswerParser({
    take() {
      if (asked === count) throw new Error('not asked');
      const id = idOf(asked);
      asked += 1;
      const object = { type: '', size: 0, content: Buffer.alloc(0), pieces: 0, ended: false };
      received.push(object);
      return {
        id,
        receiver: {
          begin: (type, size) => Object.assign(object, { type, size }),
          push(piece, last) {
            object.content = Buffer.concat([object.content, piece]);
            object.pieces += 1;
            object.ended = last;
          },
        },
      };
    },
  });
  const ends = [...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
  for (const [index, end] of ends.entries()) parser.push(bytes.subarray(ends[index - 1] ?? 0, end));
  parser.end();
  return received;
}

const toAnswers = (contents: readonly Buffer[]) =>
  Buffer.concat(
    contents.map((content, index) =>
      Buffer.concat([Buffer.from(`${idOf(index)} blob ${content.length}\n`), content, Buffer.from('\n')]),
    ),
  );

describe('answers of git cat-file', () => {
  it('are the same however they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }),
        fc.array(fc.nat(3000), { maxLength: 12 }),
        (contents, cuts) => {
          const objects = parse(
            toAnswers(contents.map((content) => Buffer.from(content))),
            contents.length,
            cuts,
          );
          expect(objects.map(({ content }) => [...content])).toEqual(contents.map((content) => [...content]));
          expect(objects.every(({ ended, pieces }) => ended && pieces === 1)).toBe(true);
        },
      ),
    );
  });

  it('come in pieces where an object is large', () => {
    const content = Buffer.alloc(300_000, 'ab\n');
    const cuts = Array.from({ length: 10 }, (_, index) => 20_000 * index);
    const [object] = parse(toAnswers([content]), 1, cuts);
    expect(object?.content.equals(content)).toBe(true);
    expect(object?.pieces).toBeGreaterThan(5);
    expect(object?.ended).toBe(true);
  });

  it.each([
    ['an object is missing', `${idOf(0)} missing\n`, 'is missing'],
    ['another object is answered', `${idOf(7)} blob 1\nx\n`, 'not asked'],
    ['there is more than was asked for', `${idOf(0)} blob 1\nx\n${idOf(1)} blob 1\nx\n`, 'not asked'],
    ['a size is none', `${idOf(0)} blob 1e3\nx\n`, 'is missing'],
    ['an object is longer than its size', `${idOf(0)} blob 1\nxx\n`, 'more than an object has'],
    ['they end within an object', `${idOf(0)} blob 5\nxx`, 'within an object'],
    ['a line does not end', 'x'.repeat(300), 'a line that is none'],
  ])('are an error where %s', (_name, text, message) => {
    expect(() => parse(Buffer.from(text), 1, [])).toThrow(message);
    expect(parse(toAnswers([Buffer.from('x')]), 1, [])).toHaveLength(1);
  });
});
