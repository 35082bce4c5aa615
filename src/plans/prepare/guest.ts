import { BottleError } from '../../errors.ts';
import type { GuestPlan } from '../bottle-plan.ts';
import type { GitGatePlan } from '../git-gate-plan.ts';
import { toGuestEnv } from '../guest-env.ts';
import type { HostFacts } from '../host-facts.ts';
import type { Manifest } from '../manifest.ts';
import type { SupervisePlan } from '../supervise-plan.ts';
import { prepareAgent } from './agent.ts';
import { prepareGitConfig } from './guest-git.ts';
import { prepareMcpClient } from './mcp-client.ts';
import { pipelockPort } from './pipelock.ts';
import { prepareWorkspace } from './workspace.ts';

const home = '/home/agent';
/** An argument of a program may have 128 KiB; a prompt can become one. */
const maxPromptBytes = 64 * 1024;
/** The first ordinary user of most images. */
const ordinaryId = 1000;

/** What of the bundle the guest is told. */
export interface GuestBundle {
  readonly address: string;
  readonly gitGate: GitGatePlan | null;
  readonly supervise: SupervisePlan | null;
}

/**
 * Decides what runs in the guest, as whom, with what in its environment.
 * @param bundle the bundle's address on the guest's network, and what it serves there
 * @param cpuLimit what the host has, since engines refuse more
 * @throws BottleError `manifest-invalid` for a workspace that cannot be used or a prompt that is too long
 */
export function prepareGuest(
  manifest: Manifest,
  facts: HostFacts,
  bundle: GuestBundle,
  cpuLimit: number,
): GuestPlan {
  const { resources } = manifest;
  const workspace = prepareWorkspace(manifest, facts);
  if (Buffer.byteLength(facts.prompt ?? '') > maxPromptBytes) {
    throw new BottleError(
      'manifest-invalid',
      `The prompt ${manifest.prompt} has more than ${maxPromptBytes} bytes.`,
      {
        hint: 'Shorten it; the agent can read longer instructions from its workspace.',
      },
    );
  }
  const { address, gitGate, supervise } = bundle;
  const agent = prepareAgent(manifest, facts.prompt, gitGate);
  const mcp = prepareMcpClient(manifest.agent, supervise);
  return {
    image: facts.images.guest,
    argv: facts.invocation.command ?? agent.argv,
    tty: facts.invocation.tty,
    user: chooseUser(manifest, facts),
    home,
    workdir: '/workspace',
    env: {
      ...agent.env,
      ...mcp.env,
      ...manifest.env,
      // SECURITY: last, so that nothing in a manifest can point the guest's programs past the bundle.
      ...toGuestEnv({
        name: manifest.name,
        proxy: `http://${address}:${pipelockPort}`,
        home,
        gitUser: manifest.git.user,
        hasPrompt: facts.prompt !== null,
        directAddress: gitGate === null && supervise === null ? null : address,
        hasGitGate: gitGate !== null,
      }),
    },
    files: [
      ...(facts.prompt === null ? [] : [{ path: 'prompt.md', content: facts.prompt }]),
      ...(gitGate === null ? [] : [prepareGitConfig(gitGate)]),
      ...mcp.files,
    ],
    homeFiles: mcp.homeFiles,
    workspace,
    resources: { ...resources, cpus: Math.min(resources.cpus, cpuLimit) },
  };
}

/** The operator's own ids, so that both can write a bound workspace; an unprivileged user's where those are root's. */
function chooseUser(manifest: Manifest, facts: HostFacts): GuestPlan['user'] {
  if (manifest.user === 'root') return { uid: 0, gid: 0 };
  if (facts.user.uid !== 0) return { uid: facts.user.uid, gid: facts.user.gid };
  const owner = facts.workspaceOwner;
  // SECURITY: a guest is root only where its manifest says so.
  if (manifest.workspace.mode === 'bind' && owner !== null && owner.uid !== 0)
    return { uid: owner.uid, gid: owner.gid };
  return { uid: ordinaryId, gid: ordinaryId };
}
