import type { GitRemotePlan } from '../../../plans/git-gate-plan.ts';

/** Where in a push something was found. */
export type FindingPlace =
  | 'file'
  | 'file-name'
  | 'message'
  | 'author'
  | 'committer'
  | 'commit-header'
  | 'tag'
  | 'ref-name'
  | 'push';

/** Which of a remote's checks found it. */
export type CheckName = keyof GitRemotePlan['checks'];

/** One thing found in a push. SECURITY: it names the place and the rule, never what was found. */
export interface Finding {
  /** `github-token`, a known secret's name, `hooks`, `too-large`. */
  readonly rule: string;
  /** The DLP engine's, or one of git's. */
  readonly layer: 'dlp' | 'git';
  readonly place: FindingPlace;
  /** Whole id of the commit or tag, or null. */
  readonly commit: string | null;
  /** As git has it, in printable characters and cut to a bound; null where it is not about a file. */
  readonly path: string | null;
  /** From 1, or null. */
  readonly line: number | null;
  /** What is wrong, as the rest of a sentence: `holds a GitHub token`. */
  readonly says: string;
}
