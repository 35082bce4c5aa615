import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { git } from './git.ts';
import { passCgi } from './git-http-backend.ts';
import { createTestAuthority } from './test-certificates.ts';

/** A real bare repository that stands for what is at a forge. */
export interface UpstreamRepository {
  readonly directory: string;
  /** What the server was asked for since it started, a line each: the service of each connection. */
  readonly contacts: () => readonly string[];
  /** Makes upstream refuse every push with these words. */
  refusePushes(words: string): void;
  acceptPushes(): void;
}

export interface SshUpstream extends UpstreamRepository {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** PEM of the key that may log in. */
  readonly privateKey: string;
  /** A line for a known_hosts file. */
  readonly knownHost: string;
  readonly url: string;
  /** From now on the server shows another key. */
  changeHostKey(): Promise<void>;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface HttpUpstream extends UpstreamRepository {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly url: string;
  readonly username: string;
  readonly token: string;
  /** PEM of the authority that signed its certificate. */
  readonly caPem: string;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Makes an empty bare repository, `main` its branch, which writes down each hook it runs. */
export function createUpstreamRepository(folder: string, name = 'r.git'): UpstreamRepository {
  const directory = join(folder, name);
  const contactsFile = join(folder, 'contacts');
  writeFileSync(contactsFile, '');
  git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', name);
  git(directory, 'config', 'http.receivepack', 'true');
  git(directory, 'config', 'uploadpack.allowFilter', 'true');
  const hook = join(directory, 'hooks/pre-receive');
  return {
    directory,
    contacts: () =>
      readFileSync(contactsFile, 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
    refusePushes(words) {
      writeFileSync(hook, `#!/bin/sh\ncat >&2 <<'WORDS'\n${words}\nWORDS\nexit 1\n`);
      chmodSync(hook, 0o755);
    },
    acceptPushes: () => rmSync(hook, { force: true }),
  };
}

/** Debian's sshd on a high port of an address of this machine, with configuration and keys of its own; every command it runs is written down. */
export async function startSshUpstream(address = '127.0.0.1'): Promise<SshUpstream> {
  if (!existsSync('/usr/sbin/sshd')) throw new Error('there is no sshd: install openssh-server');
  const folder = mkdtempSync(join(tmpdir(), 'bottle-sshd-'));
  chmodSync(folder, 0o755);
  const repository = createUpstreamRepository(folder);
  const makeKey = (name: string): void => {
    rmSync(join(folder, name), { force: true });
    runKeygen(join(folder, name));
  };
  makeKey('host-key');
  makeKey('client-key');
  const forced = join(folder, 'serve');
  writeFileSync(
    forced,
    `#!/bin/sh\necho "$SSH_ORIGINAL_COMMAND" >>'${join(folder, 'contacts')}'\nexec /usr/bin/git shell -c "$SSH_ORIGINAL_COMMAND"\n`,
  );
  chmodSync(forced, 0o755);
  writeFileSync(
    join(folder, 'authorized'),
    `restrict,command="${forced}" ${readFileSync(join(folder, 'client-key.pub'), 'utf8')}`,
  );
  const port = await findFreePort(address);
  writeFileSync(
    join(folder, 'sshd_config'),
    [
      `Port ${port}`,
      `ListenAddress ${address}`,
      `HostKey ${join(folder, 'host-key')}`,
      `AuthorizedKeysFile ${join(folder, 'authorized')}`,
      'PidFile none',
      'StrictModes no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'UsePAM no',
      'PermitRootLogin prohibit-password',
      'AcceptEnv GIT_PROTOCOL',
      'MaxStartups 100',
      '',
    ].join('\n'),
  );
  // sshd gives up its rights in a folder that must be there.
  mkdirSync('/run/sshd', { recursive: true });
  const start = async () => {
    const server = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(folder, 'sshd_config')], {
      stdio: 'ignore',
    });
    await waitForPort(address, port);
    return server;
  };
  let server = await start();
  const stop = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    await ended;
  };
  const knownHost = (): string => {
    const [type = '', key = ''] = readFileSync(join(folder, 'host-key.pub'), 'utf8').split(' ');
    return `[${address}]:${port} ${type} ${key}`;
  };
  const user = process.env.USER ?? 'root';
  return {
    ...repository,
    host: address,
    port,
    user,
    privateKey: readFileSync(join(folder, 'client-key'), 'utf8'),
    knownHost: knownHost(),
    url: `ssh://${user}@${address}:${port}${repository.directory}`,
    async changeHostKey() {
      await stop();
      makeKey('host-key');
      server = await start();
    },
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** `git http-backend` behind a server with a certificate of its own authority; a token is asked for. */
export async function startHttpUpstream(address = '127.0.0.1'): Promise<HttpUpstream> {
  const folder = mkdtempSync(join(tmpdir(), 'bottle-git-http-'));
  const repository = createUpstreamRepository(folder);
  const authority = createTestAuthority();
  const [username, token] = ['x-access-token', `token-${randomBytes(12).toString('hex')}`];
  const wanted = `Basic ${Buffer.from(`${username}:${token}`).toString('base64')}`;
  const server = createServer(authority.issue([address]), (request, response) => {
    if (request.headers.authorization !== wanted) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    appendFileSync(join(folder, 'contacts'), `${request.method} ${request.url}\n`);
    passCgi(folder, request, response);
  });
  server.listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return {
    ...repository,
    host: address,
    port,
    path: '/r.git',
    url: `https://${address}:${port}/r.git`,
    username,
    token,
    caPem: authority.caPem,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function runKeygen(path: string): void {
  const { status, stderr } = spawnSync('ssh-keygen', [
    '-q',
    '-t',
    'ed25519',
    '-N',
    '',
    '-C',
    'test',
    '-f',
    path,
  ]);
  if (status !== 0) throw new Error(`ssh-keygen: ${stderr}`);
}

async function findFreePort(address: string): Promise<number> {
  const server = createTcpServer().listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function waitForPort(address: string, port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, address);
    const reached = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (reached) return;
    await delay(10);
  }
}
