/** What a text on the screen is; how it looks is decided in one place. */
export type Tone = 'plain' | 'dim' | 'title' | 'add' | 'remove' | 'done' | 'failed' | 'selected' | 'cursor';

/** A piece of a line. SECURITY: its text is printable by then. */
export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

/** One line of the screen. */
export type Line = readonly Span[];

export function plainLine(text: string, tone: Tone): Line {
  return [{ text, tone }];
}
