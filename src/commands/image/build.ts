import { glob } from 'node:fs/promises';
import { resolve } from 'node:path';
import * as Flags from '@oclif/core/flags';
import { findBackend } from '../../backends/registry.ts';
import { BottleCommand } from '../program/bottle-command.ts';
import { nameArgument } from '../program/name-argument.ts';
import { planBottle } from '../program/plan-bottle.ts';
import { endingSignals, listenForSignals } from '../program/signals.ts';
import { toPrintable } from '../text/to-printable.ts';
import { toTable } from '../text/to-table.ts';

export default class ImageBuild extends BottleCommand {
  static override readonly summary = "Build or pull the images a bottle needs: the bundle's and the guest's.";
  static override readonly description =
    "Builds behind a company's proxy need its certificate authorities. Without --ca-file these are used where they are there: " +
    '/usr/local/share/ca-certificates/*.crt and the file in NODE_EXTRA_CA_CERTS.';
  static override readonly examples = [
    '<%= config.bin %> image build api-dev',
    '<%= config.bin %> image build api-dev --force --ca-file ~/company-ca.pem',
  ];
  static override readonly enableJsonFlag = true;
  static override readonly args = { name: nameArgument };
  static override readonly flags = {
    force: Flags.boolean({ default: false, description: 'Build even what is there.' }),
    'ca-file': Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'FILE',
      description: 'A PEM file of an authority that the builds are to trust; may be repeated.',
    }),
  };

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(ImageBuild);
    const { plan, dockerfile } = await planBottle(args.name, { command: null, detach: false, tty: false });
    const backend = await findBackend(plan.backend.kind);
    using scope = listenForSignals(endingSignals, () => undefined);
    const images = await backend.buildImages(plan, {
      signal: scope.signal,
      onOutput: (line) => process.stderr.write(`${toPrintable(line)}\n`),
      extraCaFiles: flags['ca-file']?.map((path) => resolve(path)) ?? (await findCaFiles()),
      dockerfile,
      force: flags.force,
    });
    this.print(toTable(images.map(({ kind, reference, outcome }) => [kind, reference, outcome])));
    return images;
  }
}

async function findCaFiles(): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const path of glob('/usr/local/share/ca-certificates/*.crt')) found.push(path);
  const own = process.env.NODE_EXTRA_CA_CERTS;
  return own === undefined || own === '' ? found : [...found, resolve(own)];
}
