import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BottleError } from '../errors.ts';
import type { LivePolicy } from '../plans/live-policy.ts';
import type { RequestId } from '../queue/request.ts';
import { replaceText } from './replace-text.ts';

/**
 * What an operator's command is about to do to a bottle, written before it begins and removed when it is whole: what a killed
 * command leaves for the next one to put right.
 */
export interface PendingAnswer {
  readonly version: 1;
  readonly cause: 'approved' | 'rejected' | 'revoked';
  readonly request: RequestId;
  /** The policy before, and after it; null where it changes none. */
  readonly policy: { readonly before: LivePolicy; readonly after: LivePolicy } | null;
}

const file = 'pending.json';

/** Says that it begins. */
export async function writePending(stateDirectory: string, pending: PendingAnswer): Promise<void> {
  await replaceText(join(stateDirectory, file), `${JSON.stringify(pending)}\n`);
}

/** Says that it is whole, or undone. */
export async function removePending(stateDirectory: string): Promise<void> {
  await rm(join(stateDirectory, file), { force: true });
}

/** What a killed command left, or null. */
export async function readPending(stateDirectory: string): Promise<PendingAnswer | null> {
  const path = join(stateDirectory, file);
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new BottleError('policy-not-applied', `The file ${path} is damaged.`, {
      hint: 'Take the bottle down and up again: which policy it was given last cannot be told.',
      cause: error,
    });
  }
}
