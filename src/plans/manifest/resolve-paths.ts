import { dirname, isAbsolute, join, resolve } from 'node:path';
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
  const { image, prompt, workspace, egress, pipelock } = content;
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
  };
}

/** A command without a slash is looked up by name when it runs, so it stays. */
function resolveSecret(secret: SecretText, toPath: (path: string) => string): SecretText {
  if (secret.file !== undefined) return { file: toPath(secret.file) };
  const [program = '', ...rest] = secret.command ?? [];
  const isPath = program.includes('/') && !isAbsolute(program);
  return isPath ? { command: [toPath(program), ...rest] } : secret;
}
