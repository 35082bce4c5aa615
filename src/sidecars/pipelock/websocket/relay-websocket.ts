import type { PipelockLimits } from '../../../plans/pipelock-plan.ts';
import type { ScanTables } from '../../../scan/scan-tables.ts';
import type { Answer, GuestRequest } from '../exchange/guest-request.ts';
import type { Refusal } from '../exchange/refusal.ts';
import { dropHopByHop } from '../http/fields.ts';
import { type ByteSource, ByteSourceError } from '../streams/byte-source.ts';
import { writeBytes } from '../streams/write-bytes.ts';
import type { EgressConnection } from '../upstream/egress-connection.ts';
import { UpstreamError } from '../upstream/egress-exchange.ts';
import type { ResponseHead } from '../upstream/response-head.ts';
import { createFrameInspector } from './frame-inspector.ts';

/** A handshake that both sides agreed on. */
export interface AcceptedWebSocket {
  readonly request: GuestRequest;
  readonly head: ResponseHead;
  readonly connection: EgressConnection;
  readonly answer: Answer;
  /** What the guest's messages are scanned for. */
  readonly tables: ScanTables;
}

/**
 * Joins guest and host after a 101; resolves with the number of bytes that went either way, or with a refusal
 * after the guest was told by a close frame.
 * @throws UpstreamError when the guest's HTTP version has no upgrade
 */
export async function relayWebSocket(
  { request, head, connection, answer, tables }: AcceptedWebSocket,
  limits: PipelockLimits,
): Promise<number | Refusal> {
  if (answer.upgrade === null) throw new UpstreamError(`HTTP/${request.version} has no upgrade`);
  const pipe = answer.upgrade([
    ...dropHopByHop(head.fields),
    { name: 'connection', value: 'Upgrade' },
    { name: 'upgrade', value: 'websocket' },
  ]);
  const inspector = createFrameInspector(tables, limits.maxBodyBytes);
  const timeoutMs = limits.idleTimeoutMs;
  const activity = { lastMs: performance.now() };
  let sizeBytes = 0;

  async function fromGuest(): Promise<Refusal | null> {
    for await (const bytes of readWhileActive(pipe.source, timeoutMs, activity)) {
      const inspection = inspector.push(bytes);
      if (inspection.kind === 'refused') return inspection;
      for (const passed of inspection.bytes) {
        sizeBytes += passed.length;
        await writeBytes(connection.socket, passed, timeoutMs);
      }
    }
    connection.socket.end();
    return null;
  }

  async function fromHost(): Promise<null> {
    for await (const bytes of readWhileActive(connection.source, timeoutMs, activity)) {
      sizeBytes += bytes.length;
      await pipe.write(bytes);
    }
    pipe.end();
    return null;
  }

  const guest = fromGuest().catch(() => null);
  const host = fromHost().catch(() => null);
  // A guest that only stopped sending still gets the host's last words.
  const refusal = await Promise.race([guest.then((refused) => refused ?? host), host]);
  connection.socket.destroy();
  if (refusal !== null) pipe.write(toCloseFrame(refusal))?.catch(() => {});
  pipe.end();
  return refusal ?? sizeBytes;
}

/** Ends when the stream does, breaks, or when neither direction moved for `timeoutMs`. */
async function* readWhileActive(
  source: ByteSource,
  timeoutMs: number,
  activity: { lastMs: number },
): AsyncGenerator<Buffer, void> {
  for (;;) {
    try {
      const bytes = await source.read(timeoutMs);
      if (bytes === null) return;
      activity.lastMs = performance.now();
      yield bytes;
    } catch (error) {
      const timedOut = error instanceof ByteSourceError && error.kind === 'timeout';
      if (!timedOut || performance.now() - activity.lastMs >= timeoutMs) return;
    }
  }
}

/** Close code 1008 (policy) and as much of the sentence as a control frame holds. */
function toCloseFrame({ layer, reason }: Refusal): Buffer {
  const text = Buffer.from(`bottle (${layer}): ${reason}`, 'utf8').subarray(0, 123);
  return Buffer.concat([Buffer.from([0x88, text.length + 2, 1008 >> 8, 1008 & 0xff]), text]);
}
