import { z } from 'zod';
import { parseByteSize, pushRange } from './byte-size.ts';
import { type GitPlace, parseGitUrl } from './git-url.ts';
import { parseKnownHosts } from './known-host.ts';
import { isRefPattern } from './ref-pattern.ts';
import { secretSchema } from './route-schema.ts';
import { pathText } from './text-schema.ts';

const maxRemotes = 32;

const remoteName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'is not a plain name of a remote, such as "origin"')
  .refine((name) => !name.includes('..') && !/\.(?:lock|git)?$/.test(name), {
    error: 'is a name that git cannot keep a remote by',
  });

const urlSchema = z
  .string()
  .superRefine((text, context) => {
    const parsed = parseGitUrl(text);
    if (parsed.kind === 'refused') context.addIssue({ code: 'custom', message: parsed.problem, input: text });
  })
  .describe('"https://host/path", "ssh://user@host/path" or "user@host:path".');

const refPattern = z.string().refine(isRefPattern, {
  error:
    'is not a pattern of refs: write branches such as "agent/*", or in full "refs/heads/..." and "refs/tags/..."',
});

const sizeSchema = z
  .string()
  .refine((text) => parseByteSize(text, pushRange) !== null, {
    error: `is not a size such as "100MiB" (${pushRange.words})`,
  })
  .exactOptional();

const action = z.enum(['refuse', 'report']).exactOptional();

const checksSchema = z
  .strictObject({
    submodules: action.describe('Submodules and what names them. Default: refuse.'),
    attributes: action.describe('Filters and drivers in .gitattributes. Default: refuse.'),
    hooks: action.describe('Files that a hook program runs. Default: refuse.'),
    symlinks: action.describe('Symbolic links out of the tree. Default: refuse.'),
    lfs: action.describe('Pointers to large files, whose content the gate does not see. Default: refuse.'),
  })
  .exactOptional()
  .describe('What a push with these is met with: refused, or let through and reported.');

const remoteSchema = z
  .strictObject({
    url: urlSchema,
    identity: pathText.exactOptional().describe('Path of the private key; ssh only, and needed there.'),
    knownHost: z
      .union([z.string().max(65_536), z.array(z.string().max(65_536)).min(1, 'is an empty list')])
      .exactOptional()
      .describe("The server's key, as ssh-keyscan prints it; ssh only, and needed there."),
    token: secretSchema.exactOptional().describe('What the gate proves itself with; https only.'),
    username: z
      .string()
      .regex(/^[A-Za-z0-9._@+-]{1,128}$/, 'is not a plain name')
      .exactOptional()
      .describe('Sent with the token. Default: x-access-token.'),
    push: z
      .array(refPattern)
      .max(64, 'has more than 64 patterns')
      .exactOptional()
      .describe('Refs that may be pushed; "*" within a part of a name, "**" across. Default: none.'),
    force: z
      .boolean()
      .exactOptional()
      .describe("Whether the bottle's own branches may be pushed by force. Default: false."),
    approve: z
      .boolean()
      .exactOptional()
      .describe('Whether each push waits for the operator. Default: false.'),
    checks: checksSchema,
    maxPush: sizeSchema.describe('Of one push, packed. Default: 1GiB.'),
    maxFile: sizeSchema.describe('Of one file in a push. Default: 100MiB.'),
  })
  .superRefine((remote, context) => {
    const add = ({ key, message }: RemoteProblem) =>
      context.addIssue({ code: 'custom', path: [key], message });
    const place = parseGitUrl(remote.url);
    if (place.kind !== 'refused') findProblems(remote, place).forEach(add);
  })
  .describe('A repository the guest works with through the git gate.');

/** `git.remotes`: by name. */
export const remotesSchema = z
  .record(remoteName, remoteSchema)
  .refine((remotes) => Object.keys(remotes).length <= maxRemotes, {
    error: `has more than ${maxRemotes} remotes`,
  });

/** An entry of `git.remotes`, as written. */
export type RemoteText = z.infer<typeof remoteSchema>;

interface RemoteProblem {
  readonly key: keyof RemoteText;
  readonly message: string;
}

/** SECURITY: the gate proves itself by one means, to a server that it knows. */
function findProblems(remote: RemoteText, place: GitPlace): readonly RemoteProblem[] {
  if (place.kind === 'https') {
    const foreign = (['identity', 'knownHost'] as const)
      .filter((key) => remote[key] !== undefined)
      .map((key) => ({ key, message: 'goes with ssh, and the URL is https: use "token"' }));
    return remote.username !== undefined && remote.token === undefined
      ? [...foreign, { key: 'username', message: 'needs a "token" that it goes with' }]
      : foreign;
  }
  const foreign = (['token', 'username'] as const)
    .filter((key) => remote[key] !== undefined)
    .map((key) => ({ key, message: 'goes with https, and the URL is ssh: use "identity"' }));
  const identity: readonly RemoteProblem[] =
    remote.identity === undefined
      ? [{ key: 'identity', message: 'is missing; it is the path of a private key' }]
      : [];
  return [...foreign, ...identity, ...findKnownHostProblems(remote.knownHost, place)];
}

function findKnownHostProblems(text: RemoteText['knownHost'], place: GitPlace): readonly RemoteProblem[] {
  if (text === undefined) {
    const message = `is missing; it is what "ssh-keyscan ${place.host}" prints, once you have checked it`;
    return [{ key: 'knownHost', message }];
  }
  const parsed = parseKnownHosts(text, place);
  return parsed.kind === 'refused' ? [{ key: 'knownHost', message: parsed.problem }] : [];
}
