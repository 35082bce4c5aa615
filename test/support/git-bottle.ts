import { spawnSync } from 'node:child_process';
import { appendFile, chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { git, gitEnvironment } from './git.ts';
import { type HttpUpstream, type SshUpstream, startHttpUpstream, startSshUpstream } from './git-upstreams.ts';
import type { Place } from './probe.ts';
import type { Surroundings } from './sealed-bottle.ts';
import type { ContainerOutput } from './test-network.ts';

/** The two upstreams of a bottle's remotes, on the test network's own address of this machine. */
export interface GitUpstreams extends AsyncDisposable {
  readonly ssh: SshUpstream;
  readonly http: HttpUpstream;
  /** What the manifest says under `git.remotes`: `origin` by ssh, `mirror` by https. */
  readonly remotes: { readonly origin: object; readonly mirror: object };
}

/** Starts both, each with one commit on `main`, and leaves key and authority where the manifest's paths lead. */
export async function startGitUpstreams({ network, home, extraCa }: Surroundings): Promise<GitUpstreams> {
  await using stack = new AsyncDisposableStack();
  const ssh = stack.use(await startSshUpstream(network.gateway));
  const http = stack.use(await startHttpUpstream(network.gateway));
  const identity = join(home.folder, 'deploy-key');
  await writeFile(identity, ssh.privateKey);
  await chmod(identity, 0o600);
  await appendFile(extraCa, http.caPem);
  home.env.GIT_TOKEN = http.token;
  for (const { directory } of [ssh, http]) addCommit(directory, 'readme.md', 'hello\n', 'first');
  const owned = stack.move();
  return {
    ssh,
    http,
    remotes: {
      origin: { url: ssh.url, identity, knownHost: ssh.knownHost, push: ['agent/*'] },
      mirror: { url: http.url, token: { env: 'GIT_TOKEN' }, push: ['agent/*'] },
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Puts a commit onto `main` of a bare repository, as somebody else would from elsewhere; returns its id. */
export function addCommit(directory: string, file: string, content: string, message: string): string {
  const stream = [
    'commit refs/heads/main',
    'committer somebody <somebody@localhost> 1700000000 +0000',
    `data ${Buffer.byteLength(message)}`,
    message,
    ...(refOf(directory, 'refs/heads/main') === null ? [] : ['from refs/heads/main^0']),
    `M 100644 inline ${file}`,
    `data ${Buffer.byteLength(content)}`,
    content,
    '',
  ].join('\n');
  const { status, stderr } = spawnSync('git', ['fast-import', '--quiet'], {
    cwd: directory,
    env: gitEnvironment,
    input: stream,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`git fast-import: ${stderr}`);
  return refOf(directory, 'refs/heads/main') ?? '';
}

/** What a ref of a bare repository points at, or null where there is none of that name. */
export function refOf(directory: string, ref: string): string | null {
  const found = git(directory, 'for-each-ref', '--format=%(objectname)', ref);
  return found === '' ? null : found;
}

/** Runs a shell script in a place and gives how it went, both outputs in one text. */
export async function runScript(place: Place, script: string): Promise<ContainerOutput & { said: string }> {
  const output = await place(['sh', '-e'], script);
  return { ...output, said: `${output.stdout}${output.stderr}` };
}
