import type { Answer } from './guest-request.ts';
import type { Refusal } from './refusal.ts';

/** The head of every answer of pipelock's own: plain text that no browser takes for something else. */
const ownFields = [
  { name: 'content-type', value: 'text/plain; charset=utf-8' },
  { name: 'x-content-type-options', value: 'nosniff' },
  { name: 'cache-control', value: 'no-store' },
] as const;

/** Answers with the refusal's sentence: 403 and `X-Bottle-Block`, whatever was refused. */
export function answerRefusal(answer: Answer, { layer, sentence }: Refusal, method: string): void {
  answerText(answer, {
    status: 403,
    // Most clients show of a refused tunnel nothing but its first line, so the sentence stands there too.
    reason: method === 'CONNECT' ? toReasonPhrase(sentence) : 'Forbidden',
    field: { name: 'x-bottle-block', value: layer },
    sentence,
    method,
  });
}

/** SECURITY: one line of plain ASCII, whatever a sentence may quote. */
function toReasonPhrase(sentence: string): string {
  return sentence.replace(/[^\x20-\x7e]/g, '?');
}

/** Answers that an allowed request failed on the way to its host. */
export function answerFailure(answer: Answer, sentence: string, method: string): void {
  const field = { name: 'x-bottle-error', value: 'pipelock' };
  answerText(answer, { status: 502, reason: 'Bad Gateway', field, sentence, method });
}

function answerText(
  answer: Answer,
  text: {
    readonly status: number;
    readonly reason: string;
    readonly field: { readonly name: string; readonly value: string };
    readonly sentence: string;
    readonly method: string;
  },
): void {
  const body = Buffer.from(`${text.sentence}\n`, 'utf8');
  answer.start(text.status, text.reason, [text.field, ...ownFields], { kind: 'length', length: body.length });
  // A full queue towards the guest is no reason to wait: this is the last of the answer.
  if (text.method !== 'HEAD') answer.write(body)?.catch(() => {});
  answer.end([]);
}
