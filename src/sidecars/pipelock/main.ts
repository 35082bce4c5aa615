import { exitOnDefect } from '../daemon/fail-closed.ts';
import { createLog } from '../daemon/log.ts';
import { reportReady } from '../daemon/ready.ts';
import { hearHangUps, requireSuccessor } from '../daemon/reload.ts';
import { readSecretsLine } from '../daemon/secrets-line.ts';
import { readConfig } from './config/read-config.ts';
import { startPipelock } from './start-pipelock.ts';

/**
 * The pipelock daemon. Its argument is the folder with `pipelock.yaml` and `pipelock-rules.json`; standard input is one line
 * with the fingerprints of the bottle's secrets.
 */
const log = createLog(process.stdout);
exitOnDefect(log);
const hangUps = hearHangUps(log);

const directory = process.argv[2] ?? '/etc/bottle';
let config = readConfig(directory);
const secrets = await readSecretsLine(process.stdin);
// SECURITY: without fingerprints nothing is recognised: a line that lacks them is a mistake, not a bottle without secrets.
if (secrets.fingerprints === undefined) throw new Error('the secrets line has no fingerprints');
const running = await startPipelock(config, secrets.fingerprints, log);
process.once('SIGTERM', () => {
  log.write({ level: 'info', event: 'shutdown', message: 'pipelock ends', component: 'pipelock' });
  process.exit(0);
});
log.write({
  level: 'info',
  event: 'startup',
  message: `pipelock listens on ${config.listen.address}:${running.port}`,
  component: 'pipelock',
  mode: 'strict',
  rules: config.rules.length,
  fingerprints: secrets.fingerprints.length,
});
log.flush();
reportReady(process.stdout, { caCertificate: running.caCertificate });
hangUps.serve(() => {
  const read = readConfig(directory);
  requireSuccessor(config, read, ['listen', 'dns', 'egress', 'exemptible', 'supervise', 'limits']);
  return {
    revision: read.revision,
    apply() {
      config = read;
      return running.replaceRules(read.rules);
    },
  };
});
