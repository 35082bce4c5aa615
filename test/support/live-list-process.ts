// The live list in a process of its own, for a terminal of the tests: over an operator's folders, whose bottles' daemons act by
// their files. Arguments: the state home, and who answers. Ends as the command does, with "left" and how as its last line.
import { createOperator } from '../../src/approvals/create-operator.ts';
import { runLiveList } from '../../src/commands/live-list/run-live-list.ts';
import { endingSignals, listenForSignals } from '../../src/commands/program/signals.ts';
import { toSurroundings } from './operator-home.ts';

const [stateHome = '', operator = ''] = process.argv.slice(2);
using scope = listenForSignals(endingSignals, () => undefined);
const how = await runLiveList(
  createOperator(toSurroundings(stateHome, { operator })),
  process.env,
  scope.signal,
);
console.log(`left by ${how}`);
