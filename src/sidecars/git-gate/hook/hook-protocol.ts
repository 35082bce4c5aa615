/** Names of the hook's environment, which the gate sets for a push and git passes on. */
export const hookVariables = {
  /** Path of the gate's socket. */
  socket: 'BOTTLE_GATE_SOCKET',
  /** Which push it is: drawn for each, so that no process can speak for another's. */
  push: 'BOTTLE_GATE_PUSH',
} as const;

/** The one line that the hook writes to the gate. */
export interface HookQuestion {
  readonly push: string;
  /** `GIT_OBJECT_DIRECTORY`: where the push's objects are; empty where it brought none, as when it only deletes. */
  readonly objectDirectory: string;
  /** `GIT_ALTERNATE_OBJECT_DIRECTORIES`: where the mirror's are. */
  readonly alternateObjectDirectories: string;
  /** What git wrote to the hook's standard input. */
  readonly updates: string;
}

/** A line of the gate's to the hook: something for the agent to read, or the end. A connection that ends without one is a refusal. */
export type HookAnswer = { readonly say: string } | { readonly accepted: boolean };
