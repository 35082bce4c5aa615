import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { RemoteText } from './remote-schema.ts';
import type { SecretText } from './route-schema.ts';
import type { ManifestFile } from './schema.ts';

/** Where paths of a manifest start. */
export interface PathOrigin {
  /** Absolute path of the manifest's own file. */
  readonly file: string;
  readonly home: string;
  /** Where the operator ran bottle: what `workspace.source` is relative to. */
  readonly workingDirectory: string;
}

/** Makes every path of a manifest file absolute: `~` is the home, the workspace starts where the operator is, the rest at the file. */
export function resolvePaths(
  content: ManifestFile,
  { file, home, workingDirectory }: PathOrigin,
): ManifestFile {
  const from = (folder: string) => (path: string) => {
    if (path === '~' || path.startsWith('~/')) return join(home, path.slice(1));
    return resolve(folder, path);
  };
  const toPath = from(dirname(file));
  const toSecret = (secret: SecretText): SecretText => resolveSecret(secret, toPath);
  const { image, prompt, workspace, egress, pipelock, git, supervise } = content;
  return {
    ...content,
    ...(typeof image === 'object' && { image: { dockerfile: toPath(image.dockerfile) } }),
    ...(prompt !== undefined && { prompt: toPath(prompt) }),
    ...(workspace?.source !== undefined && {
      workspace: { ...workspace, source: from(workingDirectory)(workspace.source) },
    }),
    ...(egress !== undefined && {
      egress: {
        ...egress,
        ...(egress.extraCa !== undefined && { extraCa: egress.extraCa.map(toPath) }),
        ...(egress.routes !== undefined && {
          routes: egress.routes.map((route) =>
            route.auth === undefined
              ? route
              : { ...route, auth: { ...route.auth, secret: toSecret(route.auth.secret) } },
          ),
        }),
      },
    }),
    ...(pipelock?.knownSecrets !== undefined && {
      pipelock: { ...pipelock, knownSecrets: pipelock.knownSecrets.map(toSecret) },
    }),
    ...(git?.remotes !== undefined && {
      git: { ...git, remotes: mapValues(git.remotes, (remote) => resolveRemote(remote, toPath)) },
    }),
    ...(typeof supervise === 'object' &&
      supervise.notify !== undefined && {
        supervise: { ...supervise, notify: resolveProgram(supervise.notify, toPath) },
      }),
  };
}

function resolveSecret(secret: SecretText, toPath: (path: string) => string): SecretText {
  if (secret.file !== undefined) return { file: toPath(secret.file) };
  return secret.command === undefined ? secret : { command: resolveProgram(secret.command, toPath) };
}

function resolveRemote(remote: RemoteText, toPath: (path: string) => string): RemoteText {
  return {
    ...remote,
    ...(remote.identity !== undefined && { identity: toPath(remote.identity) }),
    ...(remote.token !== undefined && { token: resolveSecret(remote.token, toPath) }),
  };
}

/** A program without a slash is looked up by name when it runs, so it stays. */
function resolveProgram(argv: readonly string[], toPath: (path: string) => string): string[] {
  const [program = '', ...rest] = argv;
  return [program.includes('/') && !isAbsolute(program) ? toPath(program) : program, ...rest];
}

function mapValues<Value>(
  record: Readonly<Record<string, Value>>,
  change: (value: Value) => Value,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
