import { once } from 'node:events';
import { createAnswerParser, type ObjectReceiver } from './answer-parser.ts';
import { startGit } from './git-process.ts';
import type { PushRepository } from './push.ts';

/** Reads objects in the order they are asked for. */
export interface ObjectReader extends Disposable {
  /** Asks for an object by its whole id; git hears of it with the next `flush`. */
  request(id: string, receiver: ObjectReceiver): void;
  /** Hands git what was asked for. Settles when there is room for more. */
  flush(): Promise<void>;
  /** No more requests: settles when all were answered; rejects with what went wrong. */
  end(): Promise<void>;
}

/** Runs one `git cat-file --batch`. Its output is judged as it comes, and read no faster. */
export function createObjectReader(repository: PushRepository, signal: AbortSignal): ObjectReader {
  const git = startGit(repository, ['cat-file', '--batch', '--buffer'], signal);
  const queue = createQueue<{ readonly id: string; readonly receiver: ObjectReceiver }>();
  const answered = (async () => {
    const parser = createAnswerParser(queue);
    for await (const chunk of git.stdout) parser.push(chunk);
    await git.finished;
    parser.end();
    if (!queue.empty) throw new Error('git cat-file left objects out');
  })();
  // `end` and `request` tell of it.
  answered.catch(() => git[Symbol.dispose]());
  let unsent = '';
  return {
    request(id, receiver) {
      queue.add({ id, receiver });
      unsent += `${id}\n`;
    },
    async flush() {
      const lines = unsent;
      unsent = '';
      if (!git.stdin.write(lines)) await Promise.race([once(git.stdin, 'drain'), answered]);
    },
    end() {
      git.stdin.end(unsent);
      return answered;
    },
    [Symbol.dispose]: () => git[Symbol.dispose](),
  };
}

/** First in, first out. */
function createQueue<Item>() {
  let items: Item[] = [];
  let next = 0;
  return {
    get empty() {
      return next === items.length;
    },
    add(item: Item): void {
      if (next > 1024 && next * 2 > items.length) {
        items = items.slice(next);
        next = 0;
      }
      items.push(item);
    },
    take(): Item {
      const item = items[next];
      if (item === undefined) throw new Error('git cat-file answered more than was asked');
      next += 1;
      return item;
    },
  };
}
