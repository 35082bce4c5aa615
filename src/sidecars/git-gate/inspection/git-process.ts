import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { PushRepository } from './push.ts';

/** One running git; disposing of it ends it. */
export interface GitProcess extends Disposable {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Settles when it has ended; rejects, with git's first words, where its status is not 0. */
  readonly finished: Promise<void>;
}

const maxStderrBytes = 2048;

/** Above this git reads an object in pieces where it can, and does not keep it whole in memory. */
const bigFileThreshold = '8m';

/**
 * Starts git on the push's objects. SECURITY: what the pushed repository could redirect is off: replaced objects,
 * configuration files, missing objects fetched from somewhere. Nothing of this process's environment reaches git.
 */
export function startGit(
  repository: PushRepository,
  args: readonly string[],
  signal: AbortSignal,
): GitProcess {
  const [program, ...before] = repository.git;
  const child = spawn(program, [...before, '-c', `core.bigFileThreshold=${bigFileThreshold}`, ...args], {
    env: toEnvironment(repository),
    cwd: repository.directory,
    stdio: 'pipe',
    signal,
    killSignal: 'SIGKILL',
  });
  const finished = waitForEnd(child, args[0] ?? '');
  // Who waits for it hears of it; a process that was given up on may end as it likes.
  finished.catch(() => {});
  // A git that ended early closes its input; its status says why.
  child.stdin.on('error', () => {});
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    finished,
    [Symbol.dispose]: () => {
      child.kill('SIGKILL');
      child.stdout.destroy();
    },
  };
}

function waitForEnd(child: ChildProcess, command: string): Promise<void> {
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (words.length < maxStderrBytes) words += text.slice(0, maxStderrBytes);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => {
      if (status === 0) resolve();
      else reject(new Error(`git ${command} ended with ${signal ?? status}: ${words.split('\n')[0] ?? ''}`));
    });
  });
}

function toEnvironment(repository: PushRepository): NodeJS.ProcessEnv {
  return {
    GIT_DIR: repository.directory,
    // A push that only removes refs brings no objects, and git names no place for them.
    ...(repository.objectDirectory === ''
      ? {}
      : {
          GIT_OBJECT_DIRECTORY: repository.objectDirectory,
          GIT_ALTERNATE_OBJECT_DIRECTORIES: repository.alternateObjectDirectories,
        }),
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
  };
}
