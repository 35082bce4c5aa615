import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { findBackend, loadBackends } from '../../../src/backends/registry.ts';

describe('the registry', () => {
  it('finds each backend by its kind', async () => {
    const all = await loadBackends();
    expect(all.length).toBeGreaterThan(0);
    for (const { kind } of all) expect((await findBackend(kind)).kind).toBe(kind);
  });

  it('agrees with docs/backends.md about what each can do', async () => {
    const text = await readFile(new URL('../../../docs/backends.md', import.meta.url), 'utf8');
    const rows = text
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    const kinds = rows.find(([first]) => first === 'feature')?.slice(1) ?? [];
    const documented = kinds.map((kind, column) => ({
      kind,
      features: Object.fromEntries(
        rows.flatMap((row) => {
          const feature = /^`(\w+)`:/.exec(row[0] ?? '')?.[1];
          return feature === undefined ? [] : [[feature, row[column + 1] === 'yes']];
        }),
      ),
    }));
    expect(documented).toEqual((await loadBackends()).map(({ kind, features }) => ({ kind, features })));
  });
});
