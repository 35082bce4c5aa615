// Starts processes until there are input.count, or the system refuses one. Prints { started, code }.
import { spawn } from 'node:child_process';

const children = [];
let code = '';
while (children.length < input.count && code === '') {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  code = await new Promise((resolve) => {
    child.once('spawn', () => resolve(''));
    child.once('error', (error) => resolve(error.code));
  });
  if (code === '') children.push(child);
}
for (const child of children) child.kill('SIGKILL');
process.stdout.write(JSON.stringify({ started: children.length, code }), () => process.exit(0));
