import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { parseRefusalLine } from '../../../../src/sidecars/daemon/refusal-line.ts';
import { readSecretsAndRefusals } from '../../../../src/sidecars/daemon/secrets-line.ts';
import type { RefusalLine } from '../../../../src/sidecars/protocol.ts';

const refusal: RefusalLine = {
  daemon: 'pipelock',
  event: 'blocked',
  time: '2026-01-01T00:00:00.000Z',
  reason: 'domain not in allowlist: a.test',
  layer: 'allowlist',
  hint: 'Ask for it.',
  url: 'https://a.test/',
  method: 'GET',
};

describe('parseRefusalLine', () => {
  it('reads what init passes on', () => {
    expect(parseRefusalLine(JSON.stringify(refusal))).toEqual(refusal);
    const withSecret = { ...refusal, secret: 'DATABASE_URL', route: 'egress.routes[0]' };
    expect(parseRefusalLine(JSON.stringify(withSecret))).toEqual(withSecret);
  });

  it.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['null', 'null'],
    ['another event', JSON.stringify({ ...refusal, event: 'error' })],
    ['an unknown daemon', JSON.stringify({ ...refusal, daemon: 'init' })],
    ['no hint', JSON.stringify({ ...refusal, hint: undefined })],
    ['a reason that is no text', JSON.stringify({ ...refusal, reason: 1 })],
  ])('takes %s for none', (_name, text) => {
    expect(parseRefusalLine(text)).toBeNull();
  });

  it('keeps the bounded beginning of a text and nothing it does not know', () => {
    const read = parseRefusalLine(JSON.stringify({ ...refusal, url: 'u'.repeat(5000), method: 3, more: 1 }));
    expect(read).toEqual({ ...refusal, url: 'u'.repeat(1024), method: undefined });
    expect(Object.keys(read ?? {})).not.toContain('more');
  });
});

describe('readSecretsAndRefusals', () => {
  it('reads the secrets, then each refusal as it comes, however the bytes are cut', async () => {
    const stdin = new PassThrough();
    const heard: RefusalLine[] = [];
    const reading = readSecretsAndRefusals(stdin, (line) => heard.push(line));
    const text = `{"values":{}}\n${JSON.stringify(refusal)}\ngarbage\n${JSON.stringify({ ...refusal, daemon: 'egress' })}\n`;
    for (const byte of Buffer.from(text)) stdin.write(Buffer.from([byte]));
    expect(await reading).toEqual({ values: {} });
    await expect.poll(() => heard.map(({ daemon }) => daemon)).toEqual(['pipelock', 'egress']);
    stdin.write(`${JSON.stringify({ ...refusal, daemon: 'git-gate' })}\n`);
    await expect.poll(() => heard.at(-1)?.daemon).toBe('git-gate');
  });

  it('reads refusals that came in one piece with the secrets', async () => {
    const stdin = new PassThrough();
    const heard: RefusalLine[] = [];
    stdin.write(`{}\n${JSON.stringify(refusal)}\n${JSON.stringify(refusal)}\n`);
    await readSecretsAndRefusals(stdin, (line) => heard.push(line));
    await expect.poll(() => heard).toHaveLength(2);
  });

  it('passes over a line that is too long, and hears the next', async () => {
    const stdin = new PassThrough();
    const heard: RefusalLine[] = [];
    stdin.write('{}\n');
    await readSecretsAndRefusals(stdin, (line) => heard.push(line));
    stdin.write(`${JSON.stringify({ ...refusal, hint: 'h'.repeat(20_000) })}\n${JSON.stringify(refusal)}\n`);
    await expect.poll(() => heard).toEqual([refusal]);
  });

  it('has no secrets without a line', async () => {
    const stdin = new PassThrough();
    const reading = readSecretsAndRefusals(stdin, () => {});
    stdin.end('{}');
    await expect(reading).rejects.toThrow('ended before the secrets line');
  });
});
