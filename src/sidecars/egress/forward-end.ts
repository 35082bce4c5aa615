import type { Denial } from './denial.ts';

/** How a forwarded request ended: the host's answer was passed on (whole or not), or there was none. */
export type ForwardEnd =
  | { readonly kind: 'passed'; readonly bytes: number; readonly complete: boolean }
  | Denial;
