// Looks once for requests in the home that is its one argument, and notifies of them: a process of several that tests start at once.
import { join } from 'node:path';
import { createOperator } from '../../src/approvals/create-operator.ts';
import { createNotifier } from '../../src/approvals/notify.ts';
import { toManifests, toSurroundings } from './operator-home.ts';

const [folder = ''] = process.argv.slice(2);
await using notifier = createNotifier({
  env: process.env,
  manifests: toManifests(folder),
  onFailure: (message) => {
    console.error(message);
    process.exitCode = 1;
  },
});
const { entries } = await createOperator(toSurroundings(join(folder, 'state', 'bottle'))).snapshot();
await notifier.notify(entries);
