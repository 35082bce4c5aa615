import type { Manifest } from '../manifest.ts';
import type { SupervisePlan } from '../supervise-plan.ts';
import type { PreparedSecrets } from './secrets.ts';

/** Where the guest's MCP clients find their operator. */
const supervisePort = 9100;

/** More than a person could answer, and far less than would bury one. */
const limits: SupervisePlan['limits'] = {
  maxWaiting: 8,
  maxRequestsPerMinute: 10,
  maxRequestsPerHour: 60,
  maxTextLength: 2000,
  maxMessageBytes: 64 * 1024,
  maxConnections: 32,
};

/**
 * Decides what an agent may ask its operator for, or null where nobody answers.
 * @param address the bundle's own on the guest's network
 */
export function prepareSupervise(
  { supervise }: Manifest,
  secrets: PreparedSecrets,
  address: string,
): SupervisePlan | null {
  if (supervise === null) return null;
  return {
    listen: { address, port: supervisePort },
    queueDirectory: '/var/lib/bottle/supervise/queue',
    answerTimeoutMs: supervise.answerTimeoutMs,
    exemptible: secrets.exemptible,
    limits,
  };
}
