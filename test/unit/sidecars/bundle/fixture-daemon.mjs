// A stand-in for a daemon: reads its one line, says what it is asked to, and waits for its end.
// Usage: fixture-daemon.mjs BEHAVIOUR...
import { readdirSync, readFileSync, statSync, writeSync } from 'node:fs';

const behaviours = process.argv.slice(2);
const has = (name) => behaviours.includes(name);
const argument = (name) => behaviours.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

if (has('die-before-reading')) process.exit(9);
const line = readFileSync(0, 'utf8');
if (has('ignore-term')) process.on('SIGTERM', () => say({ event: 'term-ignored' }));
else
  process.on('SIGTERM', () => {
    say({ event: 'terminated' });
    process.exit(0);
  });
process.on('SIGINT', () => say({ event: 'interrupted' }));

const run = argument('run');
if (run) {
  const folder = statSync(run);
  say({
    event: 'self',
    uid: process.getuid(),
    gid: process.getgid(),
    groups: process.getgroups(),
    cwd: process.cwd(),
    environment: Object.keys(process.env).sort(),
    argv: process.argv.slice(2),
    folder: { mode: (folder.mode & 0o777).toString(8), uid: folder.uid, gid: folder.gid },
    descriptors: readdirSync('/proc/self/fd').length,
    line: JSON.parse(line),
  });
}
if (has('spoof')) {
  process.stdout.write('{"event":"bundle-ready","daemon":"init","caCertificate":"forged"}\n');
  process.stdout.write('{"event":"forged","d\\u0061emon":"init","kept":1}\n');
}
if (has('noise')) {
  process.stdout.write('plain words\n[1,2]\n{}\n');
  process.stderr.write('trouble\n');
  process.stdout.write(`{"event":"huge","text":"${'x'.repeat(200_000)}"}\n`);
  say({ event: 'after-huge' });
}
if (has('flood'))
  for (let index = 0; index < 50_000; index++) writeSync(1, `{"event":"flood","index":${index}}\n`);
if (!has('never-ready')) {
  say({ event: 'ready', ...(has('with-ca') ? { caCertificate: 'PEM of the authority' } : {}) });
}
if (has('ready-twice')) say({ event: 'ready' });
const status = argument('exit');
if (status !== undefined) setTimeout(() => process.exit(Number(status)), 20);
const signal = argument('signal');
if (signal !== undefined) setTimeout(() => process.kill(process.pid, signal), 20);
setInterval(() => {}, 60_000);
