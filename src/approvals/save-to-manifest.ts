import { randomBytes } from 'node:crypto';
import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { BottleError } from '../errors.ts';
import { applyGrants } from '../plans/apply-grants.ts';
import type { Grant } from '../plans/live-policy.ts';
import type { Proposal } from '../queue/proposal.ts';
import { toChange } from './grant-difference.ts';
import type { Instance } from './instance.ts';
import type { QueueEntry } from './queue-entry.ts';
import type { ApprovalSurroundings } from './surroundings.ts';

/** Somebody who saves the same file again and again is not waited for. */
const maxAttempts = 5;

/**
 * Checks that a grant can be written into its bottle's manifest, before it is given.
 * @throws BottleError `usage-invalid` for what no manifest holds; what loading and editing a manifest throw
 */
export async function requireSavable(
  surroundings: ApprovalSurroundings,
  instance: Instance,
  proposal: Proposal,
): Promise<void> {
  const change = toChange(proposal);
  if (change === null) {
    throw new BottleError('usage-invalid', 'Only a route or an exemption can be written into the manifest.');
  }
  await findText(surroundings, instance, change);
}

/**
 * Writes a grant that is in force into its bottle's manifest, whose file keeps its mode and, where it is a link, its place. What
 * the file says is what it said in the moment it is replaced, and the grant.
 * @throws BottleError as {@link requireSavable}, saying that the grant is in force all the same
 */
export async function saveToManifest(
  surroundings: ApprovalSurroundings,
  instance: Instance,
  entry: QueueEntry,
): Promise<void> {
  const { decision, difference, bottle, slug, request } = entry;
  const change = decision?.proposal == null ? null : toChange(decision.proposal);
  if (change === null) return;
  try {
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      const { path, before, after } = await findText(surroundings, instance, change);
      if (before === after) return;
      const record = { event: 'manifest-changed', request: request.id, file: path, difference } as const;
      const audit = () => surroundings.audit.append([{ ...record, bottle, slug }]);
      if (await replaceFile(path, before, after, audit)) return;
    }
    throw new BottleError('manifest-invalid', 'It was changed by somebody else, again and again.');
  } catch (error) {
    if (!(error instanceof BottleError)) throw error;
    const message = `The request is approved and in force, but the manifest was not changed: ${error.message}`;
    throw new BottleError(error.code, message, { hint: error.hint, cause: error });
  }
}

interface ManifestTexts {
  /** Absolute. */
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

async function findText(
  { manifests }: ApprovalSurroundings,
  { plan, policy }: Instance,
  change: Grant['change'],
): Promise<ManifestTexts> {
  // A schema library and a YAML parser, for those who save.
  const { saveGrant } = await import('../plans/manifest/save-grant.ts');
  let before: string | null = null;
  const { path, text } = await saveGrant(plan.name, change, applyGrants(plan, policy), {
    ...manifests,
    // Read once, so that what is edited is what is compared with.
    async readManifestFile(name) {
      const file = await manifests.readManifestFile(name);
      if (name !== plan.name || file === null) return file;
      before ??= file.text;
      return { ...file, text: before };
    },
  });
  return { path, before: before ?? '', after: text };
}

/** @returns false where the file is not what it was */
async function replaceFile(
  path: string,
  before: string,
  after: string,
  beforeRename: () => Promise<void>,
): Promise<boolean> {
  const target = await realpath(path);
  const { mode } = await stat(target);
  const draft = `${target}.${randomBytes(6).toString('hex')}.draft`;
  try {
    {
      await using file = await open(draft, 'wx', 0o600);
      await file.writeFile(after);
      await file.chmod(mode & 0o777);
      await file.sync();
    }
    if ((await readFile(target, 'utf8')) !== before) return false;
    await beforeRename();
    await rename(draft, target);
    return true;
  } catch (error) {
    if (error instanceof BottleError || !(error instanceof Error && 'code' in error)) throw error;
    throw new BottleError(
      'manifest-invalid',
      `The file ${target} cannot be written (${String(error.code)}).`,
      {
        cause: error,
      },
    );
  } finally {
    await rm(draft, { force: true });
  }
}
