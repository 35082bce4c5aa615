import { Transform } from 'node:stream';

const ctrlP = 0x10;
const ctrlQ = 0x11;

/** How long a Ctrl-P waits for its Ctrl-Q before the guest gets it. */
const holdMs = 300;

/**
 * Passes keys on, and calls `onDetach` for Ctrl-P Ctrl-Q, which the guest does not see. A Ctrl-P alone is only
 * late, so that programs that use it (a shell's history) keep it; a Ctrl-Q after one that was late detaches too.
 */
export function createDetachKeys(onDetach: () => void): Transform {
  let afterCtrlP = false;
  let hold: NodeJS.Timeout | null = null;
  const keys = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const passed: number[] = [];
      for (const key of chunk) {
        const held = hold !== null;
        if (hold !== null) clearTimeout(hold);
        hold = null;
        if (afterCtrlP && key === ctrlQ) {
          afterCtrlP = false;
          if (passed.length > 0) this.push(Buffer.from(passed));
          onDetach();
          done();
          return;
        }
        if (held) passed.push(ctrlP);
        afterCtrlP = key === ctrlP;
        if (!afterCtrlP) passed.push(key);
        else hold = setTimeout(release, holdMs);
      }
      if (passed.length > 0) this.push(Buffer.from(passed));
      done();
    },
    flush(done) {
      if (hold !== null) release();
      done();
    },
    destroy(error, done) {
      if (hold !== null) clearTimeout(hold);
      done(error);
    },
  });
  function release(): void {
    if (hold !== null) clearTimeout(hold);
    hold = null;
    keys.push(Buffer.of(ctrlP));
  }
  return keys;
}
