import * as Args from '@oclif/core/args';
import { copyIn, copyOut } from './archive/copy.ts';
import { type Place, parsePlaces } from './archive/parse-place.ts';
import { BottleCommand } from './program/bottle-command.ts';
import { findBottle } from './program/find-bottle.ts';
import { listenForSignals } from './program/signals.ts';
import { toPrintable } from './text/to-printable.ts';
import { toSize } from './text/to-size.ts';

export default class Cp extends BottleCommand {
  static override readonly summary = 'Copy files out of a guest, or into it.';
  static override readonly description =
    'An existing folder as the target gets the source put into it; any other target is the new name. "-" stands for a tar archive on ' +
    'standard output or input. What comes out of a guest never lands outside of the target: links that leave what is ' +
    'copied, devices, pipes and sockets are left out, and set-user-id bits are dropped.';
  static override readonly examples = [
    '<%= config.bin %> cp api-dev:/workspace/report.html .',
    '<%= config.bin %> cp ./fixtures api-dev:/workspace/',
    '<%= config.bin %> cp api-dev:/workspace - | tar t',
  ];
  static override readonly enableJsonFlag = true;
  static override readonly args = {
    source: Args.string({
      required: true,
      ignoreStdin: true,
      description: 'NAME:/path in a guest, a path here, or "-".',
    }),
    target: Args.string({ required: true, ignoreStdin: true, description: 'The other of the two.' }),
  };

  override async run(): Promise<object> {
    const { args } = await this.parse(Cp);
    const places = parsePlaces(args.source, args.target);
    const bottle = await findBottle(places.bottle);
    using _scope = listenForSignals([], () => undefined);
    if (places.kind === 'in') {
      await copyIn(bottle, places.from, places.path);
      return { name: bottle.name, from: describe(places.from), to: places.path };
    }
    const copied = await copyOut(bottle, places.path, places.to);
    if (copied === null) return { name: bottle.name, from: places.path, to: '-' };
    for (const { path, reason } of copied.leftOut) {
      process.stderr.write(`Left out ${toPrintable(path)}: ${toPrintable(reason)}.\n`);
    }
    const files = copied.files === 1 ? '1 file' : `${copied.files} files`;
    this.print(`Copied ${files}, ${toSize(copied.bytes)}, to ${toPrintable(copied.target)}.\n`);
    return { name: bottle.name, from: places.path, to: copied.target, ...copied };
  }
}

function describe(place: Place): string {
  return place.kind === 'stream' ? '-' : place.path;
}
