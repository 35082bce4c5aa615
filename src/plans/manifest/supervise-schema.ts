import { z } from 'zod';
import { parseDuration } from './duration.ts';

/** `supervise`: yes, no, or how. */
export const superviseSchema = z
  .union([
    z.boolean(),
    z.strictObject({
      timeout: z
        .string()
        .refine((text) => parseDuration(text) !== null, {
          error: 'is not a time such as "90s", "15m" or "2h" (10s to 24h)',
        })
        .exactOptional()
        .describe('How long a request waits for you before it is refused. Default: 15m.'),
      notify: z
        .array(
          z
            .string()
            .min(1, 'is empty')
            .regex(/^[^\0]*$/, 'has a NUL character'),
        )
        .min(1, 'is an empty list')
        .exactOptional()
        .describe('A program of yours and its arguments, run on this host for each new request.'),
    }),
  ])
  .describe('Whether the agent may ask you for more. Default: false.');

/** `supervise`, as written. */
export type SuperviseText = z.infer<typeof superviseSchema>;
