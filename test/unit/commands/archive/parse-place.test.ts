import { describe, expect, it } from 'vitest';
import { parsePlaces } from '../../../../src/commands/archive/parse-place.ts';

describe('parsePlaces', () => {
  it.each([
    [
      'out',
      'api:/workspace/a',
      '.',
      { kind: 'out', bottle: 'api', path: '/workspace/a', to: { kind: 'path', path: '.' } },
    ],
    [
      'in',
      './a',
      'api:/tmp',
      { kind: 'in', bottle: 'api', path: '/tmp', from: { kind: 'path', path: './a' } },
    ],
    ['out to a stream', 'api:/a', '-', { kind: 'out', bottle: 'api', path: '/a', to: { kind: 'stream' } }],
    ['in from a stream', '-', 'api:/a', { kind: 'in', bottle: 'api', path: '/a', from: { kind: 'stream' } }],
    ['what is relative in a guest', 'api:sub/a', '.', { kind: 'out', path: '/workspace/sub/a' }],
    ['the workspace itself', 'api:', '.', { kind: 'out', path: '/workspace' }],
    ['a file with a colon', './a:b', 'api:/x', { kind: 'in', from: { kind: 'path', path: './a:b' } }],
  ])('reads %s', (_name, source, target, expected) => {
    expect(parsePlaces(source, target)).toMatchObject(expected);
  });

  it.each([
    ['two here', 'a', 'b'],
    ['two guests', 'api:/a', 'web:/b'],
  ])('refuses %s', (_name, source, target) => {
    expect(() => parsePlaces(source, target)).toThrow(expect.objectContaining({ code: 'usage-invalid' }));
  });
});
