import { Agent } from 'node:http';
import type Docker from 'dockerode';
import { type EngineEndpoint, findEndpoint } from './endpoint.ts';
import { toEngineError } from './engine-error.ts';

/** The container engine. Everything bottle asks of it goes through `call`. */
export interface Engine {
  /** Says where it answers, for people. */
  readonly address: string;
  /** Whether it answers on a socket of this host's file system. */
  readonly isLocalSocket: boolean;
  /**
   * Makes one request, or a few that belong together.
   * @param operation what is asked, such as `container create NAME`, for messages
   * @throws BottleError what the engine's refusal means; see {@link toEngineError}
   */
  call<T>(operation: string, request: (docker: Docker) => Promise<T>): Promise<T>;
}

/** Connects when first asked something: a command that needs no engine does not load its client either. */
export function openEngine(env: Readonly<Record<string, string | undefined>>): Engine {
  let client: Promise<Docker> | null = null;
  let endpoint: EngineEndpoint;
  try {
    endpoint = findEndpoint(env);
  } catch (error) {
    // An address that is no use is found out like an engine that does not answer.
    return { address: env.DOCKER_HOST ?? '', isLocalSocket: false, call: () => Promise.reject(error) };
  }
  const address = toAddress(endpoint);
  return {
    address,
    isLocalSocket: endpoint.kind === 'socket',
    async call(operation, request) {
      try {
        client ??= connect(endpoint);
        return await request(await client);
      } catch (error) {
        throw toEngineError(error, operation, address);
      }
    },
  };
}

async function connect(endpoint: EngineEndpoint): Promise<Docker> {
  const { default: Client } = await import('dockerode');
  const options = { keepAlive: true, maxSockets: Infinity };
  // Without a name, Node would work one out for TLS, also where there is none, with a pattern that takes 4 ms to compile.
  const plain = { ...options, servername: '' };
  if (endpoint.kind === 'socket') {
    return withAgent(new Client({ socketPath: endpoint.path, host: undefined }), new Agent(plain));
  }
  const { host, port, tls } = endpoint;
  if (tls === null) return withAgent(new Client({ host, port, protocol: 'http' }), new Agent(plain));
  // Loading TLS takes 13 ms, which an engine on a socket need not cost.
  const { Agent: TlsAgent } = await import('node:https');
  return withAgent(
    new Client({ host, port, protocol: 'https', ...tls }),
    new TlsAgent({ ...options, ...tls }),
  );
}

/** Kept-alive connections save the engine and us one accept per call. */
function withAgent(client: Docker, agent: Agent): Docker {
  // The client reads it at every call; its types do not know.
  return Object.assign(client, { modem: Object.assign(client.modem, { agent }) });
}

function toAddress(endpoint: EngineEndpoint): string {
  return endpoint.kind === 'socket' ? endpoint.path : `${endpoint.host}:${endpoint.port}`;
}
