import type { Readable, Writable } from 'node:stream';

/** The bundle's standard output, shared by init and all daemons. */
export interface BundleOutput {
  /** Prints one line that ends with its line end. */
  print(line: string): void;
  /** Reads a daemon's stream, but not faster than the output can be written. */
  read(source: Readable, onChunk: (chunk: Buffer) => void): void;
  /** Resolves when everything printed has been written. */
  flush(): Promise<void>;
}

/** Takes over `stdout`. While it is full, the daemons' streams are paused, so that memory stays bounded. */
export function createBundleOutput(stdout: Writable): BundleOutput {
  const sources = new Set<Readable>();
  stdout.on('drain', () => {
    for (const source of sources) source.resume();
  });
  return {
    print(line) {
      if (stdout.write(line)) return;
      for (const source of sources) source.pause();
    },
    read(source, onChunk) {
      sources.add(source);
      source.on('data', onChunk);
      source.on('close', () => sources.delete(source));
    },
    flush() {
      return new Promise((resolve) => stdout.write('', () => resolve()));
    },
  };
}
