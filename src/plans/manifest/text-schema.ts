import { z } from 'zod';

/** A path as a manifest has it, before it is made absolute. */
export const pathText = z
  .string()
  .min(1, 'is empty')
  .regex(/^\P{Cc}*$/u, 'has a control character');
