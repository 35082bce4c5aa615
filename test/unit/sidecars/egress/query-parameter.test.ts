import { describe, expect, it } from 'vitest';
import { replaceQueryParameter } from '../../../../src/sidecars/egress/query-parameter.ts';

describe('replaceQueryParameter', () => {
  it.each([
    ['', '?key=a%2Fb'],
    ['?', '?key=a%2Fb'],
    ['?x=1', '?x=1&key=a%2Fb'],
    ['?key=guest', '?key=a%2Fb'],
    ['?key', '?key=a%2Fb'],
    ['?x=1&key=guest&y=2&key=guest', '?x=1&y=2&key=a%2Fb'],
    ['?KEY=guest&x', '?x&key=a%2Fb'],
    ['?%6bey=guest&k%65y=guest&%4B%45%59=guest', '?key=a%2Fb'],
    ['?x=1;key=guest;y=2', '?x=1;y=2&key=a%2Fb'],
    ['?keys=1&xkey=2&a=key', '?keys=1&xkey=2&a=key&key=a%2Fb'],
    ['?x=%zz&%=1', '?x=%zz&%=1&key=a%2Fb'],
  ])('%s', (query, expected) => {
    expect(replaceQueryParameter(query, 'key', 'a/b')).toBe(expected);
  });

  it('compares names as servers read them: a plus is a space', () => {
    expect(replaceQueryParameter('?my+key=guest&my%20key=guest', 'my key', 'v')).toBe('?my%20key=v');
  });
});
