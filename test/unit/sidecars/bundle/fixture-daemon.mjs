// A stand-in for a daemon: reads its one line, says what it is asked to, and waits for its end.
// Usage: fixture-daemon.mjs BEHAVIOUR...
import { readdirSync, readSync, statSync, writeSync } from 'node:fs';

const behaviours = process.argv.slice(2);
const has = (name) => behaviours.includes(name);
const argument = (name) => behaviours.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

if (has('die-before-reading')) process.exit(9);
let line = '';
let behind = '';
for (const chunk = Buffer.alloc(65_536); !line.endsWith('\n'); ) {
  const size = readSync(0, chunk, 0, chunk.length, null);
  if (size === 0) break;
  const text = chunk.toString('utf8', 0, size);
  const end = text.indexOf('\n') + 1;
  line += end === 0 ? text : text.slice(0, end);
  behind = end === 0 ? '' : text.slice(end);
}
if (has('says-hang-up')) process.on('SIGHUP', () => say({ event: 'hung-up' }));
if (has('ignore-term')) process.on('SIGTERM', () => say({ event: 'term-ignored' }));
else
  process.on('SIGTERM', () => {
    say({ event: 'terminated' });
    process.exit(0);
  });
process.on('SIGINT', () => say({ event: 'interrupted' }));

if (has('hears')) {
  let text = behind;
  const tell = () => {
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n')) {
      say({ event: 'heard', line: text.slice(0, end) });
      text = text.slice(end + 1);
    }
  };
  const listen = () => {
    tell();
    process.stdin.on('data', (chunk) => {
      text += chunk;
      tell();
    });
    process.stdin.on('end', () => say({ event: 'input-ended' }));
  };
  if (has('deaf-until-hang-up')) process.on('SIGHUP', listen);
  else listen();
}
const refusal = { event: 'blocked', level: 'warn', time: '2026-01-01T00:00:00.000Z', layer: 'allowlist' };
const refuses = Number(argument('refuses') ?? 0);
for (let index = 0; index < refuses; index++)
  say({
    ...refusal,
    reason: `number ${index}`,
    hint: 'ask',
    client_ip: '10.0.0.1',
    secret: 1,
    daemon: 'init',
  });
if (has('refuses-oddly')) {
  say({ ...refusal, reason: 'no hint' });
  say({ ...refusal, reason: 7, hint: 'ask' });
  say({ ...refusal, event: 'error', reason: 'another event', hint: 'ask' });
  say({ ...refusal, reason: 'long', hint: 'x'.repeat(20_000), url: `https://a.test/${'y'.repeat(20_000)}` });
}

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
