import type { Manifest } from '../manifest.ts';
import type { PipelockLimits, PipelockPlan } from '../pipelock-plan.ts';
import { egressListen } from './egress.ts';
import type { PreparedSecrets } from './secrets.ts';

/** The guest's proxy. */
export const pipelockPort = 8888;
const dnsPort = 53;

const mebibyte = 1024 * 1024;

const limits: PipelockLimits = {
  maxHeaderBytes: 64 * 1024,
  maxHeaderCount: 200,
  maxUrlBytes: 8 * 1024,
  // Bodies are scanned as they stream, so this bounds work, not memory.
  maxBodyBytes: 1024 * mebibyte,
  maxConnections: 512,
  headTimeoutMs: 10_000,
  tlsHandshakeTimeoutMs: 10_000,
  idleTimeoutMs: 900_000,
};

/**
 * Decides what pipelock lets through.
 * @param address the bundle's own on the guest's network
 */
export function preparePipelock(manifest: Manifest, secrets: PreparedSecrets, address: string): PipelockPlan {
  return {
    listen: { address, port: pipelockPort },
    dns: { address, port: dnsPort },
    egress: egressListen,
    mode: manifest.pipelock.mode,
    revision: 0,
    rules: manifest.egress.routes.map(({ auth: _credential, ...rule }) => rule),
    knownSecretIds: secrets.knownIds,
    exemptible: secrets.exemptible,
    supervise: manifest.supervise !== null,
    limits,
  };
}
