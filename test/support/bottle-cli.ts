import { spawn } from 'node:child_process';
import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';

/** How one run of the real command ended. */
export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Homes of one test's own for configuration and state, and a workspace that the guest's user owns. */
export interface BottleHome extends AsyncDisposable {
  readonly folder: string;
  readonly workspace: string;
  /** All that a run of the command sees: a bare environment, and what the test adds. */
  readonly env: Record<string, string>;
  /** Writes `<name>.yaml`, and returns its path. */
  writeManifest(name: string, manifest: object): Promise<string>;
  /** Runs the real `bottle` with `stdin` as its whole input, and `env` instead of its own. */
  run(args: readonly string[], options?: RunOptions): Promise<CliResult>;
}

const entry = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

/** Makes the homes below the system's folder for temporary files, and removes them when disposed. */
export async function createBottleHome(env: Readonly<Record<string, string>> = {}): Promise<BottleHome> {
  const folder = await mkdtemp(join(tmpdir(), 'bottle-test-'));
  const workspace = join(folder, 'workspace');
  const manifests = join(folder, 'config', 'bottle', 'bottles');
  await mkdir(workspace);
  await mkdir(manifests, { recursive: true });
  // A bottle's user is not root; a workspace that root owns would be of no use to it.
  if (process.getuid?.() === 0) await chown(workspace, 1000, 1000);
  const own: Record<string, string> = {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    HOME: folder,
    XDG_CONFIG_HOME: join(folder, 'config'),
    XDG_STATE_HOME: join(folder, 'state'),
    XDG_DATA_HOME: join(folder, 'data'),
    XDG_CACHE_HOME: join(folder, 'cache'),
    ...(process.env.DOCKER_HOST === undefined ? {} : { DOCKER_HOST: process.env.DOCKER_HOST }),
    ...env,
  };
  return {
    folder,
    workspace,
    env: own,
    async writeManifest(name, manifest) {
      const path = join(manifests, `${name}.yaml`);
      await writeFile(path, stringify(manifest));
      return path;
    },
    run: (args, options) => runEntry(args, options?.env ?? own, folder, options?.stdin ?? ''),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

async function runEntry(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
  stdin: string,
): Promise<CliResult> {
  const child = spawn(process.execPath, [entry, ...args], { env, cwd, stdio: 'pipe' });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  // A command that ends without reading its input closes the pipe; its status tells the story.
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code));
  });
  return {
    status,
    stdout: Buffer.concat(stdout).toString('utf8'),
    stderr: Buffer.concat(stderr).toString('utf8'),
  };
}
