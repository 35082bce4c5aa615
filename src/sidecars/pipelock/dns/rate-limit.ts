/** Lets so many events through in each second and counts the others. */
export interface RateLimit {
  /** Whether this event may pass; `skipped` is how many before it did not. */
  take(): { readonly granted: boolean; readonly skipped: number };
}

export function createRateLimit({ perSecond }: { readonly perSecond: number }): RateLimit {
  let second = 0;
  let used = 0;
  let skipped = 0;
  return {
    take() {
      const now = Math.floor(performance.now() / 1000);
      if (now !== second) {
        second = now;
        used = 0;
      }
      if (used >= perSecond) {
        skipped += 1;
        return { granted: false, skipped };
      }
      used += 1;
      const before = skipped;
      skipped = 0;
      return { granted: true, skipped: before };
    },
  };
}
