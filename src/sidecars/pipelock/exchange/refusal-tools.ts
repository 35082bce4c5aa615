import type { Refusal } from './refusal.ts';

/** Whether an agent can ask for what was refused, and for which secrets. */
export interface RefusalTools {
  readonly supervise: boolean;
  /** Labels of secrets that an exemption may be asked for. */
  readonly exemptible: readonly string[];
}

/** The refusal with a sentence that also names the tool by which an agent asks for what it lacks, where there is one. */
export function withTool(refusal: Refusal, { supervise, exemptible }: RefusalTools): Refusal {
  const { ask, secret, sentence } = refusal;
  if (!supervise || ask === null) return refusal;
  if (ask === 'pipelock-block' && (secret === null || !exemptible.includes(secret))) return refusal;
  return {
    ...refusal,
    sentence: `${sentence.replace(/\.$/, '')}, or you can ask for it with the tool ${ask}.`,
  };
}
