import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exitOnDefect } from '../daemon/fail-closed.ts';
import { createLog } from '../daemon/log.ts';
import { reportReady } from '../daemon/ready.ts';
import { readSecretsLine } from '../daemon/secrets-line.ts';
import { parseGitGateConfiguration } from './configuration.ts';
import { toGateFolders } from './gate-folders.ts';
import { type RunningGate, startGate } from './start-gate.ts';

// The daemon that the guest's git speaks with, and that alone holds the keys to its upstreams. Usage: git-gate [root directory]

let gate: RunningGate | null = null;
// First of all: without a handler the signal ends the process, and with it the bundle.
process.on('SIGHUP', () => void gate?.lookForDecisions());
const log = createLog(process.stdout);
exitOnDefect(log);
const root = process.argv[2] ?? '/';
const plan = parseGitGateConfiguration(await readFile(join(root, 'etc/bottle/git-gate.json'), 'utf8'));
gate = await startGate(plan, await readSecretsLine(process.stdin), toGateFolders(root, plan), log);
log.write({
  level: 'info',
  event: 'startup',
  message: `git-gate listens on ${plan.listen.address}:${gate.port}`,
});
log.flush();
reportReady(process.stdout);
