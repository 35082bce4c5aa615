import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { manifestDefaults } from '../../../../src/plans/manifest/defaults.ts';
import { manifestFileSchema, toManifestJsonSchema } from '../../../../src/plans/manifest/schema.ts';
import { loadFiles } from '../../../support/load-text.ts';

const read = (path: string): string => readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8');

describe('docs/manifest.schema.json', () => {
  it('is made from the schema: else run "node scripts/write-schema.ts"', () => {
    expect(JSON.parse(read('docs/manifest.schema.json'))).toEqual(
      JSON.parse(JSON.stringify(toManifestJsonSchema())),
    );
  });

  it('says that unknown keys are errors and that a secret has one place', () => {
    const schema = JSON.stringify(toManifestJsonSchema());
    expect(schema).toContain('"additionalProperties":false');
    expect(schema).toContain('"minProperties":1,"maxProperties":1');
  });
});

describe('docs/manifest.md', () => {
  it('begins with an example that loads', async () => {
    const [, example = ''] = /```yaml\n(.*?)```/s.exec(page) ?? [];
    const manifest = await loadFiles({ 'api-dev': example, team: 'user: root' });
    expect(manifest).toMatchObject({ agent: { kind: 'claude' }, user: 'root' });
  });

  const page = read('docs/manifest.md');

  it.each(toKeys(manifestFileSchema.def.shape))('explains %s', (key) => {
    expect(page).toContain(`| \`${key}\` |`);
  });

  it.each(toDefaults(manifestDefaults))('says the default of %s', (key, value) => {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${key}\` |`)) ?? '';
    expect(row).toContain(`| \`${value}\` |`);
  });
});

/** The keys of the top level and of its sections: `workspace.mode`. */
function toKeys(shape: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(shape).flatMap(([key, part]) => {
    const inner = (
      part as { readonly def: { readonly innerType?: { readonly def: { readonly shape?: object } } } }
    ).def.innerType?.def.shape;
    return inner === undefined
      ? [key]
      : toKeys(inner as Readonly<Record<string, unknown>>).map((rest) => `${key}.${rest}`);
  });
}

/** Every default that is a value: what has none is null or empty. */
function toDefaults(defaults: object, path = ''): readonly (readonly [string, string])[] {
  return Object.entries(defaults).flatMap(([key, value]) => {
    if (value === null || Array.isArray(value)) return [];
    return typeof value === 'object'
      ? toDefaults(value, `${path}${key}.`)
      : [[`${path}${key}`, String(value)] as const];
  });
}
