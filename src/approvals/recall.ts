/** Values under keys, as long as somebody asks for them. */
export interface Recall<T> {
  /** What is known under a key, or what `make` makes of it. */
  of(key: string, make: () => T): T;
  /** What is known under a key, or undefined. */
  get(key: string): T | undefined;
  set(key: string, value: T): void;
  /** Forgets what was not asked for since the last call. */
  forgetUnread(): void;
}

/** Makes one that knows nothing yet. */
export function createRecall<T>(): Recall<T> {
  let earlier = new Map<string, T>();
  let now = new Map<string, T>();
  const get = (key: string): T | undefined => now.get(key) ?? earlier.get(key);
  return {
    of(key, make) {
      const value = get(key) ?? make();
      now.set(key, value);
      return value;
    },
    get,
    set: (key, value) => now.set(key, value),
    forgetUnread() {
      earlier = now;
      now = new Map();
    },
  };
}
