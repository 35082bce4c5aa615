import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Docker from 'dockerode';
import type { ModelNetwork } from '../test/support/model-network.ts';
import { runProbe } from '../test/support/probe.ts';
import { findContainer } from '../test/support/sealed-bottle.ts';
import type { Narration } from './narration.ts';
import type { Session } from './session.ts';

/** What every act of the demo has at hand. */
export interface Stage {
  readonly name: string;
  readonly model: ModelNetwork;
  readonly narration: Narration;
  readonly session: Session;
  /** A password of the operator's that lies in the workspace, where an agent can read it. */
  readonly password: string;
}

/** The policy, as the operator wrote it. */
export async function showManifest({ name, model, narration }: Stage): Promise<void> {
  narration.heading('The manifest: what this bottle may do');
  const path = join(model.home.folder, 'config', 'bottle', 'bottles', `${name}.yaml`);
  narration.say('One host, two methods, one credential that is added on the way out; all else is shut.');
  narration.say('(egress.network, allowPrivate and extraCa are there for the stand-in of the model API.)');
  narration.quote(await readFile(path, 'utf8'));
}

/** All that `up` will do, before anything is made. */
export async function showPlan({ name, model, narration, session }: Stage): Promise<void> {
  narration.heading('The plan: everything that "bottle up" will do');
  const plan = await session.show('plan', name);
  narration.claim('the plan is made', plan.status === 0);
  narration.claim('it names the credential and does not hold it', !plan.output.includes(model.apiKey));
}

/** A real Claude Code works in the bottle. */
export async function showAgent({ name, model, narration, session }: Stage): Promise<void> {
  narration.heading('A real agent at work: Claude Code, with a stand-in for the model API');
  const up = await session.show('up', name, '--detach', '--', 'sleep', 'infinity');
  narration.claim('the bottle is up', up.status === 0);
  const prompt =
    'Run `echo "written by the agent" | tee made-by-agent.txt && id -un && pwd` and tell me what it printed.';
  const flags = ['-p', prompt, '--dangerously-skip-permissions'];
  const work = await session.show('exec', name, '--', 'claude', ...flags);
  const made = await readFile(join(model.home.workspace, 'made-by-agent.txt'), 'utf8').catch(() => '');
  const requests = await model.requests();
  narration.claim('the agent finished', work.status === 0 && work.output.includes('The command printed:'));
  narration.claim('its command ran in the workspace of the guest', made === 'written by the agent\n');
  narration.claim(
    `each of its ${String(requests.length)} requests reached the model API with the real credential`,
    requests.length > 0 && requests.every(({ credential }) => credential === 'real'),
  );
}

/** A host that no route names. */
export async function showUnlistedHost({ name, narration, session }: Stage): Promise<void> {
  narration.heading('A host that is not in the manifest');
  const curl = ['curl', '-sS', '-i', '--max-time', '5'];
  const refused = await session.show('exec', name, '--', ...curl, 'https://registry.example/package');
  narration.claim(
    'it is refused, and the agent is told so',
    /403.*x-bottle-block: allowlist/is.test(refused.output),
  );
  const direct = await session.show('exec', name, '--', ...curl, '--noproxy', '*', 'https://1.1.1.1/');
  narration.claim(
    'the way round the proxy does not exist',
    direct.status !== 0 && !direct.output.includes('HTTP/'),
  );
  narration.say('What the operator finds of it in "bottle logs":');
  const log = await session.run(['logs', name, '--daemon', 'pipelock']);
  const attempts = log.output.split('\n').filter((line) => line.includes('registry.example'));
  narration.quote(attempts.join('\n'));
  narration.claim('the attempt is in the log', attempts.length > 0);
}

/** A known secret in a request to a host that the manifest allows. */
export async function showPlantedSecret({ name, model, narration, session, password }: Stage): Promise<void> {
  narration.heading('A secret on its way out, to a host that is allowed');
  narration.say(
    'The workspace holds a .env with a database password, which the manifest names as a known secret.',
  );
  await writeFile(join(model.home.workspace, '.env'), `DATABASE_PASSWORD=${password}\n`);
  await writeFile(join(model.home.workspace, 'harmless.txt'), 'the weather is fine\n');
  const before = (await model.requests()).length;
  const post = [
    'curl',
    '-sS',
    '-i',
    '--max-time',
    '5',
    'https://api.anthropic.com/v1/files',
    '--data-binary',
  ];
  const refused = await session.show('exec', name, '--', ...post, '@.env');
  narration.claim(
    'it is refused, and the agent is told why',
    /403.*x-bottle-block: dlp/is.test(refused.output),
  );
  narration.claim('the answer does not repeat it', !refused.output.includes(password));
  narration.claim('nothing of it reached the model API', (await model.requests()).length === before);
  const passed = await session.show('exec', name, '--', ...post, '@harmless.txt');
  narration.claim(
    'the same request without the secret does reach it',
    !/x-bottle-block/i.test(passed.output) && (await model.requests()).length === before + 1,
  );
}

/** The credential is in nothing that the guest, or the engine, has. */
export async function showNoCredential({ name, model, narration, session }: Stage): Promise<void> {
  narration.heading('The credential is not in the guest');
  const decoy = `decoy-${randomBytes(12).toString('hex')}`;
  narration.say(
    'A search of every process and every readable file of the guest, as root. So that it can be believed,',
  );
  narration.say('a decoy lies in a file: the search has to find that.');
  await writeFile(join(model.home.workspace, 'decoy.txt'), decoy);
  const found = await runProbe<{
    hits: { needle: number; where: string }[];
    files: number;
    processes: number;
  }>(
    async (argv, stdin) => {
      const { status, output } = await session.run(['exec', '--root', name, '--', ...argv], stdin);
      return { status: status ?? -1, stdout: output, stderr: '' };
    },
    'search',
    { needles: [decoy, model.apiKey, Buffer.from(model.apiKey).toString('base64')] },
  );
  narration.quote(`${String(found.files)} files and ${String(found.processes)} processes searched`);
  narration.claim(
    'the search finds the decoy',
    found.hits.some(({ needle }) => needle === 0),
  );
  narration.claim(
    'it does not find the credential',
    found.hits.every(({ needle }) => needle === 0),
  );
  const environment = await session.show('exec', name, '--', 'sh', '-c', 'env | grep ANTHROPIC');
  narration.claim('what the environment holds is a placeholder', !environment.output.includes(model.apiKey));
  const inspected = await Promise.all(
    (['guest', 'bundle'] as const).map(async (role) => (await findContainer(name, role)).inspect()),
  );
  const telling = JSON.stringify(inspected);
  narration.claim(
    '"docker inspect" of guest and bundle does not show it',
    telling.includes('ANTHROPIC_API_KEY') && !telling.includes(model.apiKey),
  );
}

/** After `down` nothing is left. */
export async function showDown({ name, narration, session }: Stage): Promise<void> {
  narration.heading('Down: nothing is left');
  const before = await countResources(name);
  const down = await session.show('down', name);
  narration.claim('it is taken down', down.status === 0);
  const after = await countResources(name);
  narration.claim(
    `of ${String(before)} containers, networks and volumes none is left`,
    before > 0 && after === 0,
  );
  await session.show('ls');
}

async function countResources(name: string): Promise<number> {
  const engine = new Docker();
  const filters = { label: [`dev.bottle.name=${name}`] };
  const [containers, networks, volumes] = await Promise.all([
    engine.listContainers({ all: true, filters }),
    engine.listNetworks({ filters }),
    engine.listVolumes({ filters }),
  ]);
  return containers.length + networks.length + (volumes.Volumes ?? []).length;
}
