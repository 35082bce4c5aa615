import type { EgressAuth, EgressPlan, EgressRoute } from '../../plans/egress-plan.ts';
import type { SecretId } from '../../plans/secret-reference.ts';
import { encodeSecret } from '../../scan/encodings.ts';
import type { HeaderField } from './headers.ts';

/** A route's credential, ready to be added and to be recognised when a host sends it back. */
export interface RouteCredential {
  /** What logs call it. */
  readonly label: string;
  readonly place:
    | { readonly kind: 'header'; readonly field: HeaderField }
    | { readonly kind: 'query'; readonly name: string; readonly value: string };
  /** Every form of it that is masked in responses. */
  readonly patterns: readonly Buffer[];
}

/** Shorter forms would be found in any text; a credential of that length protects nothing. */
const minPatternBytes = 4;
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Prepares the credentials of all routes, by route.
 * @throws Error when a value is missing or has a character no header can carry; the message names the label.
 */
export function prepareCredentials(
  plan: EgressPlan,
  values: Readonly<Record<SecretId, string>>,
): ReadonlyMap<EgressRoute, RouteCredential> {
  const credentials = new Map<EgressRoute, RouteCredential>();
  for (const route of plan.routes) {
    if (route.auth === null) continue;
    const value = values[route.auth.secretId];
    const label = plan.secretLabels[route.auth.secretId] ?? route.auth.secretId;
    if (value === undefined) throw new Error(`the value of ${label} did not arrive`);
    credentials.set(route, prepareCredential(route.auth, label, value));
  }
  return credentials;
}

function prepareCredential(auth: EgressAuth, label: string, value: string): RouteCredential {
  if (auth.kind === 'query') {
    return { label, place: { kind: 'query', name: auth.name, value }, patterns: toPatterns([value]) };
  }
  const field = toField(auth, value);
  if (!headerValue.test(field[1])) throw new Error(`${label} has a character that no header can carry`);
  const forms = auth.kind === 'basic' ? [value, `${auth.username}:${value}`] : [value];
  return { label, place: { kind: 'header', field }, patterns: toPatterns(forms) };
}

function toField(auth: Exclude<EgressAuth, { kind: 'query' }>, value: string): HeaderField {
  switch (auth.kind) {
    case 'header':
      return [auth.name, value];
    case 'bearer':
      return ['Authorization', `Bearer ${value}`];
    case 'basic':
      return [
        'Authorization',
        `Basic ${Buffer.from(`${auth.username}:${value}`, 'utf8').toString('base64')}`,
      ];
  }
}

/** What the scanner looks for on the way out, and the two whole base64 texts, of which it leaves the end. */
function toPatterns(texts: readonly string[]): readonly Buffer[] {
  const forms = texts.flatMap((text) => [
    ...encodeSecret(text).map((form) => form.bytes),
    Buffer.from(Buffer.from(text, 'utf8').toString('base64'), 'latin1'),
    Buffer.from(Buffer.from(text, 'utf8').toString('base64url'), 'latin1'),
  ]);
  const distinct = new Map(forms.map((form) => [form.toString('latin1'), form]));
  return [...distinct.values()].filter((form) => form.length >= minPatternBytes);
}
