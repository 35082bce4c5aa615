import { open } from 'node:fs/promises';
import { BottleError } from '../../errors.ts';

const maxBytes = 1024 * 1024;

/**
 * Reads a text that a flag names.
 * @param place a file's path, or `-` for standard input
 * @throws BottleError `usage-invalid` where it cannot be read or is too long
 */
export async function readTextInput(place: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    const input = place === '-' ? process.stdin : (await open(place, 'r')).createReadStream();
    for await (const chunk of input) {
      bytes += chunk.length;
      if (bytes > maxBytes)
        throw new BottleError('usage-invalid', `${toWords(place)} has more than ${maxBytes} bytes.`);
      chunks.push(Buffer.from(chunk));
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error) || error instanceof BottleError) throw error;
    throw new BottleError('usage-invalid', `${toWords(place)} cannot be read (${String(error.code)}).`, {
      cause: error,
    });
  }
  return Buffer.concat(chunks).toString('utf8');
}

function toWords(place: string): string {
  return place === '-' ? 'Standard input' : `The file ${place}`;
}
