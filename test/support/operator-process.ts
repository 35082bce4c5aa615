// One operator's command in a process of its own, for tests to kill or to race. Arguments: the state home, who answers, what to do
// (approve, reject or revoke), the request's id, and before which of its steps it is killed (0: none). Prints "ready", waits for a
// line, and prints what came of it as one line of JSON.
import { syncBuiltinESMExports } from 'node:module';

const [stateHome = '', operator = '', action = '', id = '', killAt = '0'] = process.argv.slice(2);
let steps = 0;
let armed = false;

/** A step is anything that another operator could see: the process is killed before it happens. */
function step(): void {
  if (!armed) return;
  steps += 1;
  if (steps === Number(killAt)) process.kill(process.pid, 'SIGKILL');
}

type Method = (this: unknown, ...args: unknown[]) => unknown;

function count(owner: object, name: string): void {
  const original: Method = Reflect.get(owner, name);
  Reflect.set(owner, name, function counted(this: unknown, ...args: unknown[]) {
    // What is done to drafts and locks, nobody sees; of killed holders of locks there are tests.
    if (
      !args.some((path) => typeof path === 'string' && /\/locks\/|\.draft$/.test(path)) ||
      name === 'rename'
    )
      step();
    return original.apply(this, args);
  });
}

const files = process.getBuiltinModule('node:fs/promises');
for (const name of ['rename', 'link', 'rm']) count(files, name);
{
  await using handle = await files.open('/dev/null');
  count(Object.getPrototypeOf(handle), 'appendFile');
}
syncBuiltinESMExports();

const { createOperator } = await import('../../src/approvals/create-operator.ts');
const { actByFiles, toSurroundings } = await import('./operator-home.ts');
const surroundings = toSurroundings(stateHome, {
  operator,
  openBottle: async (plan) => ({
    async reload(revision) {
      step();
      await actByFiles(plan, revision);
    },
  }),
});

async function answer(): Promise<object> {
  const { signal } = new AbortController();
  const own = createOperator(surroundings);
  const entry = await own.find(id, null);
  const given = { id: entry.request.id, bottle: null, notes: `by ${operator}`, seenRevision: null };
  if (action === 'approve') return await own.approve({ ...given, proposal: null, save: false }, signal);
  return action === 'reject' ? await own.reject(given, signal) : await own.revoke(id, null, signal);
}

console.log('ready');
process.stdin.once('data', async () => {
  armed = true;
  const outcome = await answer().then(
    (entry) => ({ won: true, entry }),
    (error) => ({ won: false, code: error.code, message: error.message }),
  );
  console.log(JSON.stringify({ ...outcome, steps }));
  process.exit(0);
});
