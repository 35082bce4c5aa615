import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BottleError } from '../../../src/errors.ts';
import { createSecretResolver } from '../../../src/host/resolve-secret.ts';
import type { SecretReference } from '../../../src/plans/secret-reference.ts';

describe('createSecretResolver', () => {
  let folder: string;
  const env = { TOKEN: 'from-env', EMPTY: '', LONG: 'x'.repeat(70_000), PATH: process.env.PATH };
  const resolve = createSecretResolver({ env });
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bottle-test-'));
    const files = {
      one: 'first\nsecond\n',
      windows: 'first\r\nsecond',
      bare: 'first',
      empty: '',
      blank: '\nsecond\n',
    };
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    await writeFile(join(folder, 'huge'), 'y'.repeat(200_000));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const file = (name: string) => (): SecretReference => ({ kind: 'file', path: join(folder, name) });
  const run = (script: string) => (): SecretReference => ({
    kind: 'command',
    argv: [process.execPath, '-e', script],
  });

  it.each<[string, () => SecretReference, string]>([
    ['a variable', () => ({ kind: 'env', name: 'TOKEN' }), 'from-env'],
    ['the first line of a file', file('one'), 'first'],
    ['the first line of a file with other line ends', file('windows'), 'first'],
    ['a file without a line end', file('bare'), 'first'],
    ['the first line of what a command prints', run('console.log("printed\\nmore")'), 'printed'],
    ["a command in the operator's environment", run('console.log(process.env.TOKEN + "!")'), 'from-env!'],
  ])('reads %s', async (_what, reference, value) => {
    expect(await resolve(reference())).toBe(value);
  });

  it.each<[string, () => SecretReference, string]>([
    ['a variable that is not set', () => ({ kind: 'env', name: 'NO_SUCH' }), 'variable NO_SUCH is not set'],
    ['an inherited property', () => ({ kind: 'env', name: 'EMPTY' }), 'EMPTY is empty'],
    ['a variable that is too long', () => ({ kind: 'env', name: 'LONG' }), 'LONG has more than'],
    ['a file that is not there', file('absent'), 'absent is not there'],
    ['an empty file', file('empty'), 'empty is empty'],
    ['a file whose first line is empty', file('blank'), 'blank is empty'],
    ['a file that is too long', file('huge'), 'has more than'],
    ['a folder', file('.'), 'is not a file'],
    ['a device', () => ({ kind: 'file', path: '/dev/zero' }), 'is not a file'],
    [
      'a command that is not there',
      () => ({ kind: 'command', argv: ['/no/such'] }),
      'cannot be run (ENOENT)',
    ],
    ['a command that fails', run('console.log("printed"); process.exit(4)'), 'ended with status 4'],
    ['a command that prints nothing', run(''), 'is empty'],
    ['a command that prints too much', run('console.log("z".repeat(200000))'), 'printed more than'],
  ])('refuses %s, and names it', async (_what, reference, words) => {
    await expect(resolve(reference())).rejects.toMatchObject({
      code: 'secret-missing',
      message: expect.stringContaining(words),
    });
  });

  it.each<[string, () => SecretReference]>([
    ['value of a variable', () => ({ kind: 'env', name: 'LONG' })],
    ['content of a file', file('huge')],
    ['output of a command', run('console.log("LEAK"); console.error("LEAK"); process.exit(1)')],
    ['argument of a command', () => ({ kind: 'command', argv: ['/no/such', '--token=LEAK'] })],
  ])('has no %s in its error', async (_what, reference) => {
    const error = await resolve(reference()).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(BottleError);
    expect(JSON.stringify([String(error), error, error instanceof Error ? error.cause : null])).not.toMatch(
      /LEAK|xxxx|yyyy/,
    );
  });

  it('ends a command when the signal aborts', async () => {
    const controller = new AbortController();
    const patient = createSecretResolver({ env, signal: controller.signal });
    const running = patient(run('setInterval(() => {}, 1000)')());
    controller.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
  });
});
