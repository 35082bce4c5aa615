import { readFileSync } from 'node:fs';

/** References of the images that the build named, as `dist/images.json` holds them. */
export const builtImages = JSON.parse(
  readFileSync(new URL('../../dist/images.json', import.meta.url), 'utf8'),
) as {
  readonly bundle: string;
  readonly agents: Readonly<Record<'claude' | 'codex' | 'opencode' | 'shell', string>>;
};
