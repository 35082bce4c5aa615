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

const name = 'bench-approval';
const turns = 10;
const limitMs = 200;

/**
 * From an operator's answer to the guest's first tunnel that the approved route opens. The answer is given once as the live list
 * and the page give it, in a process that is there already, and once by a command, whose own start then counts.
 */
export async function measureApprovals(): Promise<readonly Result[]> {
  await using stack = new AsyncDisposableStack();
  const home = stack.use(await createBottleHome());
  await home.writeManifest(name, {
    agent: 'shell',
    workspace: { source: home.workspace, mode: 'bind' },
    supervise: true,
  });
  await upBottle(home, name, stack, ['sleep', 'infinity']);
  Object.assign(process.env, {
    XDG_STATE_HOME: home.env.XDG_STATE_HOME,
    XDG_CONFIG_HOME: home.env.XDG_CONFIG_HOME,
  });
  const operator = createOperator(findApprovalSurroundings());
  const guest: Place = async (argv, stdin) => {
    const result = await home.run(['exec', name, '--', ...argv], { stdin });
    return { ...result, status: result.status ?? -1 };
  };
  const byProcess = async ({ request, revision }: QueueEntry): Promise<void> => {
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
  const byCommand = async ({ request }: QueueEntry): Promise<void> => {
    const { status, stderr } = await home.run(['supervise', 'approve', request.id]);
    if (status !== 0) throw new Error(stderr);
  };
  const samples: [number[], number[]] = [[], []];
  for (let turn = 0; turn < turns; turn += 1) {
    for (const [index, approve] of [byProcess, byCommand].entries()) {
      const host = `turn-${String(turn)}-${String(index)}.test`;
      samples[index]?.push(await timeApproval(home, operator, guest, host, approve));
    }
  }
  const toResult = (what: string, taken: readonly number[]): Result => ({
    name: `${what}, to a route in effect`,
    unit: 'ms',
    bottle: median(taken),
    raw: null,
    rawName: '',
    samples: taken.length,
    target: { kind: 'absolute', atMost: limitMs },
  });
  return [
    toResult('approval in the live list', samples[0]),
    toResult('bottle supervise approve', samples[1]),
  ];
}

async function timeApproval(
  home: BottleHome,
  operator: Operator,
  guest: Place,
  host: string,
  approve: (entry: QueueEntry) => Promise<void>,
): Promise<number> {
  const asking = startProbe(guest, 'mcp', {
    url: `http://${await findBundle(home)}:9100/mcp`,
    calls: [{ tool: 'egress-block', arguments: { host, reason: 'To be timed.' } }],
  });
  const knocking = guest(['node', '-'], knock.replaceAll('HOST', host));
  const entry = await untilWaiting(operator, host);
  // So that the guest knocks already when the answer is given.
  await pause(500);
  const answeredAt = Date.now();
  await approve(entry);
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

let bundle: string | null = null;

async function findBundle(home: BottleHome): Promise<string> {
  if (bundle !== null) return bundle;
  const { stdout } = await home.run(['exec', name, '--', 'printenv', 'HTTPS_PROXY']);
  bundle = new URL(stdout.trim()).hostname;
  return bundle;
}
