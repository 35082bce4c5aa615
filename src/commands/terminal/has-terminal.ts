/** Whether a terminal is at both ends, for a process of the guest to have. Node's own `isTTY` is undefined where there is none. */
export function hasTerminal(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true;
}
