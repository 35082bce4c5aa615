import { describe, expect, it } from 'vitest';
import { toFailure } from '../../../../src/commands/program/failure.ts';
import { BottleError } from '../../../../src/errors.ts';

const missing = new BottleError('image-missing', 'There is no image.');
const incomplete = new BottleError('teardown-incomplete', 'Two networks are left.');
const interrupted = new BottleError('interrupted', 'Interrupted.');

/** What `await using` throws when both the work and the teardown failed. */
const suppressed = (work: unknown, teardown: unknown) => new SuppressedError(teardown, work);

describe('toFailure', () => {
  it.each([
    ['an expected error', missing, { code: 'image-missing', exit: 3, also: [], stack: null }],
    ['an interruption', interrupted, { code: 'interrupted', exit: 130, also: [], stack: null }],
    [
      'a failed teardown after another error',
      suppressed(missing, incomplete),
      { code: 'teardown-incomplete', exit: 5, also: ['There is no image.'] },
    ],
    [
      'two failed disposers',
      suppressed(suppressed(interrupted, incomplete), incomplete),
      { code: 'teardown-incomplete', also: ['Two networks are left.', 'Interrupted.'] },
    ],
    ['several at once', new AggregateError([missing, incomplete]), { code: 'teardown-incomplete' }],
    [
      'a defect beside an expected error',
      suppressed(missing, new TypeError('x')),
      { code: 'bug', exit: 70, message: 'x' },
    ],
    ['what is no error', 'oops', { code: 'bug', exit: 70, message: 'oops', stack: null }],
  ])('tells %s', (_name, error, expected) => {
    expect(toFailure(error)).toMatchObject(expected);
  });

  it('gives a defect its stack', () => {
    expect(toFailure(new TypeError('x')).stack).toContain('failure.test.ts');
  });
});
