// Shows, live, what a bottle is for: a real agent works in one, and what it may not do is refused. Each promise is
// checked as it is shown; one that does not hold makes the demo end with status 1. Nothing is left behind.
import { randomBytes } from 'node:crypto';
import { createModelNetwork } from '../test/support/model-network.ts';
import {
  type Stage,
  showAgent,
  showDown,
  showManifest,
  showNoCredential,
  showPlan,
  showPlantedSecret,
  showUnlistedHost,
} from './acts.ts';
import { createNarration } from './narration.ts';
import { createSession } from './session.ts';

const name = `demo-${randomBytes(3).toString('hex')}`;
const acts: readonly ((stage: Stage) => Promise<void>)[] = [
  showManifest,
  showPlan,
  showAgent,
  showUnlistedHost,
  showPlantedSecret,
  showNoCredential,
  showDown,
];

async function play(signal: AbortSignal): Promise<number> {
  const narration = createNarration(process.stdout);
  const password = `hunter2-${randomBytes(9).toString('base64url')}`;
  const started = performance.now();
  narration.say(
    'Setting the stage: a network with a stand-in for the model API, and a folder for the workspace.',
  );
  await using model = await createModelNetwork(
    name,
    { DATABASE_PASSWORD: password },
    { pipelock: { mode: 'strict', knownSecrets: [{ env: 'DATABASE_PASSWORD' }] } },
  );
  const session = createSession(narration, model.home.env, model.home.folder, signal);
  await using stack = new AsyncDisposableStack();
  // Not through the session: that one is refused after Ctrl-C, and this has to happen all the same.
  stack.defer(async () => void (await model.home.run(['down', name])));
  for (const act of acts) {
    signal.throwIfAborted();
    await act({ name, model, narration, session, password });
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (narration.broken.length > 0) {
    narration.say(`\n${String(narration.broken.length)} promises did not hold:`);
    for (const claim of narration.broken) narration.say(`  ${claim}`);
    return 1;
  }
  narration.say(`\nEvery promise held. ${seconds} s.`);
  return 0;
}

const interruption = new AbortController();
let signalStatus = 0;
for (const [signal, status] of [['SIGINT', 130] as const, ['SIGTERM', 143] as const]) {
  process.on(signal, () => {
    signalStatus = status;
    interruption.abort();
  });
}
try {
  process.exitCode = await play(interruption.signal);
} catch (error) {
  if (!interruption.signal.aborted) throw error;
}
if (signalStatus !== 0) process.exitCode = signalStatus;
