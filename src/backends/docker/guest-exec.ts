import { setTimeout as delay } from 'node:timers/promises';
import { BottleError } from '../../errors.ts';
import type { ExecRequest, GuestSession, SessionStreams } from '../backend.ts';
import type { Engine } from '../engine/engine.ts';
import { createExec, inspectExec, resizeExec, runExec, startExec, waitExec } from '../engine/execs.ts';
import { joinSession } from '../engine/session.ts';

/** Marks a command's processes, so that it can be found again in the guest. */
const markName = 'BOTTLE_EXEC';

/**
 * Finds, among the processes that were put into the container from outside (those without a parent in it), the one that carries
 * the mark, and signals it. Run by the guest's own shell, in the guest.
 */
const signalScript = `for process in /proc/[0-9]*; do
  if grep -qs '^PPid:[[:space:]]*0$' "$process/status" && grep -qs "$1" "$process/environ"; then
    kill -s "$2" "\${process#/proc/}" && exit 0
  fi
done
exit 3`;

const signalAttempts = 40;
const signalPauseMs = 25;

/**
 * Runs one more command in a guest.
 *
 * The engine cannot signal such a command, and its process number in the guest is known only where the engine's machine is ours and
 * its runtime no gVisor; so the command is marked in its environment, and a second command signals what carries the mark.
 */
export async function execInGuest(
  engine: Engine,
  container: string,
  request: ExecRequest,
  streams: SessionStreams,
): Promise<GuestSession> {
  // Only has to be no other command's: loading node:crypto would take longer than the command's start.
  const mark = `${markName}=${process.pid}-${process.hrtime.bigint()}x`;
  const { argv, tty, workdir } = request;
  const user = request.user === 'root' ? '0:0' : null;
  const env = { ...request.env, [markName]: mark.slice(markName.length + 1) };
  const id = await createExec(engine, container, {
    argv,
    tty,
    workdir,
    user,
    env,
    stdin: streams.stdin !== null,
  });
  const stream = await startExec(engine, id, { tty });
  if (streams.stdin === null) stream.end();
  return joinSession(stream, streams, {
    tty,
    finish: () => waitExec(engine, id),
    resize: (size) => resizeExec(engine, id, size),
    signal: (name) => signalExec(engine, container, { id, mark, user, name }),
  });
}

interface ExecSignal {
  readonly id: string;
  readonly mark: string;
  readonly user: string | null;
  readonly name: string;
}

async function signalExec(
  engine: Engine,
  container: string,
  { id, mark, user, name }: ExecSignal,
): Promise<void> {
  if (!/^[A-Z][A-Z0-9+-]*$/.test(name)) throw new BottleError('bug', `"${name}" is no signal's name.`);
  const argv = ['sh', '-c', signalScript, 'sh', mark, name];
  for (let attempt = 0; attempt < signalAttempts; attempt++) {
    const status = await runExec(engine, container, { argv, env: {}, workdir: '/', user });
    if (status === 0) return;
    if (!(await inspectExec(engine, id)).running) return;
    // The engine answers before the process has its environment; any other status is no shell's word for "not there".
    if (status !== 3) break;
    await delay(signalPauseMs);
  }
  throw new BottleError('guest-failed', `The guest's image cannot pass SIG${name} on.`, {
    hint: 'Signals to a second command take a shell (sh) and grep in the image.',
  });
}
