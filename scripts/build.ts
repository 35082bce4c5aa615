/**
 * Makes `dist/` from `src/`: the commands as modules that share chunks, one file per sidecar process, the
 * references of the images, and oclif's manifest. Writes only what changed and removes what is no longer made.
 */
import { existsSync } from 'node:fs';
import { glob, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Plugin as OclifPlugin } from '@oclif/core';
import { type BuildOptions, build, type OutputFile, type Plugin } from 'esbuild';
import { createImageTags } from './build.d/image-tags.ts';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const leftOut = join(root, 'scripts/build.d/left-out.cjs');

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
  'git-gate': 'src/sidecars/git-gate/main.ts',
  // Runs as git's pre-receive hook: a process for each push.
  'git-hook': 'src/sidecars/git-gate/hook/main.ts',
  supervise: 'src/sidecars/supervise/main.ts',
};

/**
 * Leaves out what dockerode loads at start and bottle never uses: an ssh client, gRPC and protobuf (ssh:// engines are
 * refused by name, BuildKit sessions are not used). TLS, which costs 13 ms, is loaded when an engine is asked over it.
 * Requests are not written out in full for a debug log that nobody reads, which took 3 ms each.
 */
const slimDockerode: Plugin = {
  name: 'slim-dockerode',
  setup({ onResolve }) {
    const isDockerode = (importer: string) => /node_modules\/docker(ode|-modem)\//.test(importer);
    onResolve({ filter: /^\.\/(ssh|session|buildkit)$/ }, ({ importer }) =>
      isDockerode(importer) ? { path: leftOut } : null,
    );
    onResolve({ filter: /^util$/ }, ({ importer }) =>
      importer.endsWith('docker-modem/lib/modem.js')
        ? { path: join(root, 'scripts/build.d/quiet-util.cjs') }
        : null,
    );
    onResolve({ filter: /^https$/ }, ({ importer }) =>
      isDockerode(importer) ? { path: join(root, 'scripts/build.d/lazy-https.cjs') } : null,
    );
  },
};

/**
 * A module that imports `node:http` makes Node read every export of it, one of which loads a whole HTTP client: 35 ms, and
 * some 3 MB of each daemon that does.
 * Asked for this way, only what is used is read.
 */
const cheapHttp: Plugin = {
  name: 'cheap-http',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^(node:)?http$/ }, () => ({ path: 'http', namespace: 'cheap-http' }));
    onLoad({ filter: /^http$/, namespace: 'cheap-http' }, () => ({
      contents: `module.exports = process.getBuiltinModule('node:http');`,
    }));
  },
};

/** What oclif's commands load at start and use for help alone: configuration and its plugins, 18 ms. Loaded when asked for. */
const lazyOclif: Plugin = {
  name: 'lazy-oclif',
  setup({ onLoad }) {
    const forHelp = /const (\w+) = require\((".\/config"|".\/help"|"..\/help\/index")\);/g;
    onLoad({ filter: /@oclif\/core\/lib\/(command|flags|errors\/handle)\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace(
        forHelp,
        'const $1 = new Proxy({}, { get: (_target, name) => require($2)[name] });',
      ),
    }));
  },
};

async function buildCommands(): Promise<readonly OutputFile[]> {
  const folder = join(root, 'src/commands');
  const entryPoints: Record<string, string> = { main: join(folder, 'program/main.ts') };
  // Other folders below hold what commands share.
  for await (const file of glob(['*.ts', 'image/*.ts', 'supervise/*.ts'], { cwd: folder })) {
    entryPoints[join('commands', file.slice(0, -'.ts'.length))] = join(folder, file);
  }
  const result = await build({
    ...shared,
    entryPoints,
    outdir: dist,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    alias: {
      'wsl-utils': leftOut,
      'tar-fs': leftOut,
      '@balena/dockerignore': leftOut,
      // Ink's, for its own developers.
      'react-devtools-core': leftOut,
      'readable-stream': 'node:stream',
    },
    // React's own checks are for who writes components.
    define: { 'process.env.NODE_ENV': '"production"' },
    plugins: [slimDockerode, cheapHttp, lazyOclif],
  });
  return result.outputFiles;
}

/** What `bottle supervise --web` gives a browser. */
async function buildPage(): Promise<readonly OutputFile[]> {
  const folder = join(root, 'src/commands/page/browser');
  const result = await build({
    bundle: true,
    platform: 'browser',
    target: 'es2024',
    format: 'esm',
    write: false,
    logLevel: 'warning',
    entryPoints: {
      page: join(folder, 'main.ts'),
      style: join(folder, 'style.css'),
      index: join(folder, 'index.html'),
    },
    loader: { '.html': 'copy' },
    outdir: join(dist, 'page'),
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
    plugins: [cheapHttp],
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
  const plugin = new OclifPlugin({
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
    await writeOutput([...(await buildCommands()), ...(await buildPage())], ['commands', 'chunks', 'page']);
    await writeManifest();
  },
];
for (const part of parts) {
  await part().catch((error: unknown) => {
    process.exitCode = 1;
    console.error(error instanceof Error ? error.message : error);
  });
}
