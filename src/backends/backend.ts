import type { Readable, Writable } from 'node:stream';
import type { BackendPlan, BottlePlan } from '../plans/bottle-plan.ts';
import type { SecretReference } from '../plans/secret-reference.ts';

/**
 * The contract of a backend. Call order for one instance: `launch`, then any of the `RunningBottle`
 * methods, then `down` or the disposer. Every removal is idempotent: what is not there counts as removed.
 */
export interface Backend {
  readonly kind: BackendPlan['kind'];
  readonly features: BackendFeatures;

  /** Checks each capability of this host for the backend. Never throws for something that is missing. */
  diagnose(): Promise<readonly Capability[]>;

  /**
   * Does exactly what the plan says. Every acquisition goes on `context.stack`, its disposer before the
   * create call, so that disposing the stack removes everything, in reverse, also after a failure.
   * @throws BottleError `image-missing`, `subnet-taken`, `bundle-failed`, `guest-failed`, `seal-broken`, `engine-*`
   */
  launch(plan: BottlePlan, context: LaunchContext): Promise<RunningBottle>;

  /** Every instance that has a guest or a bundle, running or ended, by name then slug. */
  list(): Promise<readonly BottleSummary[]>;

  /**
   * Connects to an instance another process started.
   * @throws BottleError `bottle-not-up`
   */
  open(name: string): Promise<RunningBottle>;

  /** Labelled resources of instances whose launcher died, and leftovers of failed teardowns. */
  findLeftovers(): Promise<readonly Leftover[]>;
  removeLeftover(leftover: Leftover): Promise<void>;

  /** Builds or pulls the bundle's and the plan's guest image. */
  buildImages(plan: BottlePlan, options: BuildImagesOptions): Promise<readonly BuiltImage[]>;
}

/** What a backend can do; callers ask here, never by name. Shown in docs/backends.md. */
export interface BackendFeatures {
  readonly pause: boolean;
  readonly bindWorkspace: boolean;
  readonly sharedKernel: boolean;
}

export interface LaunchContext {
  /** Owned by the caller (`await using`). */
  readonly stack: AsyncDisposableStack;
  readonly signal: AbortSignal;
  /** The only way to a secret's value. Throws BottleError `secret-missing`. */
  readonly resolveSecret: (reference: SecretReference) => Promise<string>;
  /** Told before each step begins. */
  readonly onStep: (step: LaunchStep) => void;
}

export type LaunchStep = 'state' | 'networks' | 'bundle' | 'guest' | 'provisioning' | 'start';

export interface RunningBottle extends AsyncDisposable {
  readonly name: string;
  readonly slug: string;
  /** Whether the guest's first process has a terminal. */
  readonly tty: boolean;
  /**
   * Lets the instance outlive its launcher, whose operator detached: from then on it is no leftover when the
   * launcher is gone. The caller moves the stack away after it.
   */
  keep(): Promise<void>;
  /** Connects to the guest's first process; returns once connected. `replay` sends what it printed before. */
  attach(streams: SessionStreams, options: { readonly replay: boolean }): Promise<GuestSession>;
  /** Runs one more command in the guest. */
  exec(request: ExecRequest, streams: SessionStreams): Promise<GuestSession>;
  /** Starts the guest's first process; only `launch`'s caller calls it, once, after attaching. */
  start(): Promise<void>;
  /** Resolves with the exit status of the guest's first process. */
  wait(signal?: AbortSignal): Promise<number>;
  state(): Promise<BottleState>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Log bytes of the guest, or of one or all daemons of the bundle. */
  logs(
    source: LogSource,
    options: { readonly follow: boolean; readonly signal?: AbortSignal },
  ): AsyncIterable<Uint8Array>;
  /**
   * Has the bundle's daemons read their configuration and the operator's decisions again, without a restart.
   * @param revision resolves when every daemon that enforces policy says it acts by this one; null: at once, for decisions
   *   that change no policy
   * @throws BottleError `policy-not-applied` when a daemon refuses it or none answers in time; `bottle-not-running`
   */
  reload(revision: number | null, signal: AbortSignal): Promise<void>;
  /** Packs a path of the guest as a tar stream. Throws BottleError `usage-invalid` where there is none. */
  readArchive(path: string): Promise<Readable>;
  /** Unpacks a tar stream into a folder of the guest, owned by the guest's user. */
  writeArchive(path: string, archive: Readable): Promise<void>;
  /** Removes everything of the instance, guest first. Idempotent. Throws BottleError `teardown-incomplete`. */
  down(): Promise<void>;
}

export type LogSource =
  | { readonly kind: 'guest' }
  | { readonly kind: 'bundle'; readonly daemon: string | null };

/**
 * `running`, `paused`, `ended` (the guest's first process is over), `drifted` (bundle or guest is gone or
 * died without being asked: the guest then has no peer).
 */
export type BottleState = 'created' | 'running' | 'paused' | 'ended' | 'drifted';

export interface SessionStreams {
  readonly stdin: Readable | null;
  readonly stdout: Writable;
  /** Unused with a terminal: the guest's pty merges both. */
  readonly stderr: Writable;
}

export interface ExecRequest {
  readonly argv: readonly string[];
  readonly tty: boolean;
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string | null;
  readonly user: 'guest' | 'root';
}

/** One attached process. */
export interface GuestSession {
  /** Resolves with the exit status once the process ended and all its output was written. */
  readonly exit: Promise<SessionEnd>;
  resize(size: { readonly columns: number; readonly rows: number }): Promise<void>;
  /** Sends a signal to the process, by its name without `SIG`. */
  signal(name: string): Promise<void>;
  /** Leaves the process running and closes the streams. */
  detach(): void;
}

export type SessionEnd = { readonly kind: 'exited'; readonly status: number } | { readonly kind: 'detached' };

export interface BottleSummary {
  readonly name: string;
  readonly slug: string;
  readonly backend: BackendPlan['kind'];
  readonly state: BottleState;
  readonly image: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly detached: boolean;
}

export interface Leftover {
  readonly backend: BackendPlan['kind'];
  readonly kind: 'container' | 'network' | 'volume' | 'state';
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  /** Why it counts as left over, in a few words. */
  readonly reason: string;
}

export interface Capability {
  readonly name: string;
  readonly status: 'present' | 'missing' | 'warning';
  readonly detail: string;
  /** What to do about it; empty where nothing needs doing. */
  readonly remedy: string;
  readonly required: boolean;
}

export interface BuildImagesOptions {
  readonly signal: AbortSignal;
  readonly onOutput: (line: string) => void;
  /** PEM files of authorities that builds need behind a company proxy. */
  readonly extraCaFiles: readonly string[];
  /** The manifest's own Dockerfile, whose folder is the build's context, or null where it names none. */
  readonly dockerfile: string | null;
  /** Build even when the image is there. */
  readonly force: boolean;
}

export interface BuiltImage {
  readonly reference: string;
  readonly kind: 'bundle' | 'guest';
  /** `present`: nothing was done. */
  readonly outcome: 'built' | 'pulled' | 'present';
}
