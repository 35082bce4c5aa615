import type { GitRemotePlan } from '../../../plans/git-gate-plan.ts';
import { RequestRefusal } from './git-request.ts';

/**
 * The remote that a request is about: by the path of its URL, with or without `.git`, or by its own name. A path is compared,
 * never followed: the gate opens no folder that is named in a request.
 * @throws RequestRefusal that names the remotes there are
 */
export function findRemote<Remote extends Pick<GitRemotePlan, 'name' | 'gatePath' | 'url'>>(
  remotes: readonly Remote[],
  path: string,
): Remote {
  const wanted = path.replace(/\.git$/, '');
  const remote = remotes.find(({ gatePath, name }) =>
    // Git decodes what is encoded in a URL before it asks.
    [gatePath, decodePath(gatePath), name].some((known) => known === wanted || known === path),
  );
  if (remote !== undefined) return remote;
  const known = remotes.map(({ name, url }) => `${name} (${url})`).join(', ');
  throw new RequestRefusal(
    `This bottle has no such remote. It has: ${known}. Only your operator can add one.`,
  );
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
