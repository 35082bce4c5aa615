import { createHash } from 'node:crypto';
import type { GuestRequest } from '../exchange/guest-request.ts';
import { type Field, findListMembers, findValues } from '../http/fields.ts';
import type { ResponseHead } from '../upstream/response-head.ts';

/** RFC 6455, 1.3. */
const acceptSuffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/**
 * The fields of a handshake as they go on.
 * SECURITY: no extension is offered: what one compresses or scrambles could not be scanned.
 */
export function toHandshakeFields(fields: readonly Field[]): readonly Field[] {
  return [
    ...fields.filter(({ name }) => name !== 'sec-websocket-extensions'),
    { name: 'connection', value: 'Upgrade' },
    { name: 'upgrade', value: 'websocket' },
  ];
}

/** Whether a 101 answers the guest's own handshake, and agrees to nothing that was not offered. */
export function acceptsWebSocket({ webSocketKey }: GuestRequest, { fields }: ResponseHead): boolean {
  if (webSocketKey === null) return false;
  const accept = createHash('sha1').update(`${webSocketKey}${acceptSuffix}`).digest('base64');
  return (
    findListMembers(fields, 'upgrade').join() === 'websocket' &&
    findListMembers(fields, 'connection').includes('upgrade') &&
    findValues(fields, 'sec-websocket-accept').join() === accept &&
    findValues(fields, 'sec-websocket-extensions').length === 0
  );
}
