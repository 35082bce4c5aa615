import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BottleError } from '../../errors.ts';
import type { Environment } from '../../host/folders.ts';

/**
 * Opens a text in the operator's editor, which gets the terminal, and waits for its end. The file is in a folder that only
 * its owner may enter, and is removed again. The editor is ended when the signal aborts.
 * @throws BottleError `usage-invalid` when the editor cannot be started or fails
 */
export async function runEditor(text: string, env: Environment, signal: AbortSignal): Promise<string> {
  // As git and kubectl do, but without a shell: words that blanks divide.
  const [program = 'vi', ...words] = (env.VISUAL || env.EDITOR || 'vi').trim().split(/\s+/);
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'bottle-edit-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'proposal.yaml');
  await writeFile(file, text, { mode: 0o600 });
  const editor = spawn(program, [...words, file], { env: { ...env }, stdio: 'inherit', signal });
  const { promise, resolve, reject } = Promise.withResolvers<string | null>();
  editor.once('error', reject);
  editor.once('exit', (status, signal) =>
    resolve(status === 0 ? null : signal === null ? `status ${status}` : `signal ${signal}`),
  );
  const failure = await promise.catch((error: NodeJS.ErrnoException) => error.code ?? error.message);
  if (failure !== null) {
    throw new BottleError('usage-invalid', `The editor "${program}" failed: ${failure}.`, {
      hint: 'Set VISUAL or EDITOR to the editor you want.',
    });
  }
  return await readFile(file, 'utf8');
}
