import { describe, expect, it } from 'vitest';
import { createDetachKeys } from '../../../../src/commands/terminal/detach-keys.ts';

/** Types pieces, and tells what the guest got and whether it was detached from. */
async function type(pieces: readonly string[], end = true): Promise<{ got: string; detached: number }> {
  let detached = 0;
  const keys = createDetachKeys(() => {
    detached += 1;
    keys.end();
  });
  for (const piece of pieces) keys.write(piece);
  if (end) keys.end();
  const chunks = await keys.toArray();
  return { got: Buffer.concat(chunks).toString(), detached };
}

describe('Ctrl-P Ctrl-Q', () => {
  it.each([
    ['ordinary keys', ['ab', 'c'], 'abc', 0],
    ['the two in one piece', ['ab\x10\x11'], 'ab', 1],
    ['the two apart', ['ab\x10', '\x11'], 'ab', 1],
    ['Ctrl-P alone', ['a\x10b'], 'a\x10b', 0],
    ['Ctrl-P twice, then Ctrl-Q', ['\x10\x10\x11'], '\x10', 1],
    ['Ctrl-Q alone', ['\x11a'], '\x11a', 0],
    ['Ctrl-P at the end', ['a\x10'], 'a\x10', 0],
    ['a key between', ['\x10a\x11'], '\x10a\x11', 0],
  ])('%s', async (_name, pieces, got, detached) => {
    expect(await type(pieces, detached === 0)).toEqual({ got, detached });
  });

  it('lets a Ctrl-P that nothing follows through after a moment, and still detaches then', async () => {
    let detached = 0;
    const keys = createDetachKeys(() => {
      detached += 1;
    });
    keys.write('\x10');
    await expect.poll(() => keys.read()?.toString()).toBe('\x10');
    expect(detached).toBe(0);
    keys.write('\x11');
    await expect.poll(() => detached).toBe(1);
    keys.destroy();
  });
});
