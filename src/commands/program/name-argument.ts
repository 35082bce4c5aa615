import * as Args from '@oclif/core/args';

/** The bottle that a command is about. */
export const nameArgument = Args.string({
  required: true,
  description: "The bottle's name, that of its manifest.",
});
