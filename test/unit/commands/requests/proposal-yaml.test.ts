import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isEmptyEdit,
  parseEditText,
  toEditText,
  withProblem,
} from '../../../../src/commands/requests/proposal-yaml.ts';
import { toPrintable } from '../../../../src/commands/text/to-printable.ts';
import { routeProposal, toRequest } from '../../../support/operator-home.ts';
import { hostileText } from '../../../support/queue-entries.ts';

describe('a proposal as text to edit', () => {
  it('is read back as what it was, whatever a guest wrote, and has nothing in it that an editor obeys', () => {
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(fc.oneof(text, fc.constant(hostileText)), (written) => {
        // YAML has no way to write half a character.
        const rule = written.toWellFormed();
        const proposal = { kind: 'exemption', route: 'egress.routes[1]', rule } as const;
        const edit = toEditText(toRequest({ reason: written }), proposal, ['advice']);
        expect(parseEditText(edit, 'exemption')).toEqual(proposal);
        const single = edit.replaceAll(/\p{M}/gu, '');
        expect(toPrintable(single, { lines: true })).toBe(single);
      }),
    );
  });

  it('says what is wrong in the place of its first line, once', () => {
    const text = toEditText(toRequest(), routeProposal, []);
    const once = withProblem(text, 'first\nproblem');
    expect(once.split('\n')[0]).toBe('# WRONG: first\\u000aproblem');
    expect(withProblem(once, 'second').split('\n').length).toBe(text.split('\n').length);
    expect(parseEditText(once, 'route')).toEqual(routeProposal);
  });

  it.each([
    ['what is not YAML', 'kind: [', /^Line 1 is not YAML: /],
    ['an alias', 'a: &x 1\nb: *x', /^Aliases/],
    ['a list', '- 1', /^This is not a proposal\.$/],
    ['a key twice', 'kind: "route"\nkind: "route"', /^Line 2 is not YAML: /],
    ['another kind', 'kind: capability\ncapability: x', /^kind must stay "route"\.$/],
    ['an unknown key', 'kind: route\nhots: x', /may hold only/],
  ])('refuses %s', (_name, text, message) => {
    expect(() => parseEditText(text, 'route')).toThrow(
      expect.objectContaining({ code: 'request-invalid', message: expect.stringMatching(message) }),
    );
  });

  it('knows a text that was emptied', () => {
    expect(isEmptyEdit('# comment\n\n  \n')).toBe(true);
    expect(isEmptyEdit('# comment\nkind: route\n')).toBe(false);
  });
});
