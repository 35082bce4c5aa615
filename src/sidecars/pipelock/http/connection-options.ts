import { type Field, findListMembers, findValues } from './fields.ts';
import type { Framing, HttpVersion } from './framing.ts';
import { type Malformed, malformed } from './head-lines.ts';

/** What a request says of its connection. */
export interface ConnectionOptions {
  readonly kind: 'options';
  readonly keepAlive: boolean;
  readonly expectsContinue: boolean;
  /** The key of a WebSocket handshake, or null. */
  readonly webSocketKey: string | null;
}

/** SECURITY: any other name in `Connection` would have a later recipient drop that field: its meaning would change on the way. */
const knownOptions = new Set(['close', 'keep-alive', 'upgrade', 'te']);

/** Reads `Connection`, `Expect` and `Upgrade`. */
export function checkConnectionOptions(
  fields: readonly Field[],
  version: HttpVersion,
  method: string,
  framing: Framing,
): ConnectionOptions | Malformed {
  const options = findListMembers(fields, 'connection');
  if (findValues(fields, 'http2-settings').length > 0)
    return malformed('it asks for HTTP/2 by HTTP2-Settings');
  if (!options.every((option) => knownOptions.has(option)))
    return malformed('its Connection names an unusual option');
  const expectations = findListMembers(fields, 'expect');
  if (!expectations.every((expectation) => expectation === '100-continue')) {
    return malformed('it expects something else than 100-continue');
  }
  const upgrade = checkUpgrade(fields, method, framing, options.includes('upgrade'));
  if (upgrade.kind === 'malformed') return upgrade;
  return {
    kind: 'options',
    keepAlive: version === '1.1' && !options.includes('close'),
    expectsContinue: version === '1.1' && framing.kind !== 'none' && expectations.length > 0,
    webSocketKey: upgrade.key,
  };
}

function checkUpgrade(
  fields: readonly Field[],
  method: string,
  framing: Framing,
  isConnectionOption: boolean,
): { readonly kind: 'upgrade'; readonly key: string | null } | Malformed {
  const upgrades = findListMembers(fields, 'upgrade');
  if (upgrades.length === 0) {
    return isConnectionOption
      ? malformed('its Connection asks for an upgrade that it does not name')
      : { kind: 'upgrade', key: null };
  }
  if (upgrades.length > 1 || upgrades[0] !== 'websocket')
    return malformed('it asks to upgrade to something else than a WebSocket');
  if (!isConnectionOption) return malformed('it has an Upgrade that its Connection does not name');
  if (method !== 'GET' || framing.kind !== 'none')
    return malformed('its WebSocket handshake is not a GET without a body');
  const [version, ...otherVersions] = findValues(fields, 'sec-websocket-version');
  if (version !== '13' || otherVersions.length > 0)
    return malformed('its WebSocket handshake is not of version 13');
  const [key = '', ...otherKeys] = findValues(fields, 'sec-websocket-key');
  if (otherKeys.length > 0 || !/^[A-Za-z0-9+/]{22}==$/.test(key))
    return malformed('its WebSocket handshake has a malformed key');
  return { kind: 'upgrade', key };
}
