import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GitRemotePlan } from '../../../../../../src/plans/git-gate-plan.ts';
import type { LabelledSecret } from '../../../../../../src/scan/fingerprint.ts';
import type { Finding } from '../../../../../../src/sidecars/git-gate/inspection/finding.ts';
import type {
  InspectionLimits,
  PushInspection,
} from '../../../../../../src/sidecars/git-gate/inspection/push.ts';

/** What the hook of the bare repository reads. */
export interface InspectionRequest {
  readonly checks: GitRemotePlan['checks'];
  readonly limits: InspectionLimits;
  readonly secrets: readonly LabelledSecret[];
  /** Program and first arguments that run git. */
  readonly git: readonly [string, ...string[]];
  /** Whether git takes the push in. */
  readonly accept: boolean;
}

/** What it leaves behind. */
export type InspectionResult =
  | { readonly kind: 'inspected'; readonly inspection: PushInspection; readonly milliseconds: number }
  | { readonly kind: 'failed'; readonly message: string };

export const refuseAll: GitRemotePlan['checks'] = {
  submodules: 'refuse',
  attributes: 'refuse',
  hooks: 'refuse',
  symlinks: 'refuse',
  lfs: 'refuse',
};

const usual: InspectionRequest = {
  checks: refuseAll,
  limits: { maxFileBytes: 8 * 1024 * 1024, maxUnpackedBytes: 64 * 1024 * 1024, maxCommits: 1000 },
  secrets: [],
  git: ['/usr/bin/git'],
  accept: false,
};

const hook = fileURLToPath(new URL('inspecting-hook.ts', import.meta.url));
const isolated = {
  PATH: process.env.PATH ?? '',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Ann Author',
  GIT_AUTHOR_EMAIL: 'ann@example.org',
  GIT_COMMITTER_NAME: 'Carl Committer',
  GIT_COMMITTER_EMAIL: 'carl@example.org',
  GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
  GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
};

/** A working repository and the bare one it pushes to, whose hook inspects what is in git's own quarantine. */
export interface PushedRepository extends Disposable {
  readonly work: string;
  /** Runs git in the working repository; returns what it wrote, without the last line end. */
  git(...args: readonly string[]): string;
  /** As above, with text on its standard input and further variables. */
  gitWith(
    options: { input?: string | Buffer; env?: Readonly<Record<string, string>> },
    ...args: readonly string[]
  ): string;
  write(path: string, content: string | Buffer): void;
  /** Stores a text as a blob, outside of any commit; returns its id. */
  blob(content: string): string;
  /** Stages everything and commits it; returns the commit's id. */
  commit(message: string): string;
  /** Pushes by these refspecs and returns what the inspection in the hook came to. */
  push(refspecs?: readonly string[], request?: Partial<InspectionRequest>): InspectionResult;
}

/** Makes both, with one commit that the bare one has already taken in. */
export function createPushedRepository(): PushedRepository {
  const root = mkdtempSync(join(tmpdir(), 'bottle-inspection-'));
  const work = join(root, 'work');
  const bare = join(root, 'bare.git');
  const run = (
    cwd: string,
    args: readonly string[],
    options: { input?: string | Buffer; env?: object } = {},
  ) =>
    execFileSync('/usr/bin/git', args, {
      cwd,
      input: options.input ?? '',
      env: { ...isolated, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      maxBuffer: 256 * 1024 * 1024,
    })
      .toString()
      .replace(/\n$/, '');
  mkdirSync(root, { recursive: true });
  run(root, ['init', '-q', '--bare', bare]);
  run(bare, ['config', 'receive.fsckObjects', 'true']);
  writeFileSync(join(bare, 'hooks', 'pre-receive'), `#!/bin/sh\nexec '${process.execPath}' '${hook}'\n`);
  chmodSync(join(bare, 'hooks', 'pre-receive'), 0o755);
  run(root, ['init', '-q', '-b', 'main', work]);
  run(work, ['remote', 'add', 'origin', bare]);

  const repository: PushedRepository = {
    work,
    git: (...args) => run(work, args),
    gitWith: (options, ...args) => run(work, args, options),
    write(path, content) {
      mkdirSync(dirname(join(work, path)), { recursive: true });
      writeFileSync(join(work, path), content);
    },
    blob: (content) => run(work, ['hash-object', '-w', '--stdin'], { input: content }),
    commit(message) {
      run(work, ['add', '-A', '-f']);
      run(work, ['commit', '-q', '--allow-empty', '-F', '-'], { input: message });
      return run(work, ['rev-parse', 'HEAD']);
    },
    push(refspecs = ['HEAD:refs/heads/agent/work'], request = {}) {
      writeFileSync(join(bare, 'request.json'), JSON.stringify({ ...usual, ...request }));
      rmSync(join(bare, 'result.json'), { force: true });
      let words = '';
      try {
        run(work, ['push', '-q', 'origin', ...refspecs]);
      } catch (cause) {
        words = String(cause);
      }
      try {
        return JSON.parse(readFileSync(join(bare, 'result.json'), 'utf8'));
      } catch {
        throw new Error(`the hook did not run: ${words}`);
      }
    },
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
  repository.write('README.md', 'A repository.\n');
  repository.commit('First');
  const first = repository.push(['HEAD:refs/heads/main'], { accept: true });
  if (first.kind !== 'inspected' || first.inspection.findings.length > 0)
    throw new Error('the first push is refused');
  return repository;
}

/** What a push is refused for. */
export function toFindings(result: InspectionResult): readonly Finding[] {
  if (result.kind === 'failed') throw new Error(result.message);
  return result.inspection.findings;
}
