import { describe, expect, it } from 'vitest';
import { parseEnvFlags } from '../../../../src/commands/program/parse-env-flags.ts';

describe('parseEnvFlags', () => {
  it('reads names and values, which may hold anything', () => {
    expect(parseEnvFlags(['A=1', 'B_2=x=y z', 'C='])).toEqual({ A: '1', B_2: 'x=y z', C: '' });
  });

  it.each(['A', '=1', '1A=x', 'A-B=x', '', 'A B=x'])('refuses %j', (flag) => {
    expect(() => parseEnvFlags([flag])).toThrow(expect.objectContaining({ code: 'usage-invalid' }));
  });
});
