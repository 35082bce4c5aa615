// What the kernel says about this process and its file system. input: { write: [path], create: [folder], look: [path] }.
// Prints { uid, gid, status, writes: [code], creates: [code], exists: [boolean], devices }.
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

function attempt(work) {
  try {
    work();
    return '';
  } catch (error) {
    return error.code;
  }
}

const status = Object.fromEntries(
  readFileSync('/proc/self/status', 'utf8')
    .split('\n')
    .map((line) => line.split(':\t'))
    .filter(([name]) =>
      ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp'].includes(name),
    ),
);
const create = (folder) => {
  const path = `${folder}/made-by-probe`;
  writeFileSync(path, 'x');
  rmSync(path);
};
process.stdout.write(
  JSON.stringify({
    uid: process.getuid(),
    gid: process.getgid(),
    status,
    writes: (input.write ?? []).map((path) => attempt(() => appendFileSync(path, ''))),
    creates: (input.create ?? []).map((folder) => attempt(() => create(folder))),
    exists: (input.look ?? []).map((path) => existsSync(path)),
    devices: readdirSync('/dev'),
  }),
);
