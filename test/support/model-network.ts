import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BottleHome, createBottleHome } from './bottle-cli.ts';
import type { ModelApiEvent } from './model-api.ts';
import type { Surroundings } from './sealed-bottle.ts';
import { createTestAuthority } from './test-certificates.ts';
import { createTestNetwork, type TestNetwork } from './test-network.ts';

/** A network with the stand-in of the model API in it, and a manifest for an agent that uses it. */
export interface ModelNetwork extends AsyncDisposable {
  readonly home: BottleHome;
  readonly network: TestNetwork;
  /** The operator's credential for the model API. */
  readonly apiKey: string;
  /** What the stand-in was asked so far. */
  requests(): Promise<readonly ModelApiEvent[]>;
}

/** `env` is what the operator's shell has beside the credential; `extra` replaces keys of the manifest. */
export async function createModelNetwork(
  name: string,
  env: Readonly<Record<string, string>> = {},
  extra: object | ((surroundings: Surroundings) => Promise<object>) = {},
): Promise<ModelNetwork> {
  await using stack = new AsyncDisposableStack();
  const apiKey = `real-key-${randomBytes(16).toString('hex')}`;
  const network = stack.use(await createTestNetwork());
  const home = stack.use(await createBottleHome({ ...env, ANTHROPIC_API_KEY: apiKey }));
  const authority = createTestAuthority();
  const extraCa = join(home.folder, 'test-ca.pem');
  await writeFile(extraCa, authority.caPem);
  const { key, cert } = authority.issue(['api.anthropic.com']);
  const api = await network.start({
    script: 'model-api.ts',
    aliases: ['api.anthropic.com'],
    env: { TLS_KEY: key, TLS_CERT: cert, MODEL_API_KEY: apiKey },
  });
  const replaced = typeof extra === 'function' ? await extra({ network, home, extraCa, authority }) : extra;
  await home.writeManifest(name, {
    agent: 'claude',
    workspace: { source: home.workspace, mode: 'bind' },
    egress: {
      network: network.name,
      allowPrivate: [network.cidr],
      extraCa: [extraCa],
      routes: [
        {
          host: 'api.anthropic.com',
          methods: ['GET', 'POST'],
          paths: ['/v1/**'],
          auth: { kind: 'header', name: 'x-api-key', secret: { env: 'ANTHROPIC_API_KEY' } },
        },
      ],
    },
    ...replaced,
  });
  const owned = stack.move();
  return {
    home,
    network,
    apiKey,
    requests: async () => (await api.events<ModelApiEvent>()).filter(({ event }) => event === 'request'),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
