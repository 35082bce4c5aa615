import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { toDecisionText } from '../../../../src/queue/parse-decision.ts';
import { parseRequest, toRequestText } from '../../../../src/queue/parse-request.ts';
import { createQueueFiles } from '../../../../src/sidecars/daemon/queue-files.ts';
import { decisionOf, queueRequest } from '../../queue/any-proposal.ts';
import { makeQueueFolders, type QueueFolders } from './queue-folders.ts';

const request = queueRequest();
const decision = decisionOf(request);
const writer = fileURLToPath(new URL('queue-writer.ts', import.meta.url));
const filesOf = ({ queue, decisions }: QueueFolders) => createQueueFiles('supervise', queue, decisions);

describe('requests on disk', () => {
  it('are found again as they were written', async () => {
    using folders = makeQueueFolders();
    const files = filesOf(folders);
    await files.writeRequest(request);
    await files.writeRequest({ ...request, asked: 2 });
    expect(await files.readRequests()).toEqual({ requests: [{ ...request, asked: 2 }], unreadable: [] });
    expect(readdirSync(folders.queue)).toEqual([`${request.id}.json`]);
  });

  it('are whole at every moment: for who reads while they are written, and after a kill', async () => {
    using folders = makeQueueFolders();
    const path = join(folders.queue, `${request.id}.json`);
    for (let kill = 0; kill < 3; kill += 1) {
      const child = spawn(process.execPath, [writer, folders.queue], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      await once(child.stdout, 'data');
      const seen = new Set<number>();
      while (seen.size < 6) {
        seen.add(parseRequest(readFileSync(path, 'utf8'), request).asked);
        await setImmediate();
      }
      child.kill('SIGKILL');
      await once(child, 'exit');
      expect(parseRequest(readFileSync(path, 'utf8'), request).id).toBe(request.id);
    }
    // What the last kill left unfinished is swept, the request stays.
    writeFileSync(join(folders.queue, '.req-ffffffff.json'), '{');
    expect((await filesOf(folders).readRequests()).unreadable).toEqual([]);
    expect(readdirSync(folders.queue)).toEqual([`${request.id}.json`]);
  }, 60_000);

  it('are told from garbage, which is named and left where it is', async () => {
    using folders = makeQueueFolders();
    const place = (name: string) => join(folders.queue, name);
    await filesOf(folders).writeRequest(request);
    writeFileSync(place('notes.txt'), 'x');
    writeFileSync(place('req-00000001.json'), Buffer.from([0xff, 0xfe, 0x00]));
    writeFileSync(place('req-00000002.json'), '');
    truncateSync(place('req-00000002.json'), 1024 * 1024 + 1);
    mkdirSync(place('req-00000003.json'));
    symlinkSync(place(`${request.id}.json`), place('req-00000004.json'));
    spawnSync('mkfifo', [place('req-00000005.json')]);
    writeFileSync(place('req-00000006.json'), toRequestText(request));
    const before = readdirSync(folders.queue);
    const { requests, unreadable } = await filesOf(folders).readRequests();
    expect(requests).toEqual([request]);
    expect(unreadable.map(({ name, message }) => [name, message])).toEqual([
      ['notes.txt', 'its name is not that of a request'],
      ['req-00000001.json', 'the request is not JSON'],
      ['req-00000002.json', expect.stringContaining('larger than')],
      ['req-00000003.json', 'it is not a plain file'],
      ['req-00000004.json', expect.stringContaining('ELOOP')],
      ['req-00000005.json', 'it is not a plain file'],
      ['req-00000006.json', 'the id is not that of the file'],
    ]);
    expect(readdirSync(folders.queue)).toEqual(before);
  });

  it('are not written when no reader would take them', async () => {
    using folders = makeQueueFolders();
    const reason = 'x'.repeat(1024 * 1024);
    await expect(filesOf(folders).writeRequest({ ...request, reason })).rejects.toThrow('larger than');
    expect(readdirSync(folders.queue)).toEqual([]);
  });
});

describe('a decision on disk', () => {
  it('is null until it is there', async () => {
    using folders = makeQueueFolders();
    expect(await filesOf(folders).readDecision(request.id)).toBeNull();
    folders.decide(decision);
    expect(await filesOf(folders).readDecision(request.id)).toEqual(decision);
  });

  it('is refused while half of it is there, as a link, and when it is of another request', async () => {
    using folders = makeQueueFolders();
    const files = filesOf(folders);
    const path = join(folders.decisions, `${request.id}.json`);
    writeFileSync(path, toDecisionText(decision).slice(0, 50));
    await expect(files.readDecision(request.id)).rejects.toThrow('not JSON');
    writeFileSync(path, toDecisionText({ ...decision, id: 'req-ffffffff' }));
    await expect(files.readDecision(request.id)).rejects.toThrow('not that of the file');
    writeFileSync(path, toDecisionText(decision));
    symlinkSync(path, join(folders.decisions, 'req-00000001.json'));
    await expect(files.readDecision('req-00000001')).rejects.toThrow('ELOOP');
    expect(await files.readDecision(request.id)).toEqual(decision);
  });
});
