import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CliResult } from '../support/bottle-cli.ts';
import { whyNoEngine } from '../support/engine.ts';
import { createModelNetwork, type ModelNetwork } from '../support/model-network.ts';
import { type Place, runProbe } from '../support/probe.ts';
import { findContainer } from '../support/sealed-bottle.ts';
import { untilFile } from '../support/until-file.ts';

interface Findings {
  readonly hits: readonly { readonly needle: number; readonly where: string }[];
  readonly files: number;
  readonly processes: number;
}

const name = `agent-x${randomBytes(3).toString('hex')}`;
const claude = ['claude', '-p'];
const freely = '--dangerously-skip-permissions';

/** The text of every file below a folder, by its path. */
async function readTree(folder: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(files.map(async (path) => [path, await readFile(path, 'latin1')] as const)),
  );
}

const reason = await whyNoEngine();

describe('a real coding agent in a bottle', () => {
  beforeEach(({ skip }) => skip(reason !== null, reason ?? ''));

  const stack = new AsyncDisposableStack();
  /** Stands where a credential might: what finds it would find the credential too. */
  const decoy = `decoy-${randomBytes(16).toString('hex')}`;
  let model: ModelNetwork;
  let session: Promise<CliResult>;

  /** In the guest while the agent works there. */
  const toPlace =
    (...flags: readonly string[]): Place =>
    async (argv, stdin) => {
      const result = await model.home.run(['exec', ...flags, name, '--', ...argv], { stdin });
      return { ...result, status: result.status ?? -1 };
    };

  const needles = (): readonly string[] => [
    decoy,
    model.apiKey,
    Buffer.from(model.apiKey).toString('base64'),
    Buffer.from(model.apiKey).toString('hex'),
  ];

  beforeAll(async () => {
    if (reason !== null) return;
    model = stack.use(await createModelNetwork(name, {}, { env: { DECOY: decoy } }));
    // The agent's command waits until the searches below are over: they are made while it works.
    const command = `echo "$DECOY" | tee "$HOME/decoy" && id -u > made-by-agent.txt && until [ -e go ]; do sleep 0.05; done`;
    const prompt = `Run \`${command}\` and tell me what it printed.`;
    session = model.home.run(['up', name, '--', ...claude, prompt, freely]);
    await untilFile(join(model.home.workspace, 'made-by-agent.txt'), session);
  });
  afterAll(async () => {
    if (reason !== null) return;
    await writeFile(join(model.home.workspace, 'go'), '');
    await session;
    await model.home.run(['down', name]);
    await stack.disposeAsync();
  });

  it.each([
    ['its own user', []],
    ['root', ['--root']],
  ])('has the credential in no process and no file that %s can read', async (_who, flags) => {
    const found = await runProbe<Findings>(toPlace(...flags), 'search', { needles: needles() });
    const [control, credential] = [
      found.hits.filter(({ needle }) => needle === 0).map(({ where }) => where),
      found.hits.filter(({ needle }) => needle !== 0),
    ];
    // The control: the search sees the environment of the agent and a file in its home.
    expect(control.some((where) => where.endsWith('/environ'))).toBe(true);
    expect(control.some((where) => where.endsWith('/decoy'))).toBe(true);
    expect(found.files).toBeGreaterThan(1000);
    expect(credential).toEqual([]);
  });

  it('has the credential in nothing that the engine tells of its containers', async () => {
    const [guest, bundle] = await Promise.all([findContainer(name, 'guest'), findContainer(name, 'bundle')]);
    const tellings = await Promise.all(
      [guest, bundle].flatMap((container) => [
        container.inspect().then((facts) => JSON.stringify(facts)),
        container.logs({ stdout: true, stderr: true }).then(String),
        container.top().then((processes) => JSON.stringify(processes)),
      ]),
    );
    expect(tellings[0]).toContain(decoy);
    for (const telling of tellings) {
      for (const needle of needles().slice(1)) expect(telling).not.toContain(needle);
    }
    expect(await readContainerFiles(bundle)).not.toContain(model.apiKey);
  });

  /** What the engine keeps of the changes in a container's file system, as a tar. */
  async function readContainerFiles(container: Docker.Container): Promise<string> {
    const archive = await container.getArchive({ path: '/etc/bottle' });
    const chunks: Buffer[] = [];
    for await (const chunk of archive) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('latin1');
    expect(text).toContain('api.anthropic.com');
    return text;
  }

  it('has the credential in no file of its state and in no plan', async () => {
    const state = await readTree(join(model.home.folder, 'state'));
    expect([...state.values()].some((text) => text.includes('api.anthropic.com'))).toBe(true);
    const plan = await model.home.run(['plan', name, '--json']);
    expect(plan.stdout).toContain('ANTHROPIC_API_KEY');
    for (const text of [...state.values(), plan.stdout, plan.stderr]) {
      for (const needle of needles().slice(1)) expect(text).not.toContain(needle);
    }
  });

  it('has the credential in no argument vector on the host', async () => {
    const processes = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
    const commands = await Promise.all(
      processes.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
    );
    // The control: the command line of the session itself is among them.
    expect(commands.some((command) => command.includes(freely))).toBe(true);
    expect(commands.filter((command) => command.includes(model.apiKey))).toEqual([]);
  });

  it('finishes its task, with the real credential added on the way out', async () => {
    await writeFile(join(model.home.workspace, 'go'), '');
    const result = await session;
    expect(result).toMatchObject({ status: 0, stdout: expect.stringContaining('The command printed:') });
    expect(result.stdout).toContain(decoy);
    const requests = await model.requests();
    expect(requests.map(({ answer }) => answer)).toEqual(expect.arrayContaining(['tool', 'text']));
    expect(new Set(requests.map(({ credential }) => credential))).toEqual(new Set(['real']));
    expect(new Set(requests.map(({ host }) => host))).toEqual(new Set(['api.anthropic.com']));
    expect(result.stdout + result.stderr).not.toContain(model.apiKey);
    const uid = await readFile(join(model.home.workspace, 'made-by-agent.txt'), 'utf8');
    expect(Number(uid)).not.toBe(0);
  });

  it('leaves nothing behind once it is over', async () => {
    await session;
    const engine = new Docker();
    const filters = { label: [`dev.bottle.name=${name}`] };
    const [containers, networks, volumes] = await Promise.all([
      engine.listContainers({ all: true, filters }),
      engine.listNetworks({ filters }),
      engine.listVolumes({ filters }),
    ]);
    expect([containers, networks, volumes.Volumes ?? []]).toEqual([[], [], []]);
    expect((await model.home.run(['ls'])).stdout).not.toContain(name);
    const left = await readTree(join(model.home.folder, 'state'));
    expect([...left.keys()]).toEqual([]);
  });

  it('passes on the exit status of a command that fails', async () => {
    const result = await model.home.run(['up', name, '--', 'sh', '-c', 'exit 7']);
    expect(result.status).toBe(7);
  });

  it('gets nowhere with another credential: what the stand-in tells apart is what the operator has', async () => {
    const wrong = { ...model.home.env, ANTHROPIC_API_KEY: 'some-other-key-0123456789' };
    const curl = ['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', '-d', '{}'];
    const result = await model.home.run(
      ['up', name, '--', ...curl, 'https://api.anthropic.com/v1/messages'],
      {
        env: wrong,
      },
    );
    expect(result.stdout).toBe('401');
    expect((await model.requests()).at(-1)?.credential).toBe('other');
  });
});
