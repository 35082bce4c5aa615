import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BottleError } from '../../../src/errors.ts';
import { createSecretResolver } from '../../../src/host/resolve-secret.ts';

/** Real keys, made by ssh-keygen, as `identity` of a remote names them. */
describe('a key file', () => {
  let folder: string;
  const resolve = createSecretResolver({ env: {} });
  const path = (name: string): string => join(folder, name);
  const keygen = (name: string, ...options: readonly string[]): void => {
    execFileSync('ssh-keygen', ['-q', '-f', path(name), '-C', 'comment', ...options]);
  };
  const read = (name: string): Promise<string> => resolve({ kind: 'key-file', path: path(name) });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bottle-test-'));
    keygen('ed25519', '-t', 'ed25519', '-N', '');
    keygen('ecdsa', '-t', 'ecdsa', '-N', '');
    keygen('pem', '-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', '');
    keygen('pkcs8', '-t', 'ecdsa', '-m', 'PKCS8', '-N', '');
    keygen('locked', '-t', 'ed25519', '-N', 'hunter2hunter2');
    keygen('locked-pem', '-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', 'hunter2hunter2');
    keygen('locked-pkcs8', '-t', 'ecdsa', '-m', 'PKCS8', '-N', 'hunter2hunter2');
    await write('windows', (await readFile(path('ed25519'), 'utf8')).replaceAll('\n', '\r\n'));
    await write('half', (await readFile(path('ed25519'), 'utf8')).slice(0, 200));
    await write('certificate', '-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n');
    await write('putty', 'PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n');
    await write('empty', '');
    await chmod(path('ed25519.pub'), 0o600);
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function write(name: string, content: string): Promise<void> {
    await writeFile(path(name), content, { mode: 0o600 });
  }

  it.each(['ed25519', 'ecdsa', 'pem', 'pkcs8'])('is read whole: %s', async (name) => {
    expect(`${await read(name)}\n`).toBe(await readFile(path(name), 'utf8'));
  });

  it('is read with other line ends', async () => {
    expect(await read('windows')).toBe(await read('ed25519'));
  });

  it.each([
    ['locked', 'has a passphrase'],
    ['locked-pem', 'has a passphrase'],
    ['locked-pkcs8', 'has a passphrase'],
    ['ed25519.pub', 'is the public key'],
    ['half', 'is no private key that ssh reads'],
    ['certificate', 'is no private key that ssh reads'],
    ['empty', 'is no private key that ssh reads'],
    ['putty', 'is a PuTTY key'],
    ['absent', 'is not there'],
    ['.', 'is not a file'],
  ])('is refused: %s', async (name, words) => {
    const error = await read(name).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'secret-missing', message: expect.stringContaining(words) });
    expect((error as BottleError).message).toContain(path(name));
    expect(JSON.stringify(error)).not.toMatch(/BEGIN|b3BlbnNz/);
  });

  it.each([0o640, 0o604, 0o620])('is refused when others have a right to it: %o', async (mode) => {
    await chmod(path('ecdsa'), mode);
    await expect(read('ecdsa')).rejects.toMatchObject({
      code: 'secret-missing',
      message: expect.stringContaining('can be read by other users'),
      hint: expect.stringContaining('chmod 600'),
    });
    await chmod(path('ecdsa'), 0o400);
    expect(await read('ecdsa')).toContain('PRIVATE KEY');
  });
});
