import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BottleHome, createBottleHome } from '../support/bottle-cli.ts';
import { builtImages } from '../support/built-images.ts';
import { type HermeticEngine, startHermeticEngine, whyNoHermeticEngine } from '../support/hermetic-engine.ts';
import type { ResolverEvent } from '../support/logging-resolver.ts';
import { type Place, runProbe } from '../support/probe.ts';
import { upBottle } from '../support/sealed-bottle.ts';

interface Names {
  readonly lookups: readonly { readonly code: string; readonly address: string }[];
  readonly queries: readonly {
    readonly outcome: string;
    readonly rcode?: number;
    readonly answers?: number;
  }[];
}

const reason = whyNoHermeticEngine();
const name = 'resolver';
/** Every name of this run ends in it. */
const zone = `z${randomBytes(6).toString('hex')}.example`;
const engineResolver = '127.0.0.11';

describe('names that a guest asks for, where the host itself resolves through loopback', () => {
  const stack = new AsyncDisposableStack();
  let engine: HermeticEngine;
  let home: BottleHome;
  let bundleAddress: string;
  let guest: Place;
  /** A container on an internal network as Docker makes it: what the guest would be without its seal. */
  let internal: Place;

  beforeEach((context) => context.skip(reason !== null, reason ?? ''));
  beforeAll(async () => {
    if (reason !== null) return;
    engine = stack.use(await startHermeticEngine());
    home = stack.use(await createBottleHome({ DOCKER_HOST: engine.host }));
    await engine.copyImages([builtImages.bundle, builtImages.agents.shell]);
    await home.writeManifest(name, {
      agent: { command: ['sleep', 'infinity'] },
      workspace: { source: home.workspace, mode: 'bind' },
      egress: { routes: [{ host: `allowed.${zone}` }] },
    });
    await upBottle(home, name, stack);
    bundleAddress = await engine.findBundleAddress(name);
    guest = async (argv, stdin) => {
      const result = await home.run(['exec', name, '--', ...argv], { stdin });
      return { ...result, status: result.status ?? -1 };
    };
    await engine.docker.createNetwork({ Name: 'internal', Internal: true });
    internal = engine.placeOn('internal', builtImages.agents.shell);
  });
  afterAll(() => stack.disposeAsync());

  const seenOf = (label: string): readonly ResolverEvent[] =>
    engine.queries().filter((query) => query.name?.includes(label) === true);

  /** A name, as programs ask for it, and questions straight to servers; `label` marks all of them. */
  const toAttempt = (label: string, servers: readonly string[]) => ({
    lookups: [`${label}-lookup.${zone}`],
    queries: servers.flatMap((server) =>
      (['udp', 'tcp'] as const).flatMap((protocol) =>
        (['A', 'TXT'] as const).map((type) => ({
          server,
          protocol,
          type,
          name: `${label}-${protocol}-${type.toLowerCase()}.${zone}`,
        })),
      ),
    ),
  });

  it("leave an ordinary internal network, by the engine's resolver and straight through the gateway", async () => {
    const attempt = toAttempt('control', [engineResolver, engine.outsideResolver]);
    const { lookups, queries } = await runProbe<Names>(internal, 'dns', attempt);
    expect(lookups.map(({ address }) => address)).toEqual(['192.0.2.7']);
    expect(queries.map(({ outcome, answers }) => [outcome, answers])).toEqual(
      queries.map(() => ['answered', 1]),
    );
    const seen = new Set(seenOf('control').map(({ name, server }) => `${name} at ${server}`));
    for (const { name, server } of attempt.queries) {
      expect(seen).toContain(`${name} at ${server === engineResolver ? '127.0.0.1' : server}`);
    }
  });

  it('never leave a bottle, and are on its log', async () => {
    const attempt = toAttempt('leak', [engineResolver, engine.outsideResolver, bundleAddress]);
    const { lookups, queries } = await runProbe<Names>(guest, 'dns', attempt);
    expect(lookups.map(({ address }) => address)).toEqual(['']);
    expect(queries.filter(({ answers }) => answers !== undefined && answers > 0)).toEqual([]);

    // Whatever the guest's questions set in motion would be there before an answer to a later question is.
    await runProbe<Names>(internal, 'dns', { lookups: [`after-leak.${zone}`] });
    expect(seenOf('after-leak').length).toBeGreaterThan(0);
    expect(seenOf('leak-')).toEqual([]);
    const { stdout } = await home.run(['logs', name, '--daemon', 'pipelock']);
    for (const asked of [`leak-lookup.${zone}`, `leak-udp-txt.${zone}`, `leak-tcp-a.${zone}`]) {
      expect(stdout).toContain(asked);
    }
  });

  it('are resolved by egress when the proxy was asked for a host of the manifest, and only then', async () => {
    const urls = [`https://allowed.${zone}/`, `https://refused.${zone}/`];
    const answers = await runProbe<readonly { code: string; headers: Record<string, string> }[]>(
      guest,
      'fetch',
      {
        requests: urls.map((url) => ({ url })),
      },
    );
    expect(answers).toHaveLength(2);
    expect(seenOf(`allowed.${zone}`).length).toBeGreaterThan(0);
    expect(seenOf(`refused.${zone}`)).toEqual([]);
  });
});
