// Looks for each of input.needles in the environment and arguments of every process, and in every readable file.
// Prints { hits: [{ needle, where }], files, processes }; a needle is named by its place in the list.
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';

const needles = input.needles.map((needle) => Buffer.from(needle));
const overlap = Math.max(...needles.map((needle) => needle.length)) - 1;
const skipped = new Set(['/proc', '/sys', '/dev']);
const block = Buffer.allocUnsafe(4 * 1024 * 1024);
const report = { hits: [], files: 0, processes: 0 };

function search(bytes, where) {
  needles.forEach((needle, index) => {
    if (bytes.includes(needle)) report.hits.push({ needle: index, where });
  });
}

function searchFile(path) {
  let file;
  try {
    file = openSync(path, 'r');
  } catch {
    return;
  }
  report.files += 1;
  try {
    for (let kept = 0; ; ) {
      const read = readSync(file, block, kept, block.length - kept, null);
      if (read === 0) return;
      const filled = kept + read;
      search(block.subarray(0, filled), path);
      kept = Math.min(overlap, filled);
      block.copyWithin(0, filled - kept, filled);
    }
  } catch {
    // A file that cannot be read to its end by this user is none that it can take anything from.
  } finally {
    closeSync(file);
  }
}

function walk(folder) {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return;
  }
  for (const entry of entries) {
    const path = folder === '/' ? `/${entry.name}` : `${folder}/${entry.name}`;
    if (skipped.has(path)) continue;
    if (entry.isDirectory()) walk(path);
    else if (entry.isFile()) searchFile(path);
  }
}

for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
  report.processes += 1;
  for (const part of ['environ', 'cmdline']) {
    try {
      search(readFileSync(`/proc/${name}/${part}`), `/proc/${name}/${part}`);
    } catch {
      // Of another user, or over by now.
    }
  }
}
walk('/');
process.stdout.write(JSON.stringify(report), () => process.exit(0));
