import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { type HookQuestion, hookVariables } from './hook-protocol.ts';

// Git's pre-receive hook. It decides nothing: it passes on what git tells it and prints what the gate answers.
// SECURITY: it accepts on the gate's plain word alone; whatever else happens is a refusal.

process.exitCode = 1;
const { env } = process;
const question: HookQuestion = {
  push: env[hookVariables.push] ?? '',
  objectDirectory: env.GIT_OBJECT_DIRECTORY ?? '',
  alternateObjectDirectories: env.GIT_ALTERNATE_OBJECT_DIRECTORIES ?? '',
  updates: await text(process.stdin),
};
let hasAnswer = false;
const socket = connect(env[hookVariables.socket] ?? '');
socket.on('error', () => {});
socket.on('close', () => {
  if (!hasAnswer) process.stderr.write('The gate did not answer, so the push is refused.\n');
});
socket.write(`${JSON.stringify(question)}\n`);
createInterface(socket).on('line', (line) => {
  const answer: Readonly<Record<string, unknown>> = JSON.parse(line);
  if (typeof answer.say === 'string') process.stderr.write(`${answer.say}\n`);
  if ('accepted' in answer) hasAnswer = true;
  if (answer.accepted === true) process.exitCode = 0;
});
