/** How a request leaves: TLS to the named host, or in the clear. */
export type Scheme = 'https' | 'http';

/**
 * One line of the allowlist: what a guest may ask of which host. Made from one `egress.routes` entry
 * of the manifest; pipelock and egress decide by the same rules.
 */
export interface RequestRule {
  /** Where the rule stands in the manifest, for refusals and logs: `egress.routes[2]`. */
  readonly id: string;
  /** An exact lower-case host name, or `*.zone`, which matches every name below the zone but not the zone itself. */
  readonly host: string;
  readonly scheme: Scheme;
  readonly port: number;
  /** Upper-case methods, or null for any. */
  readonly methods: readonly string[] | null;
  /** Path globs (`/v1/**`), matched against the path without its query, or null for any. */
  readonly paths: readonly string[] | null;
}

/** What a request asks for, after strict parsing: nothing in it is still ambiguous. */
export interface RequestTarget {
  readonly scheme: Scheme;
  /** Lower case, no trailing dot, no port, ASCII. */
  readonly host: string;
  readonly port: number;
  readonly method: string;
  /** The path as sent, from the first `/` to before `?`. */
  readonly path: string;
}

/** The answer of the allowlist; a refusal is a value, never an exception. */
export type RuleDecision<Rule extends RequestRule = RequestRule> =
  | { readonly kind: 'allowed'; readonly rule: Rule }
  | {
      readonly kind: 'refused';
      /** The narrowest test that no rule passed, in this order of tests. */
      readonly failed: 'host' | 'port' | 'method' | 'path';
      /** What a rule that came closest would have accepted, for the sentence to the agent. */
      readonly nearest: RequestRule | null;
    };
