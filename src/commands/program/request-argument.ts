import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

/** The request that a command is about. */
export const requestArgument = Args.string({
  required: true,
  // Standard input may hold the edit.
  ignoreStdin: true,
  description: 'The request\'s id, as "supervise ls" shows it.',
});

/** Which bottle's, for the rare case that two bottles have a request of one id. */
export const bottleFlag = Flags.string({ description: 'Only requests of this bottle, by its name.' });
