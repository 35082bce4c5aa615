import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { BottleError } from '../../errors.ts';

/** Where the engine answers. */
export type EngineEndpoint =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls: EngineTls | null };

export interface EngineTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const defaultSocket = '/var/run/docker.sock';

/**
 * Finds the engine as Docker's own client does: `DOCKER_HOST`, then the context that `DOCKER_CONTEXT` or the client's
 * configuration names, then the usual sockets.
 * @throws BottleError `engine-unreachable` for an address that bottle cannot use
 */
export function findEndpoint(env: Environment): EngineEndpoint {
  const home = env.HOME ?? homedir();
  const given = env.DOCKER_HOST;
  if (given !== undefined && given !== '') return parseEndpoint(given, env, 'DOCKER_HOST');
  const folder = env.DOCKER_CONFIG ?? join(home, '.docker');
  const context = env.DOCKER_CONTEXT ?? readCurrentContext(folder);
  if (context !== undefined && context !== '' && context !== 'default') {
    return parseEndpoint(readContextHost(folder, context), env, `The Docker context "${context}"`);
  }
  const desktop = join(home, '.docker', 'run', 'docker.sock');
  return {
    kind: 'socket',
    path: !existsSync(defaultSocket) && existsSync(desktop) ? desktop : defaultSocket,
  };
}

function parseEndpoint(text: string, env: Environment, source: string): EngineEndpoint {
  const [scheme, rest] = text.includes('://') ? text.split('://', 2) : ['tcp', text];
  if (scheme === 'unix' || scheme === 'npipe') return { kind: 'socket', path: rest || defaultSocket };
  if (scheme !== 'tcp' && scheme !== 'http' && scheme !== 'https') {
    const message = `${source} names an engine over ${scheme}, which bottle does not support.`;
    throw new BottleError('engine-unreachable', message, { hint: 'Use a unix:// or tcp:// address.' });
  }
  const url = URL.parse(`http://${rest}`);
  if (url === null || url.hostname === '') {
    const message = `${source} holds "${text}", which is no address.`;
    throw new BottleError('engine-unreachable', message, {
      hint: 'Use an address such as tcp://localhost:2375.',
    });
  }
  const secure = scheme === 'https' || (env.DOCKER_TLS_VERIFY ?? '') !== '' || url.port === '2376';
  const port = url.port === '' ? (secure ? 2376 : 2375) : Number(url.port);
  return { kind: 'tcp', host: url.hostname, port, tls: secure ? readTls(env) : null };
}

function readTls(env: Environment): EngineTls {
  const folder = env.DOCKER_CERT_PATH ?? join(env.HOME ?? homedir(), '.docker');
  try {
    const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
    return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
  } catch (error) {
    const message = `The engine wants TLS, and ${folder} does not hold ca.pem, cert.pem and key.pem.`;
    throw new BottleError('engine-unreachable', message, {
      hint: 'Set DOCKER_CERT_PATH to the folder that does.',
      cause: error,
    });
  }
}

function readCurrentContext(folder: string): string | undefined {
  const value = readJson(join(folder, 'config.json'));
  const context = value?.currentContext;
  return typeof context === 'string' ? context : undefined;
}

function readContextHost(folder: string, context: string): string {
  // Loaded only here: it takes some 5 ms of each start.
  const id = process.getBuiltinModule('node:crypto').createHash('sha256').update(context).digest('hex');
  const endpoints = readJson(join(folder, 'contexts', 'meta', id, 'meta.json'))?.Endpoints;
  const docker = isRecord(endpoints) ? endpoints.docker : undefined;
  const host = isRecord(docker) ? docker.Host : undefined;
  if (typeof host === 'string') return host;
  const message = `The Docker context "${context}" is not there.`;
  throw new BottleError('engine-unreachable', message, {
    hint: 'Choose one that "docker context ls" shows.',
  });
}

function readJson(path: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isRecord(value) ? value : undefined;
  } catch {
    // The client itself works without its configuration; what matters of it is an address only.
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
