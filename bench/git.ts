import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createBottleHome } from '../test/support/bottle-cli.ts';
import { builtImages } from '../test/support/built-images.ts';
import { git } from '../test/support/git.ts';
import { startHttpUpstream } from '../test/support/git-upstreams.ts';
import type { Place } from '../test/support/probe.ts';
import { upBottle } from '../test/support/sealed-bottle.ts';
import { createTestNetwork } from '../test/support/test-network.ts';
import { writeHistory } from './history.ts';
import { interleave, median } from './measure.ts';
import type { Result } from './result.ts';

const name = 'bench-git';
const commits = 5000;
const turns = 5;

/**
 * Clones and pushes 5,000 commits: in a guest, through its gate, and in a container of the same image beside it, straight from
 * and to the same upstream. Both by https; the time is taken around git itself, where it runs.
 */
export async function measureGit(): Promise<readonly Result[]> {
  await using stack = new AsyncDisposableStack();
  const network = stack.use(await createTestNetwork());
  const upstream = stack.use(await startHttpUpstream(network.gateway));
  await writeHistory(upstream.directory, 'main', { commits, seed: 'old', from: null });
  git(upstream.directory, 'repack', '-adq');
  const home = stack.use(await createBottleHome({ GIT_TOKEN: upstream.token }));
  const extraCa = join(home.folder, 'ca.pem');
  await writeFile(extraCa, upstream.caPem);
  await home.writeManifest(name, {
    agent: 'shell',
    workspace: { source: home.workspace, mode: 'copy' },
    egress: { network: network.name, extraCa: [extraCa] },
    git: { remotes: { origin: { url: upstream.url, token: { env: 'GIT_TOKEN' }, push: ['agent/*'] } } },
  });
  await upBottle(home, name, stack, ['sleep', 'infinity']);
  const guest: Place = async (argv, stdin) => {
    const result = await home.run(['exec', name, '--', ...argv], { stdin });
    return { ...result, status: result.status ?? -1 };
  };
  const beside = await network.start({ image: builtImages.agents.shell });
  await beside.exec(['sh', '-c', 'cat > /tmp/ca.pem'], upstream.caPem);
  const authorization = Buffer.from(`${upstream.username}:${upstream.token}`).toString('base64');
  const direct: Place = (argv, stdin) =>
    beside.exec(
      ['env', 'HOME=/tmp', 'GIT_SSL_CAINFO=/tmp/ca.pem', ...toExtraHeader(authorization), ...argv],
      stdin,
    );

  const clone = (place: Place, folder: string) => async (): Promise<number> => {
    const target = `${folder}/clone-${randomBytes(4).toString('hex')}`;
    return await timeIn(place, `git clone -q ${upstream.url} ${target}`, `rm -rf ${target}`);
  };
  const [clones = [], rawClones = []] = await interleave(turns, 1, [
    clone(guest, '/workspace'),
    clone(direct, '/tmp'),
  ]);

  // What is pushed is a branch of 5,000 commits that upstream has not: brought to both places, then taken away again.
  await writeHistory(upstream.directory, 'incoming', { commits, seed: 'new', from: 'refs/heads/main^0' });
  const push = (place: Place, folder: string) => async (): Promise<number> => {
    const branch = `agent/${randomBytes(4).toString('hex')}`;
    const took = await timeIn(
      place,
      `git -C ${folder}/work push -q origin made:refs/heads/${branch}`,
      'true',
    );
    git(upstream.directory, 'update-ref', '-d', `refs/heads/${branch}`);
    git(upstream.directory, 'prune', '--expire=now');
    await timeIn(place, `git -C ${folder}/work fetch -q --prune origin`, 'true');
    return took;
  };
  for (const [place, folder] of [
    [guest, '/workspace'],
    [direct, '/tmp'],
  ] as const) {
    await timeIn(
      place,
      `git clone -q ${upstream.url} ${folder}/work && git -C ${folder}/work branch -q made origin/incoming`,
      'true',
    );
  }
  git(upstream.directory, 'update-ref', '-d', 'refs/heads/incoming');
  git(upstream.directory, 'repack', '-adq');
  git(upstream.directory, 'prune', '--expire=now');
  for (const [place, folder] of [
    [guest, '/workspace'],
    [direct, '/tmp'],
  ] as const) {
    await timeIn(place, `git -C ${folder}/work fetch -q --prune origin`, 'true');
  }
  const [pushes = [], rawPushes = []] = await interleave(turns, 1, [
    push(guest, '/workspace'),
    push(direct, '/tmp'),
  ]);
  return [
    toResult(`clone of ${String(commits)} commits`, clones, rawClones, 1.5),
    toResult(`push of ${String(commits)} commits`, pushes, rawPushes, 2),
  ];
}

function toExtraHeader(authorization: string): readonly string[] {
  return [
    'GIT_CONFIG_COUNT=1',
    'GIT_CONFIG_KEY_0=http.extraHeader',
    `GIT_CONFIG_VALUE_0=Authorization: Basic ${authorization}`,
  ];
}

/** How long a shell line takes, in milliseconds, by the clock of where it runs; what comes after it does not count. */
async function timeIn(place: Place, line: string, afterwards: string): Promise<number> {
  const script = `a=$(date +%s%N); ${line}; b=$(date +%s%N); ${afterwards}; echo "took $(( (b - a) / 1000 ))"`;
  const { status, stdout, stderr } = await place(['sh', '-e'], script);
  const took = /^took (\d+)$/m.exec(stdout)?.[1];
  if (status !== 0 || took === undefined)
    throw new Error(`${line} ended with ${String(status)}: ${stderr}${stdout}`);
  return Number(took) / 1000;
}

function toResult(what: string, samples: readonly number[], raw: readonly number[], atMost: number): Result {
  return {
    name: what,
    unit: 'ms',
    bottle: median(samples),
    raw: median(raw),
    rawName: 'straight from and to the same upstream',
    samples: samples.length,
    target: { kind: 'ratio', atMost },
  };
}
