import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createFingerprints } from '../../../../src/scan/fingerprint.ts';
import { readSecretsLine } from '../../../../src/sidecars/daemon/secrets-line.ts';

const { fingerprints } = createFingerprints(
  [{ label: 'A', value: 'a-secret-value' }],
  '00112233445566778899',
);
const [fingerprint] = fingerprints;

describe('readSecretsLine', () => {
  it.each([
    ['values', { values: { 'secret-0': 'a-secret-value' } }],
    ['fingerprints', { fingerprints }],
    ['neither', {}],
  ])('reads a line with %s', async (_name, line) => {
    expect(await readSecretsLine(Readable.from([Buffer.from(`${JSON.stringify(line)}\n`)]))).toEqual(line);
  });

  it('reads a line that comes in pieces, and no further', async () => {
    const bytes = Buffer.from('{"values":{"secret-0":"grün"}}\n{"values":');
    const pieces = [...bytes].map((byte) => Buffer.from([byte]));
    expect(await readSecretsLine(Readable.from(pieces))).toEqual({ values: { 'secret-0': 'grün' } });
  });

  it.each([
    ['no line end', '{"values":{"secret-0":"hush-hush"}}'],
    ['no JSON', '{"values":{"secret-0":"hush-hush"\n'],
    ['no object', '"hush-hush"\n'],
    ['an unknown key', '{"hush-hush":1}\n'],
    ['a value that is no string', '{"values":{"secret-0":["hush-hush"]}}\n'],
    ['an empty value', '{"values":{"secret-0":""}}\n'],
    ['an id that is none', '{"values":{"hush-hush":"a"}}\n'],
    ['fingerprints that are no list', '{"fingerprints":{"hush-hush":1}}\n'],
    [
      'a fingerprint without a digest',
      `${JSON.stringify({ fingerprints: [{ ...fingerprint, digest: 'hush-hush' }] })}\n`,
    ],
    [
      'a window longer than the whole',
      `${JSON.stringify({ fingerprints: [{ ...fingerprint, window: 1000 }] })}\n`,
    ],
    ['more than eight megabytes', `"${'hush-hush'.repeat(1_000_000)}"\n`],
  ])('refuses %s, and quotes nothing of it', async (_name, text) => {
    const error: unknown = await readSecretsLine(Readable.from([Buffer.from(text)])).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).not.toContain('hush');
  });
});
