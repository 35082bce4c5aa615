import * as Args from '@oclif/core/args';

/** The bottle that a command is about. */
export const nameArgument = Args.string({
  required: true,
  // What is piped in is the guest's input or an archive, never a name.
  ignoreStdin: true,
  description: "The bottle's name, that of its manifest.",
});
