import type { GitPushLimits, GitRemotePlan } from '../../../plans/git-gate-plan.ts';
import type { ScanTables } from '../../../scan/scan-tables.ts';
import type { Finding } from './finding.ts';

/** A bare repository and, beside it, the objects of one push that git has received and not yet taken in. */
export interface PushRepository {
  /**
   * Program and first arguments that run git: `['/usr/bin/git']`, or a program that limits its memory in
   * front. SECURITY: it should, for git lists all changes of a commit before it writes the first, and a
   * few trees can name more files than memory holds.
   */
  readonly git: readonly [string, ...string[]];
  /**
   * Absolute. Its objects were checked on the way in (`receive.fsckObjects`): no tree here has two
   * readings.
   */
  readonly directory: string;
  /** `GIT_OBJECT_DIRECTORY`, as the hook has it; empty where it has none, as for a push that only removes. */
  readonly objectDirectory: string;
  /** `GIT_ALTERNATE_OBJECT_DIRECTORIES`, as the hook has it. */
  readonly alternateObjectDirectories: string;
}

/** One line of what git tells the hook. Ids are 40 or 64 hexadecimal digits; zeros for "there is none". */
export interface PushUpdate {
  readonly ref: string;
  readonly old: string;
  readonly new: string;
}

/** What is looked for besides the engine's credential classes. */
export interface InspectionRules {
  /** Known secrets: `createScanTables(fingerprints)`. */
  readonly known: ScanTables;
  readonly checks: GitRemotePlan['checks'];
}

export type InspectionLimits = Pick<GitPushLimits, 'maxFileBytes' | 'maxUnpackedBytes' | 'maxCommits'>;

export interface PushInspection {
  /** What the push is refused for; it may go on only where this is empty. The first 50. */
  readonly findings: readonly Finding[];
  /** What the manifest wants reported and not refused. The first 50. */
  readonly reports: readonly Finding[];
  /**
   * Whether there is more to refuse than is listed, or the inspection ended early; only where something is
   * listed.
   */
  readonly more: boolean;
  /** Whether there is more to report than is listed. */
  readonly moreReports: boolean;
  readonly newCommits: number;
  /** Of the new commits, tags and files that were looked at. */
  readonly unpackedBytes: number;
}
