import { PassThrough } from 'node:stream';
import { afterEach, expect, it } from 'vitest';
import { createLog } from '../../../../src/sidecars/daemon/log.ts';
import { hearHangUps } from '../../../../src/sidecars/daemon/reload.ts';

afterEach(() => {
  process.removeAllListeners('SIGHUP');
});

/** A daemon that hears hang-ups; `says` is what it printed since it was asked last. */
function createDaemon() {
  const stdout = new PassThrough();
  const hangUps = hearHangUps(createLog(stdout));
  return { hangUps, says: () => String(stdout.read() ?? '') };
}

const good = () => ({ revision: 3, apply: () => 2 });
const bad = (): never => {
  throw new Error('rules[0]: is nothing');
};

it('a hang-up is acted by before anything else is: whoever keeps a daemon busy does not hold it up', () => {
  const { hangUps, says } = createDaemon();
  hangUps.serve(good);
  process.emit('SIGHUP');
  expect(JSON.parse(says())).toMatchObject({ event: 'reloaded', revision: 3, connections_cut: 2 });
});

it('a hang-up that comes before the daemon is ready for it is remembered', () => {
  const { hangUps, says } = createDaemon();
  process.emit('SIGHUP');
  expect(says()).toBe('');
  hangUps.serve(good);
  expect(JSON.parse(says())).toMatchObject({ event: 'reloaded' });
});

it('what is wrong is refused, and the next hang-up is heard', () => {
  const { hangUps, says } = createDaemon();
  let read: () => ReturnType<typeof good> = bad;
  hangUps.serve(() => read());
  process.emit('SIGHUP');
  expect(JSON.parse(says())).toMatchObject({
    event: 'reload-refused',
    level: 'error',
    message: expect.stringContaining('rules[0]: is nothing'),
  });
  read = good;
  process.emit('SIGHUP');
  expect(JSON.parse(says())).toMatchObject({ event: 'reloaded' });
});
