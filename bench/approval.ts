import { setTimeout as pause } from 'node:timers/promises';
import { createOperator } from '../src/approvals/create-operator.ts';
import type { Operator } from '../src/approvals/operator.ts';
import type { QueueEntry } from '../src/approvals/queue-entry.ts';
import { findApprovalSurroundings } from '../src/commands/program/open-operator.ts';
import { type BottleHome, createBottleHome } from '../test/support/bottle-cli.ts';
import { type Place, startProbe } from '../test/support/probe.ts';
import { upBottle } from '../test/support/sealed-bottle.ts';
import { median } from './measure.ts';
import type { Result } from './result.ts';

/** As many as one bottle may ask for in a minute, less one. */
const turns = 9;
const limitMs = 200;

/**
 * From an operator's answer to the guest's first tunnel that the approved route opens. The answer is given once as the live list
 * and the page give it, in a process that is there already, and once by a command, whose own start then counts.
 */
export async function measureApprovals(): Promise<readonly Result[]> {
  return [
    toResult('approval in the live list', await measureWay('bench-approval-list', () => byProcess)),
    toResult(
      'bottle supervise approve',
      await measureWay('bench-approval-command', (home) => byCommand(home)),
    ),
  ];
}

type Approve = (entry: QueueEntry, operator: Operator) => Promise<void>;

const byProcess: Approve = async ({ request, revision }, operator) => {
  const answer = {
    id: request.id,
    bottle: null,
    notes: '',
    seenRevision: revision,
    proposal: null,
    save: false,
  };
  await operator.approve(answer, AbortSignal.timeout(60_000));
};

function byCommand(home: BottleHome): Approve {
  return async ({ request }) => {
    const { status, stderr } = await home.run(['supervise', 'approve', request.id]);
    if (status !== 0) throw new Error(stderr);
  };
}

async function measureWay(
  name: string,
  toApprove: (home: BottleHome) => Approve,
): Promise<readonly number[]> {
  await using stack = new AsyncDisposableStack();
  const home = stack.use(await createBottleHome());
  await home.writeManifest(name, {
    agent: 'shell',
    workspace: { source: home.workspace, mode: 'bind' },
    supervise: true,
  });
  await upBottle(home, name, stack, ['sleep', 'infinity']);
  const { XDG_STATE_HOME, XDG_CONFIG_HOME } = home.env;
  Object.assign(process.env, { XDG_STATE_HOME, XDG_CONFIG_HOME });
  const operator = createOperator(findApprovalSurroundings());
  const guest: Place = async (argv, stdin) => {
    const result = await home.run(['exec', name, '--', ...argv], { stdin });
    return { ...result, status: result.status ?? -1 };
  };
  const proxy = (await guest(['printenv', 'HTTPS_PROXY'], '')).stdout.trim();
  const url = `http://${new URL(proxy).hostname}:9100/mcp`;
  const samples: number[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    samples.push(await timeApproval({ operator, guest, url }, `turn-${String(turn)}.test`, toApprove(home)));
  }
  return samples;
}

function toResult(what: string, samples: readonly number[]): Result {
  return {
    name: `${what}, to the route in effect`,
    unit: 'ms',
    bottle: median(samples),
    raw: null,
    rawName: '',
    samples: samples.length,
    target: { kind: 'absolute', atMost: limitMs },
  };
}

async function timeApproval(
  { operator, guest, url }: { readonly operator: Operator; readonly guest: Place; readonly url: string },
  host: string,
  approve: Approve,
): Promise<number> {
  const calls = [{ tool: 'egress-block', arguments: { host, reason: 'To be timed.' } }];
  const asking = startProbe(guest, 'mcp', { url, calls });
  const knocking = guest(['node', '-'], knock.replaceAll('HOST', host));
  const entry = await Promise.race([
    untilWaiting(operator, host),
    asking.then(({ stdout, stderr }) => {
      throw new Error(`the request was answered before it waited: ${stderr}${stdout}`);
    }),
  ]);
  // So that the guest knocks already when the answer is given.
  await pause(500);
  const answeredAt = Date.now();
  await approve(entry, operator);
  const { stdout, stderr } = await knocking;
  await asking;
  const openedAt = Number(stdout);
  if (!(openedAt >= answeredAt)) throw new Error(`the guest got in at ${stdout}: ${stderr}`);
  return openedAt - answeredAt;
}

/** Asks for a tunnel again and again, and prints when it got one; guest and operator read the same clock. */
const knock = `
const { connect } = require('node:net');
const proxy = new URL(process.env.HTTPS_PROXY);
function knock() {
  const socket = connect(Number(proxy.port), proxy.hostname, () => socket.write('CONNECT HOST:443 HTTP/1.1\\r\\nHost: HOST:443\\r\\n\\r\\n'));
  socket.once('data', (bytes) => {
    socket.destroy();
    if (String(bytes).startsWith('HTTP/1.1 200')) process.stdout.write(String(Date.now()), () => process.exit(0));
    else setTimeout(knock, 2);
  });
}
knock();
`;

async function untilWaiting(operator: Operator, host: string): Promise<QueueEntry> {
  for (;;) {
    const { entries } = await operator.snapshot();
    const entry = entries.find(
      ({ status, request: { proposal } }) =>
        status === 'waiting' && proposal.kind === 'route' && proposal.host === host,
    );
    if (entry !== undefined) return entry;
    await pause(20);
  }
}
