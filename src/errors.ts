/** How a failed `bottle` command ends: the process's exit status. Rule: DESIGN, "Errors". */
export const exitStatus = {
  usage: 2,
  unavailable: 3,
  refused: 4,
  teardownIncomplete: 5,
  bug: 70,
  hungUp: 129,
  interrupted: 130,
  outputClosed: 141,
  terminated: 143,
} as const;

interface ErrorDefinition {
  /** The process's exit status when this error ends a command. */
  readonly exit: number;
  /** What to do next, in one sentence; used where the place that throws knows nothing better. */
  readonly hint: string;
}

/**
 * Every error a user can meet. A code never changes meaning; `docs/errors.md` explains each, and a
 * test fails when the two lists differ.
 */
export const errorTable = {
  'manifest-not-found': { exit: exitStatus.usage, hint: 'Create it with "bottle init NAME".' },
  'manifest-invalid': { exit: exitStatus.usage, hint: 'Correct the manifest and try again.' },
  'manifest-exists': {
    exit: exitStatus.usage,
    hint: 'Edit the manifest that is there, or choose another name.',
  },
  'usage-invalid': { exit: exitStatus.usage, hint: 'See "bottle help".' },
  'name-invalid': {
    exit: exitStatus.usage,
    hint: 'Use 1 to 40 lower-case letters, digits and single hyphens, starting with a letter.',
  },
  'secret-missing': {
    exit: exitStatus.usage,
    hint: 'Provide the secret the manifest refers to, then try again.',
  },
  'bottle-already-up': {
    exit: exitStatus.usage,
    hint: 'Attach with "bottle attach NAME" or end it with "bottle down NAME".',
  },
  'bottle-not-up': {
    exit: exitStatus.usage,
    hint: 'Start it with "bottle up NAME"; "bottle ls" shows what is up.',
  },
  'bottle-not-running': {
    exit: exitStatus.usage,
    hint: 'Its guest has ended: read it with "bottle logs NAME", remove it with "bottle down NAME".',
  },
  'bottle-paused': { exit: exitStatus.usage, hint: 'Let it go on with "bottle unpause NAME".' },
  'backend-unavailable': {
    exit: exitStatus.unavailable,
    hint: 'Run "bottle doctor" to see what is missing.',
  },
  'engine-unreachable': {
    exit: exitStatus.unavailable,
    hint: 'Start the Docker engine, then run "bottle doctor".',
  },
  'engine-forbidden': {
    exit: exitStatus.unavailable,
    hint: 'Give your user access to the engine\'s socket, for example by joining the group "docker".',
  },
  'engine-failed': {
    exit: exitStatus.unavailable,
    hint: 'Run "bottle doctor"; the engine\'s own message is above.',
  },
  'image-missing': { exit: exitStatus.unavailable, hint: 'Build it with "bottle image build NAME".' },
  'image-build-failed': { exit: exitStatus.unavailable, hint: 'Read the build output above.' },
  'subnet-taken': {
    exit: exitStatus.unavailable,
    hint: 'Try again: another network took the address range in the same moment.',
  },
  'seal-broken': {
    exit: exitStatus.unavailable,
    hint: 'The guest could reach something besides its bundle, so the bottle was taken down. Run "bottle doctor".',
  },
  'bundle-failed': {
    exit: exitStatus.unavailable,
    hint: 'Read the bundle\'s own words above; "bottle doctor" checks the set-up.',
  },
  'guest-failed': {
    exit: exitStatus.unavailable,
    hint: 'Check that the image holds the command that the manifest names.',
  },
  'teardown-incomplete': {
    exit: exitStatus.teardownIncomplete,
    hint: 'Run "bottle gc" to remove what is left.',
  },
  'request-not-found': {
    exit: exitStatus.usage,
    hint: 'See what is waiting with "bottle supervise ls".',
  },
  'request-answered': {
    exit: exitStatus.usage,
    hint: 'The first answer holds; see it with "bottle supervise show ID".',
  },
  'request-stale': {
    exit: exitStatus.usage,
    hint: 'Look at the difference it makes now with "bottle supervise show ID", then answer again.',
  },
  'request-invalid': { exit: exitStatus.usage, hint: 'Correct the proposal and answer again.' },
  'grant-not-found': {
    exit: exitStatus.usage,
    hint: 'See what was granted with "bottle supervise ls --all".',
  },
  'policy-not-applied': {
    exit: exitStatus.unavailable,
    hint: 'The bottle keeps the policy it had; "bottle logs NAME" has the daemons\' own words.',
  },
  'audit-broken': {
    exit: exitStatus.refused,
    hint: 'Somebody changed the audit log, or a disk did: keep the file and look at the line named above.',
  },
  'audit-unwritable': {
    exit: exitStatus.unavailable,
    hint: 'What cannot be written down is not done: look at the disk and at who owns the file.',
  },
  'operator-busy': {
    exit: exitStatus.unavailable,
    hint: 'Another command of an operator is at work there: try again once it is done.',
  },
  'archive-unsafe': {
    exit: exitStatus.refused,
    hint: 'Nothing was written outside of the destination. Look at the files in the guest before you copy them.',
  },
  interrupted: {
    exit: exitStatus.interrupted,
    hint: 'What had been made was removed again; run the command once more when you like.',
  },
  terminated: {
    exit: exitStatus.terminated,
    hint: 'What had been made was removed again; run the command once more when you like.',
  },
  'hung-up': {
    exit: exitStatus.hungUp,
    hint: 'What had been made was removed again; "bottle up NAME --detach" needs no terminal.',
  },
  'output-closed': {
    exit: exitStatus.outputClosed,
    hint: 'What had been made was removed again; keep the reader of the output open until the end.',
  },
  bug: { exit: exitStatus.bug, hint: 'This is a defect in bottle: please report it with the text above.' },
} as const satisfies Record<string, ErrorDefinition>;

/** A stable name of an error, one of {@link errorTable}. */
export type ErrorCode = keyof typeof errorTable;

/**
 * The one expected error of bottle: a code, one plain sentence and a hint. What a command prints of it
 * is `message` and `hint`, a line each, and no stack.
 */
export class BottleError extends Error {
  override readonly name = 'BottleError';
  readonly code: ErrorCode;
  /** What the user can do about it, in one sentence. */
  readonly hint: string;

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? errorTable[code].hint;
  }

  /** The exit status of a command that this error ends. */
  get exit(): number {
    return errorTable[this.code].exit;
  }
}
