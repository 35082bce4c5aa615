import { readFile, readlink } from 'node:fs/promises';

/** Which process on this machine, told apart from a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in the kernel's own ticks since boot; empty where the platform does not tell. */
  readonly started: string;
  /** Of this boot of this machine; empty where the platform does not tell. */
  readonly bootId: string;
  /** The namespace that the number counts in; empty where there are none. */
  readonly pidNamespace: string;
}

/** The process that asks. */
export async function readOwnIdentity(): Promise<ProcessIdentity> {
  const [started, bootId, pidNamespace] = await Promise.all([
    readStartTime(process.pid),
    readBootId(),
    readlink('/proc/self/ns/pid').catch(() => ''),
  ]);
  return { pid: process.pid, started: started ?? '', bootId, pidNamespace };
}

/**
 * Whether the process is certainly over. A process whose namespace cannot be looked into counts as alive:
 * taking over what lives does harm, leaving alone what is dead does not.
 */
export async function isProcessOver(identity: ProcessIdentity): Promise<boolean> {
  const own = await readOwnIdentity();
  if (identity.bootId !== own.bootId) return true;
  if (identity.pidNamespace !== own.pidNamespace) return false;
  if (identity.started === '') return !canBeSignalled(identity.pid);
  return (await readStartTime(identity.pid)) !== identity.started;
}

/** One word that holds an identity, for a label. */
export function toIdentityText(identity: ProcessIdentity): string {
  return [identity.pid, identity.started, identity.bootId, identity.pidNamespace].join('/');
}

/** Reads {@link toIdentityText} back, or null where the text is something else. */
export function parseIdentityText(text: string): ProcessIdentity | null {
  const [pid, started, bootId, pidNamespace, ...more] = text.split('/');
  if (pid === undefined || started === undefined || bootId === undefined || pidNamespace === undefined)
    return null;
  if (!/^[1-9][0-9]{0,9}$/.test(pid) || more.length > 0) return null;
  return { pid: Number(pid), started, bootId, pidNamespace };
}

/** Field 22 of `stat`, or null where there is no such process; a process that only awaits its parent is over. */
async function readStartTime(pid: number): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (text === null) return null;
  // The second field is a name in brackets that may hold spaces and brackets itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
}

async function readBootId(): Promise<string> {
  const text = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return text.trim();
}

function canBeSignalled(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
