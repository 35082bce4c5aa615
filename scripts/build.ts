/**
 * Makes `dist/` from `src/`: the commands as modules that share chunks, one file per sidecar process, the
 * references of the images, and oclif's manifest. Writes only what changed and removes what is no longer made.
 */
import { existsSync } from 'node:fs';
import { glob, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Plugin } from '@oclif/core';
import { type BuildOptions, build, type OutputFile } from 'esbuild';
import { createImageTags } from './image-tags.ts';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const leftOut = join(root, 'scripts/left-out.cjs');

const shared = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  write: false,
  legalComments: 'linked',
  logLevel: 'warning',
  // Bundled CommonJS packages ask for Node's own modules by `require`, which a module does not have.
  banner: {
    js: `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);`,
  },
} satisfies BuildOptions;

const sidecarEntries = {
  init: 'src/sidecars/bundle/main.ts',
  pipelock: 'src/sidecars/pipelock/main.ts',
  egress: 'src/sidecars/egress/main.ts',
};

async function buildCommands(): Promise<readonly OutputFile[]> {
  const folder = join(root, 'src/commands');
  const entryPoints: Record<string, string> = { main: join(folder, 'program/main.ts') };
  // Other folders below hold what commands share.
  for await (const file of glob(['*.ts', 'image/*.ts'], { cwd: folder })) {
    entryPoints[join('commands', file.slice(0, -'.ts'.length))] = join(folder, file);
  }
  const result = await build({
    ...shared,
    entryPoints,
    outdir: dist,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    minify: true,
    // The names of functions are all that a defect's report has to go by.
    keepNames: true,
    alias: { ssh2: leftOut, '@grpc/grpc-js': leftOut, '@grpc/proto-loader': leftOut, protobufjs: leftOut },
  });
  return result.outputFiles;
}

async function buildSidecars(): Promise<readonly OutputFile[]> {
  const entryPoints = Object.entries(sidecarEntries).filter(([, path]) => {
    const present = existsSync(join(root, path));
    if (!present) {
      console.error(`${path} is not there: its sidecar is left out.`);
      process.exitCode = 1;
    }
    return present;
  });
  const result = await build({
    ...shared,
    absWorkingDir: root,
    entryPoints: Object.fromEntries(entryPoints),
    outdir: join(dist, 'sidecars'),
  });
  return result.outputFiles;
}

/** Writes what differs, and removes from the folders what was not made this time. */
async function writeOutput(files: readonly OutputFile[], folders: readonly string[]): Promise<void> {
  for (const file of files) {
    await mkdir(dirname(file.path), { recursive: true });
    const present = await readFile(file.path).catch(() => null);
    if (present === null || !present.equals(file.contents)) await writeFile(file.path, file.contents);
  }
  const wanted = new Set(files.map((file) => file.path));
  for (const folder of folders) {
    for (const entry of await readdir(join(dist, folder), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile() && !wanted.has(path)) await rm(path);
    }
  }
}

/** Made through the API that `oclif manifest` itself uses; the command line would take a second. */
async function writeManifest(): Promise<void> {
  const plugin = new Plugin({
    errorOnManifestCreate: true,
    ignoreManifest: true,
    respectNoCacheDefault: true,
    root,
    type: 'core',
  });
  await plugin.load();
  await writeFile(join(root, 'oclif.manifest.json'), `${JSON.stringify(plugin.manifest, null, 2)}\n`);
}

// One program that does not build withholds no other: they are worked on apart.
const parts = [
  async () => {
    await writeOutput(await buildSidecars(), ['sidecars']);
    const tags = await createImageTags(join(root, 'images'), join(dist, 'sidecars'));
    await writeFile(join(dist, 'images.json'), `${JSON.stringify(tags, null, 2)}\n`);
  },
  async () => {
    await writeOutput(await buildCommands(), ['commands', 'chunks']);
    await writeManifest();
  },
];
for (const part of parts) {
  await part().catch((error: unknown) => {
    process.exitCode = 1;
    console.error(error instanceof Error ? error.message : error);
  });
}
