import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readOwnIdentity, toIdentityText } from '../../host/process-identity.ts';
import { queueFolder, removeStateDirectory } from '../../host/state-directory.ts';
import type { BottlePlan } from '../../plans/bottle-plan.ts';
import { createContainer, removeContainer, startContainer, waitContainer } from '../engine/containers.ts';
import type { Engine } from '../engine/engine.ts';
import { toLabels } from '../engine/labels.ts';

/**
 * Removes an instance's state folder, when nothing of the instance runs any more. A daemon that fell can have made folders in its
 * queue that are not the operator's to remove, or deeper than a path is long; those the engine removes, as it let them be made.
 */
export async function removeInstanceFolder(engine: Engine, path: string, slug: string): Promise<void> {
  try {
    await removeStateDirectory(path, slug);
  } catch (error) {
    const plan = await readPlan(path);
    if (plan === null) throw error;
    await sweepQueues(engine, plan, path);
    await removeStateDirectory(path, slug);
  }
}

async function readPlan(path: string): Promise<BottlePlan | null> {
  try {
    return JSON.parse(await readFile(join(path, 'plan.json'), 'utf8'));
  } catch {
    return null;
  }
}

/**
 * Empties a folder. By short names alone: what is in a folder of it moves up before that folder goes. By bytes, since a name need
 * be no text. Follows no link.
 */
const sweepScript = `const fs = require('node:fs');
process.chdir(process.argv[1]);
const list = (path) => fs.readdirSync(path, 'buffer');
const isFolder = (path) => fs.lstatSync(path).isDirectory();
let moved = 0;
for (let names = list('.'); names.length > 0; names = list('.')) {
  for (const name of names) {
    if (!isFolder(name)) {
      fs.unlinkSync(name);
      continue;
    }
    for (const inner of list(name)) {
      const path = Buffer.concat([name, Buffer.from('/'), inner]);
      if (isFolder(path)) fs.renameSync(path, '.swept-' + moved++);
      else fs.unlinkSync(path);
    }
    fs.rmdirSync(name);
  }
}`;

const mountPoint = '/queue';

/** Runs the script as root in a container of the bundle's image, which sees the queues and nothing else. */
async function sweepQueues(engine: Engine, plan: BottlePlan, path: string): Promise<void> {
  const name = `bottle-${plan.slug}-sweeper`;
  const owner = toIdentityText(await readOwnIdentity());
  const { uid, gid } = plan.guest.user;
  try {
    await createContainer(engine, {
      name,
      image: plan.bundle.image,
      argv: ['node', '-e', sweepScript, mountPoint],
      user: '0:0',
      workdir: null,
      hostname: 'sweeper',
      env: {},
      labels: toLabels({
        name: plan.name,
        slug: plan.slug,
        role: 'filler',
        plan: plan.hash,
        created: new Date().toISOString(),
        detached: false,
        owner,
        state: path,
        tty: false,
        user: `${uid}:${gid}`,
      }),
      tty: false,
      stdin: 'closed',
      init: true,
      network: null,
      dns: [],
      mounts: [{ kind: 'bind', source: join(path, queueFolder), target: mountPoint, readOnly: false }],
      tmpfs: {},
      readOnlyRoot: true,
      // Enough to remove another user's files, and no more.
      capabilities: ['DAC_OVERRIDE', 'FOWNER'],
      sysctls: {},
      resources: { cpus: null, memoryBytes: 256 * 1024 * 1024, pids: 32 },
      runtime: null,
    });
    await startContainer(engine, name);
    await waitContainer(engine, name, { condition: 'not-running' });
  } finally {
    await removeContainer(engine, name);
  }
}
