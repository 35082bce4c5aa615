// Streams input.bytes up to input.uploadUrl and the same number down from input.downloadUrl; never holds a whole body.
// Prints { up: { sent, arrived, status }, down: { received, promised, bytes } }, all digests SHA-256.
import { createHash } from 'node:crypto';

const sent = createHash('sha256');
async function* toBytes() {
  const block = Buffer.alloc(65_536);
  for (let left = input.bytes, round = 0; left > 0; left -= block.length, round += 1) {
    for (let index = 0; index < block.length; index += 1) block[index] = (index * 7 + round) % 253;
    const part = Buffer.from(block.subarray(0, Math.min(left, block.length)));
    sent.update(part);
    yield part;
  }
}

const up = await fetch(input.uploadUrl, { method: 'POST', body: toBytes(), duplex: 'half' });
const answer = await up.text();
const down = await fetch(input.downloadUrl);
const received = createHash('sha256');
let bytes = 0;
for await (const chunk of down.body) {
  received.update(chunk);
  bytes += chunk.length;
}
const arrived = up.status === 200 ? JSON.parse(answer).sha256 : answer;
process.stdout.write(
  JSON.stringify({
    up: { sent: sent.digest('hex'), arrived, status: up.status },
    down: { received: received.digest('hex'), promised: down.headers.get('x-sha256'), bytes },
  }),
  () => process.exit(0),
);
