/**
 * Hands every key of the terminal to the guest, until disposed: keys are not echoed, and Ctrl-C is a byte.
 * INVARIANT: the terminal is as before on every way out, also when the process ends without disposing.
 */
export function enterRawMode(): Disposable {
  const { stdin } = process;
  const before = stdin.isRaw;
  const leave = () => {
    stdin.setRawMode(before);
  };
  stdin.setRawMode(true);
  process.once('exit', leave);
  return {
    [Symbol.dispose]() {
      process.removeListener('exit', leave);
      leave();
    },
  };
}
