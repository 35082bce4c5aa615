import { describe, expect, it } from 'vitest';
import { type ProgramRequest, runProgram } from '../../../src/host/run-program.ts';

const limits = { timeoutMs: 10_000, maxOutputBytes: 10_000 };

function toRequest(script: string, changes: Partial<ProgramRequest> = {}): ProgramRequest {
  return { argv: [process.execPath, '-e', script], env: {}, ...limits, ...changes };
}

describe('runProgram', () => {
  it('returns status and both streams', async () => {
    const script = 'console.log("out"); console.error("err"); process.exitCode = 3';
    expect(await runProgram(toRequest(script))).toEqual({
      kind: 'ended',
      status: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });

  it('passes arguments as they are, through no shell', async () => {
    const argv = [process.execPath, '-e', 'console.log(process.argv[1])', '$(id); `id` "x"'];
    expect(await runProgram({ argv, env: {}, ...limits })).toMatchObject({ stdout: '$(id); `id` "x"\n' });
  });

  it('gives the program no variable of this process but those named', async () => {
    process.env.BOTTLE_TEST_INHERITED = 'leaked';
    const script =
      'console.log(Object.keys(process.env).filter((name) => name !== "__CF_USER_TEXT_ENCODING").sort().join())';
    const result = await runProgram(toRequest(script, { env: { ONE: '1', TWO: '2', NONE: undefined } }));
    delete process.env.BOTTLE_TEST_INHERITED;
    expect(result).toMatchObject({ stdout: 'ONE,TWO\n' });
  });

  it('gives the program the input it is asked to, whether it is read or not', async () => {
    const input = 'ü'.repeat(500_000);
    const count =
      'let n = 0; process.stdin.on("data", (c) => { n += c.length }).on("end", () => console.log(n))';
    expect(await runProgram(toRequest(count, { input }))).toMatchObject({ stdout: '1000000\n' });
    expect(await runProgram(toRequest('process.exit(0)', { input }))).toMatchObject({
      kind: 'ended',
      status: 0,
    });
  });

  it('gives the program no input to wait for', async () => {
    const script = 'process.stdin.on("data", () => undefined).on("end", () => console.log("end"))';
    expect(await runProgram(toRequest(script))).toMatchObject({ stdout: 'end\n' });
  });

  it.each<[string, ProgramRequest, object]>([
    [
      'is not there',
      { argv: ['/no/such/program'], env: {}, ...limits },
      { kind: 'not-started', reason: 'ENOENT' },
    ],
    ['has no name', { argv: [], env: {}, ...limits }, { kind: 'not-started' }],
    [
      'does not end in time',
      toRequest('setInterval(() => {}, 1000)', { timeoutMs: 100 }),
      { kind: 'timed-out' },
    ],
    [
      'prints without end',
      toRequest('setInterval(() => console.log("x".repeat(5000)), 1)'),
      { kind: 'too-much-output' },
    ],
    ['is killed', toRequest('process.kill(process.pid, "SIGKILL")'), { kind: 'killed', signal: 'SIGKILL' }],
  ])('says what became of a program that %s', async (_what, request, expected) => {
    expect(await runProgram(request)).toMatchObject(expected);
  });

  it('ends the program when the signal aborts, and throws its reason', async () => {
    const controller = new AbortController();
    const running = runProgram(toRequest('setInterval(() => {}, 1000)', { signal: controller.signal }));
    setTimeout(() => controller.abort(new Error('enough')), 50);
    await expect(running).rejects.toThrow('enough');
  });
});
