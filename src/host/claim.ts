import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BottleError } from '../errors.ts';
import { hasCode } from './error-code.ts';
import { isProcessOver, type ProcessIdentity, readOwnIdentity } from './process-identity.ts';

/** Says that one process is bringing a bottle of a name up. */
export interface Claim {
  /** Gives the name free. Idempotent. */
  release(): Promise<void>;
}

interface ClaimRecord {
  readonly slug: string;
  readonly owner: ProcessIdentity;
  /** Tells two claims of one process apart. */
  readonly nonce: string;
}

const maxAttempts = 50;

/** Where the claim for a name lies. */
export function claimPath(stateHome: string, name: string): string {
  return join(stateHome, 'claims', name);
}

/**
 * Claims a name for this process, or takes the claim over from a process that is over.
 * INVARIANT: of all processes that ask at once, at most one gets it.
 * @throws BottleError `bottle-already-up` when another process holds it
 */
export async function acquireClaim(path: string, name: string, slug: string): Promise<Claim> {
  const answer = await tryClaim(path, slug);
  if (answer.kind === 'claimed') return answer.claim;
  throw new BottleError(
    'bottle-already-up',
    `Process ${answer.holder.pid} is bringing the bottle "${name}" up already.`,
    { hint: `Wait for it, then attach with "bottle attach ${name}".` },
  );
}

/** What became of the wish for a claim. */
export type ClaimAnswer =
  | { readonly kind: 'claimed'; readonly claim: Claim }
  | { readonly kind: 'held'; readonly holder: ProcessIdentity };

/** As {@link acquireClaim}, for callers to whom another holder is no error. */
export async function tryClaim(path: string, slug: string): Promise<ClaimAnswer> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const record: ClaimRecord = { slug, owner: await readOwnIdentity(), nonce: randomBytes(8).toString('hex') };
  const holder = await tryAcquire(path, record);
  if (holder !== null) return { kind: 'held', holder: holder.owner };
  return { kind: 'claimed', claim: { release: () => release(path, record) } };
}

/** @returns null when the claim is ours, else the claim that stands in the way */
async function tryAcquire(path: string, record: ClaimRecord): Promise<ClaimRecord | null> {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    if (await createExclusively(path, record)) return null;
    const present = await readClaim(path);
    if (present === null) continue;
    if (!(await isProcessOver(present.owner))) return present;
    const rival = await removeDead(path, present, record);
    if (rival !== null) return rival;
  }
  throw new BottleError('bug', `The claim ${path} could not be settled.`);
}

/**
 * Removes a dead process's claim. Between reading a claim and removing it, another process may have done
 * the same and claimed the name; so the right to remove this one claim is itself claimed, under its nonce.
 * @returns null when the claim is gone, else the live process that is removing it
 */
async function removeDead(path: string, dead: ClaimRecord, record: ClaimRecord): Promise<ClaimRecord | null> {
  const removal = `${path}.${dead.nonce}`;
  const rival = await tryAcquire(removal, record);
  if (rival !== null) return rival;
  try {
    const present = await readClaim(path);
    if (present?.nonce === dead.nonce) await unlinkIfThere(path);
  } finally {
    await release(removal, record);
  }
  return null;
}

/** The file appears with its whole content or not at all. */
async function createExclusively(path: string, record: ClaimRecord): Promise<boolean> {
  const draft = `${path}.${randomBytes(8).toString('hex')}.draft`;
  await writeFile(draft, `${JSON.stringify(record)}\n`, { flag: 'wx', mode: 0o600 });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await unlinkIfThere(draft);
  }
}

async function readClaim(path: string): Promise<ClaimRecord | null> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  });
  if (text === null) return null;
  const record = parseClaim(text);
  if (record === null) {
    throw new BottleError('bug', `The file ${path} is no claim of bottle's.`, { hint: 'Remove the file.' });
  }
  return record;
}

function parseClaim(text: string): ClaimRecord | null {
  try {
    const value: Partial<ClaimRecord> = JSON.parse(text);
    const { slug, owner, nonce } = value;
    if (typeof slug !== 'string' || typeof owner?.pid !== 'number' || typeof nonce !== 'string') return null;
    return { slug, owner, nonce };
  } catch {
    return null;
  }
}

async function release(path: string, record: ClaimRecord): Promise<void> {
  const present = await readClaim(path);
  if (present?.nonce === record.nonce) await unlinkIfThere(path);
}

async function unlinkIfThere(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (!hasCode(error, 'ENOENT')) throw error;
  });
}
