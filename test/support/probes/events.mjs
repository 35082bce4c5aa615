// Reads a stream of events whose second event is sent only after this side has said that it read the first.
// Prints what it read, in order; a proxy that holds the stream back leaves it with nothing until the deadline.
const signal = AbortSignal.timeout(6000);
const read = [];
try {
  const response = await fetch(`${input.url}/events?id=${input.id}`, { signal });
  const decoder = new TextDecoder();
  for await (const chunk of response.body) {
    read.push(decoder.decode(chunk).trim());
    if (read.length === 1) await fetch(`${input.url}/events/release?id=${input.id}`, { signal });
  }
} catch (error) {
  read.push(`failed: ${error.cause?.code ?? error.name}`);
}
process.stdout.write(JSON.stringify(read), () => process.exit(0));
