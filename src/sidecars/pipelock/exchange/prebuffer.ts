import type { Upload, UploadStep } from './upload.ts';

/** The beginning of an upload that was read before its host heard of the request. */
export type Prebuffered =
  | {
      readonly kind: 'begun';
      readonly steps: readonly UploadStep[];
      readonly pending: Promise<UploadStep> | null;
    }
  | Extract<UploadStep, { kind: 'refused' | 'gone' }>;

const maxBytes = 64 * 1024;
const maxWaitMs = 50;

/**
 * Reads the first of a body before anything is sent: a secret in a body of usual size is found before the host hears of
 * the request at all. It waits for the guest only for a moment: some send the rest after they got an answer.
 */
export async function prebuffer(upload: Upload): Promise<Prebuffered> {
  const steps: UploadStep[] = [];
  let size = 0;
  const giveUpAtMs = performance.now() + maxWaitMs;
  for (;;) {
    const pending = upload.next();
    const step = await within(pending, giveUpAtMs - performance.now());
    if (step === null) return { kind: 'begun', steps, pending };
    if (step.kind === 'refused' || step.kind === 'gone') return step;
    steps.push(step);
    for (const bytes of step.bytes) size += bytes.length;
    if (step.kind === 'end' || size > maxBytes) return { kind: 'begun', steps, pending: null };
  }
}

/** The upload from its beginning, what was read before first. */
export function replay(first: Extract<Prebuffered, { kind: 'begun' }>, upload: Upload): Upload {
  const steps = [...first.steps];
  let { pending } = first;
  return {
    next() {
      const step = steps.shift();
      if (step !== undefined) return Promise.resolve(step);
      const next = pending ?? upload.next();
      pending = null;
      return next;
    },
  };
}

async function within(pending: Promise<UploadStep>, waitMs: number): Promise<UploadStep | null> {
  let timer: NodeJS.Timeout | null = null;
  const timeout = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), Math.max(0, waitMs));
  });
  const step = await Promise.race([pending, timeout]);
  if (timer !== null) clearTimeout(timer);
  return step;
}
