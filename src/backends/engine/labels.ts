/** What bottle writes on everything it makes in the engine. All label names of bottle are here. */
export const labelNames = {
  name: 'dev.bottle.name',
  slug: 'dev.bottle.slug',
  role: 'dev.bottle.role',
  /** The plan's hash. */
  plan: 'dev.bottle.plan',
  /** ISO 8601, UTC. */
  created: 'dev.bottle.created',
  /** `true` where the instance was launched to outlive its launcher. */
  detached: 'dev.bottle.detached',
  /** Which process launched it. */
  owner: 'dev.bottle.owner',
  /** The instance's state folder. */
  state: 'dev.bottle.state',
  /** `true` where the guest's first process has a terminal. */
  tty: 'dev.bottle.tty',
  /** `<uid>:<gid>` of the guest's user. */
  user: 'dev.bottle.user',
} as const;

export type Role =
  | 'guest'
  | 'bundle'
  | 'filler'
  | 'guest-network'
  | 'uplink-network'
  | 'home'
  | 'workspace'
  | 'mirrors';

const roles: readonly string[] = [
  'guest',
  'bundle',
  'filler',
  'guest-network',
  'uplink-network',
  'home',
  'workspace',
  'mirrors',
] satisfies Role[];

/** The same for every resource of one instance. */
export interface InstanceLabels {
  readonly name: string;
  readonly slug: string;
  readonly plan: string;
  readonly created: string;
  readonly detached: boolean;
  readonly owner: string;
  readonly state: string;
  readonly tty: boolean;
  readonly user: string;
}

/** The labels of one resource. */
export interface ResourceLabels extends InstanceLabels {
  readonly role: Role;
}

/** Labels as the engine takes them. */
export function toLabels(labels: ResourceLabels): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labelNames).map(([key, name]) => [name, String(labels[key as keyof ResourceLabels])]),
  );
}

/** Reads a resource's labels back, or null where it is none of bottle's. */
export function parseLabels(
  found: Readonly<Record<string, string>> | null | undefined,
): ResourceLabels | null {
  const read = (key: keyof typeof labelNames): string => found?.[labelNames[key]] ?? '';
  const role = read('role');
  if (read('slug') === '' || !isRole(role)) return null;
  return {
    name: read('name'),
    slug: read('slug'),
    role,
    plan: read('plan'),
    created: read('created'),
    detached: read('detached') === 'true',
    owner: read('owner'),
    state: read('state'),
    tty: read('tty') === 'true',
    user: read('user'),
  };
}

function isRole(text: string): text is Role {
  return roles.includes(text);
}

/** The engine's filter for resources of bottle: all, or those of one name or one instance. */
export function toLabelFilter(only: { readonly name?: string; readonly slug?: string }): { label: string[] } {
  if (only.slug !== undefined) return { label: [`${labelNames.slug}=${only.slug}`] };
  if (only.name !== undefined) return { label: [`${labelNames.name}=${only.name}`] };
  return { label: [labelNames.slug] };
}
