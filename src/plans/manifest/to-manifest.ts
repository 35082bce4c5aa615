import { BottleError } from '../../errors.ts';
import { parseHostPattern } from '../../policy/host-pattern.ts';
import { deepFreeze } from '../freeze.ts';
import type { Manifest, ManifestAuth, ManifestRoute, ManifestSupervise } from '../manifest.ts';
import { memoryRange, parseByteSize } from './byte-size.ts';
import { manifestDefaults, routeDefaults, superviseDefaults } from './defaults.ts';
import { parseDuration } from './duration.ts';
import type { RouteText } from './route-schema.ts';
import type { ManifestFile } from './schema.ts';
import type { SuperviseText } from './supervise-schema.ts';
import { toRemote } from './to-remote.ts';
import { toSecretReference } from './to-secret-reference.ts';

/** What a manifest is made of besides its merged text. */
export interface ManifestOrigin {
  readonly name: string;
  readonly sources: readonly string[];
  readonly workingDirectory: string;
}

/** Writes out every default of a merged manifest text whose paths are absolute. */
export function toManifest(
  text: ManifestFile,
  { name, sources, workingDirectory }: ManifestOrigin,
): Manifest {
  const { agent = manifestDefaults.agent, image } = text;
  const egress = { ...manifestDefaults.egress, ...text.egress };
  const pipelock = { ...manifestDefaults.pipelock, ...text.pipelock };
  const { memory, ...resources } = { ...manifestDefaults.resources, ...text.resources };
  return deepFreeze<Manifest>({
    name,
    sources,
    backend: text.backend ?? manifestDefaults.backend,
    image: toImage(image),
    agent: typeof agent === 'string' ? { kind: agent } : { kind: 'command', argv: agent.command },
    prompt: text.prompt ?? manifestDefaults.prompt,
    workspace: { ...manifestDefaults.workspace, source: workingDirectory, ...text.workspace },
    env: text.env ?? {},
    egress: { ...egress, routes: egress.routes.map(toRoute) },
    pipelock: { ...pipelock, knownSecrets: pipelock.knownSecrets.map(toSecretReference) },
    git: {
      user: { ...manifestDefaults.git.user, ...text.git?.user },
      remotes: Object.entries(text.git?.remotes ?? {}).map(([key, remote]) => toRemote(key, remote)),
    },
    supervise: toSupervise(text.supervise ?? manifestDefaults.supervise),
    resources: { ...resources, memoryBytes: requireParsed(parseByteSize(memory, memoryRange), memory) },
    user: text.user ?? manifestDefaults.user,
    docker: { ...manifestDefaults.docker, ...text.docker },
  });
}

function toImage(image: ManifestFile['image']): Manifest['image'] {
  if (image === undefined) return { kind: 'agent' };
  if (typeof image === 'string') return { kind: 'reference', reference: image };
  return { kind: 'dockerfile', path: image.dockerfile };
}

function toRoute(route: RouteText, index: number): ManifestRoute {
  const scheme = route.scheme ?? routeDefaults.scheme;
  return {
    id: `egress.routes[${index}]`,
    host: requireParsed(parseHostPattern(route.host), route.host),
    scheme,
    port: route.port ?? routeDefaults.port[scheme],
    methods: route.methods ?? null,
    paths: route.paths ?? null,
    auth: route.auth === undefined ? null : toAuth(route.auth),
    exempt: route.exempt ?? routeDefaults.exempt,
  };
}

function toAuth({ secret, ...auth }: NonNullable<RouteText['auth']>): ManifestAuth {
  return { ...auth, secret: toSecretReference(secret) };
}

function toSupervise(text: SuperviseText): ManifestSupervise | null {
  if (text === false) return null;
  const { timeout, notify } = { ...superviseDefaults, ...(text === true ? {} : text) };
  return { answerTimeoutMs: requireParsed(parseDuration(timeout), timeout), notify };
}

/** INVARIANT: the schema accepted the text, so it parses. */
function requireParsed<T>(value: T | null, text: string): T {
  if (value === null) throw new BottleError('bug', `The schema let ${JSON.stringify(text)} through.`);
  return value;
}
