import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { errorTable } from '../../src/errors.ts';

describe('docs/errors.md', () => {
  it('lists exactly the codes there are, each with its exit status', async () => {
    const text = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8');
    const rows = [...text.matchAll(/^\| `([a-z-]+)` \| (\d+) \| \S/gm)].map(([, code, exit]) => [
      code,
      Number(exit),
    ]);
    const defined = Object.entries(errorTable).map(([code, { exit }]) => [code, exit]);
    expect(rows.sort()).toEqual(defined.sort());
  });
});
