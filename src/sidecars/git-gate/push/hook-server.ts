import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { parseRecord } from '../../daemon/strict-json.ts';
import type { HookAnswer, HookQuestion } from '../hook/hook-protocol.ts';

/** Decides one push; `say` prints a line that the agent reads. Never rejects. */
export type DecidePush = (question: HookQuestion, say: (line: string) => void) => Promise<boolean>;

/** Where the hooks of pushes ask. */
export interface HookServer {
  readonly socketPath: string;
  /** Expects one push's hook, once. The id is for its environment; disposing ends the expectation. */
  expect(decide: DecidePush): { readonly id: string; [Symbol.dispose](): void };
}

/** Of a question: a name and two ids a ref, and paths. */
const maxQuestionBytes = 4 * 1024 * 1024;

/** Listens on a socket that the gate's user alone can reach, by the folder it is in. */
export async function startHookServer(socketPath: string): Promise<HookServer> {
  const expected = new Map<string, DecidePush>();
  const server = createServer((socket) => {
    socket.on('error', () => {});
    answer(socket, expected).catch(() => socket.destroy());
  });
  await rm(socketPath, { force: true });
  const { promise: listens, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(socketPath, resolve);
  await listens;
  return {
    socketPath,
    expect(decide) {
      const id = randomBytes(16).toString('hex');
      expected.set(id, decide);
      return { id, [Symbol.dispose]: () => expected.delete(id) };
    },
  };
}

async function answer(socket: Socket, expected: Map<string, DecidePush>): Promise<void> {
  const question = parseQuestion(await readLine(socket));
  const decide = expected.get(question.push);
  // SECURITY: a push is decided once, and only one that the gate itself let in.
  expected.delete(question.push);
  if (decide === undefined) throw new Error('no such push');
  const write = (line: HookAnswer): void => {
    if (socket.writable) socket.write(`${JSON.stringify(line)}\n`);
  };
  const accepted = await decide(question, (line) => write({ say: line }));
  write({ accepted });
  socket.end();
}

async function readLine(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  socket.on('data', (chunk: Buffer) => {
    size += chunk.length;
    chunks.push(chunk);
    if (size > maxQuestionBytes) reject(new Error('the question is too long'));
    if (chunk.includes(0x0a)) resolve(Buffer.concat(chunks).toString('utf8'));
  });
  socket.once('close', () => reject(new Error('no question came')));
  return promise;
}

function parseQuestion(line: string): HookQuestion {
  const at = "the hook's question";
  const record = parseRecord(JSON.parse(line), at, [
    'push',
    'objectDirectory',
    'alternateObjectDirectories',
    'updates',
  ]);
  const read = (name: keyof HookQuestion): string => {
    const value = record[name];
    if (typeof value !== 'string') throw new Error(`${at}: ${name} must be a string`);
    return value;
  };
  return {
    push: read('push'),
    objectDirectory: read('objectDirectory'),
    alternateObjectDirectories: read('alternateObjectDirectories'),
    updates: read('updates'),
  };
}
