import type { DaemonProcess } from './daemon-process.ts';

/**
 * Ends every daemon: SIGTERM to all at once, SIGKILL after `graceMs` to those that are left. Resolves when
 * all are over and what they printed is passed on.
 * @returns the names of those that had to be killed.
 */
export async function terminateDaemons(
  daemons: readonly DaemonProcess[],
  graceMs: number,
): Promise<readonly string[]> {
  const left = new Set(daemons);
  const killed: string[] = [];
  for (const daemon of daemons) {
    void daemon.ended.then(() => left.delete(daemon));
    daemon.kill('SIGTERM');
  }
  const grace = setTimeout(() => {
    for (const daemon of left) {
      killed.push(daemon.name);
      daemon.kill('SIGKILL');
    }
  }, graceMs);
  await Promise.all(daemons.map((daemon) => daemon.closed));
  clearTimeout(grace);
  return killed;
}
