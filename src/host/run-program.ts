/** One program to run on this host: an argument vector, never a shell's line. */
export interface ProgramRequest {
  /** The program and its arguments. */
  readonly argv: readonly string[];
  /** Everything the program sees of the environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly timeoutMs: number;
  /** A program that prints more on either stream is ended. */
  readonly maxOutputBytes: number;
  /** What it reads on its standard input; without it there is nothing to read. A program that does not read it may end all the same. */
  readonly input?: string;
  readonly signal?: AbortSignal;
}

/** How a program's run went; what went wrong is a value, because what it means is the caller's to say. */
export type ProgramResult =
  | { readonly kind: 'ended'; readonly status: number; readonly stdout: string; readonly stderr: string }
  | { readonly kind: 'not-started'; readonly reason: string }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'too-much-output' }
  | { readonly kind: 'killed'; readonly signal: string };

/**
 * Runs a program and waits for its end.
 * @throws the signal's reason when it aborts; the program is then ended first
 */
export async function runProgram(request: ProgramRequest): Promise<ProgramResult> {
  request.signal?.throwIfAborted();
  const [file, ...args] = request.argv;
  if (file === undefined) return { kind: 'not-started', reason: 'there is no program to run' };
  const { execa } = await import('execa');
  const result = await execa(file, args, {
    env: definedOf(request.env),
    extendEnv: false,
    ...(request.input === undefined ? { stdin: 'ignore' } : { input: request.input }),
    reject: false,
    stripFinalNewline: false,
    timeout: request.timeoutMs,
    maxBuffer: request.maxOutputBytes,
    ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
    ...(request.signal === undefined ? {} : { cancelSignal: request.signal }),
  });
  if (result.isCanceled) request.signal?.throwIfAborted();
  if (result.timedOut) return { kind: 'timed-out' };
  if (result.isMaxBuffer) return { kind: 'too-much-output' };
  if (result.signal !== undefined) return { kind: 'killed', signal: result.signal };
  if (result.exitCode === undefined) return { kind: 'not-started', reason: result.code ?? 'unknown reason' };
  return { kind: 'ended', status: result.exitCode, stdout: result.stdout, stderr: result.stderr };
}

function definedOf(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
