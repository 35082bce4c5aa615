import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitOnDefect } from '../daemon/fail-closed.ts';
import { createLog } from '../daemon/log.ts';
import { reportReady } from '../daemon/ready.ts';
import { hearHangUps, requireSuccessor } from '../daemon/reload.ts';
import { readSecretsLine } from '../daemon/secrets-line.ts';
import { parseEgressConfiguration } from './configuration.ts';
import { resolveBySystem } from './resolve-host.ts';
import { startEgress } from './server.ts';

// The daemon that holds the credentials and is the only one to dial out. Usage: egress [config directory]

const log = createLog(process.stdout);
exitOnDefect(log);
const hangUps = hearHangUps(log);
const file = join(process.argv[2] ?? '/etc/bottle', 'egress.json');
let plan = parseEgressConfiguration(readFileSync(file, 'utf8'));
const { values } = await readSecretsLine(process.stdin);
const server = await startEgress(plan, values ?? {}, { log, resolveName: resolveBySystem });
log.write({
  level: 'info',
  event: 'startup',
  message: `egress listens on ${plan.listen.address}:${server.port}`,
});
log.flush();
reportReady(process.stdout);
hangUps.serve(() => {
  const read = parseEgressConfiguration(readFileSync(file, 'utf8'));
  requireSuccessor(plan, read, ['listen', 'allowPrivate', 'extraCa', 'secretIds', 'secretLabels', 'limits']);
  const apply = server.prepareRoutes(read);
  return {
    revision: read.revision,
    apply() {
      plan = read;
      return apply();
    },
  };
});
