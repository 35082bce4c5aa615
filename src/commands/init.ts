import { writeFile } from 'node:fs/promises';
import * as Flags from '@oclif/core/flags';
import { createManifestFiles } from '../host/manifest-files.ts';
import { parseBottleName } from '../plans/manifest/bottle-name.ts';
import { templateNames, templates } from '../plans/templates.ts';
import { BottleCommand } from './program/bottle-command.ts';
import { nameArgument } from './program/name-argument.ts';
import { toPrintable } from './text/to-printable.ts';

export default class Init extends BottleCommand {
  static override readonly summary = 'Write a manifest to start from.';
  static override readonly description =
    'The manifest says what the bottle may reach and where its credentials are read from. It lies in the folder for ' +
    'configuration of your user, never in a repository: what an agent can write must not grant it anything.';
  static override readonly examples = [
    '<%= config.bin %> init api-dev',
    '<%= config.bin %> init scratch --template shell',
  ];
  static override readonly enableJsonFlag = true;
  static override readonly args = { name: nameArgument };
  static override readonly flags = {
    template: Flags.string({
      options: templateNames,
      default: 'claude',
      description: 'The agent that the manifest is for.',
    }),
    force: Flags.boolean({ default: false, description: 'Replace the manifest that is there.' }),
  };

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(Init);
    const name = parseBottleName(args.name);
    const template = templateNames.find((candidate) => candidate === flags.template) ?? 'claude';
    const files = createManifestFiles(process.env);
    const path = files.pathOf(name);
    if (flags.force && files.read(name) !== null) await writeFile(path, templates[template]);
    else await files.create(name, templates[template]);
    this.print(`Wrote ${toPrintable(path)}.\n\nNext:\n`);
    this.print(`  bottle plan ${name}          shows what it would do\n`);
    this.print(`  bottle image build ${name}   builds its images, once\n`);
    this.print(`  bottle up ${name}            starts it in the current folder\n`);
    return { name, path, template };
  }
}
