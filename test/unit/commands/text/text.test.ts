import { describe, expect, it } from 'vitest';
import { toLogLine } from '../../../../src/commands/text/to-log-line.ts';
import { toPrintable } from '../../../../src/commands/text/to-printable.ts';
import { toSize } from '../../../../src/commands/text/to-size.ts';
import { toTable } from '../../../../src/commands/text/to-table.ts';

describe('toPrintable', () => {
  it.each([
    ['plain text', 'naïve 漢字 🍾', 'naïve 漢字 🍾'],
    ['a colour', '\u001b[31mred', '\\u001b[31mred'],
    ['a title change', '\u001b]0;owned\u0007', '\\u001b]0;owned\\u0007'],
    ['an eight-bit escape', '\u009b2J', '\\u009b2J'],
    ['a carriage return', 'safe\revil', 'safe\\u000devil'],
    ['a right-to-left override', 'a\u202eb', 'a\\u202eb'],
    ['what cannot be seen', 'a\u200bb\ufeffc', 'a\\u200bb\\ufeffc'],
    ['tags beyond the basic plane', 'a\u{e0041}b', 'a\\u{e0041}b'],
    ['letters that are blank', 'a\u3164b\u115f\u2800', 'a\\u3164b\\u115f\\u2800'],
    ['a variation selector', 'a\ufe0eb\u{e0100}', 'a\\ufe0eb\\u{e0100}'],
    ['a joiner that nobody sees', 'a\u034fb', 'a\\u034fb'],
    ['marks that letters have', 'Vie\u0323\u0302t', 'Vie\u0323\u0302t'],
    ['marks piled up', `a${'\u0336'.repeat(5)}`, `a${'\u0336'.repeat(3)}\\u0336\\u0336`],
    ['a line end', 'one\ntwo', 'one\\u000atwo'],
  ])('shows %s', (_name, text, shown) => {
    expect(toPrintable(text)).toBe(shown);
  });

  it('leaves line ends and tabs where lines are meant', () => {
    expect(toPrintable('a\n\tb\u001b', { lines: true })).toBe('a\n\tb\\u001b');
  });
});

describe('toLogLine', () => {
  it.each([
    [
      'an event with a message',
      '{"time":"2026-11-21T03:04:05.678Z","level":"warn","daemon":"pipelock","event":"blocked","message":"Refused.","host":"a.test","n":2}',
      '03:04:05.678 warn  pipelock Refused. host=a.test n=2',
    ],
    [
      'an event without one',
      '{"time":"2026-11-21T03:04:05Z","level":"info","daemon":"init","event":"ready"}',
      '03:04:05     info  init     ready',
    ],
    [
      'values with blanks',
      '{"event":"x","reason":"not listed"}',
      '-            -     -        x reason="not listed"',
    ],
    ['what is no JSON', 'Segmentation fault', 'Segmentation fault'],
    ['JSON of another kind', '[1]', '[1]'],
    [
      'control characters that JSON escapes',
      '{"event":"\\u001b[2J"}',
      '-            -     -        \\u001b[2J',
    ],
  ])('shows %s', (_name, line, shown) => {
    expect(toLogLine(line)).toBe(shown);
  });
});

describe('toTable', () => {
  it('lines columns up, and shows control characters', () => {
    expect(toTable([['A', 'BB'], ['long', '\u001b'], ['x']])).toBe('A     BB\nlong  \\u001b\nx\n');
  });
});

describe('toSize', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    [1024 ** 3, '1.0 GiB'],
  ])('%d is %s', (bytes, shown) => {
    expect(toSize(bytes)).toBe(shown);
  });
});
