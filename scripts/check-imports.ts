/** Checks `src/` against the import rules: directions, sole users of packages, no cycles. Prints what breaks one. */
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSync } from 'oxc-parser';
import { importRules, soleUsers } from './import-rules.ts';

const root = join(import.meta.dirname, '..');

/** What each file imports: paths from the root for our own files, specifiers for packages. */
type Imports = ReadonlyMap<string, readonly string[]>;

async function readImports(): Promise<Imports> {
  const imports = new Map<string, readonly string[]>();
  for await (const file of glob('src/**/*.ts', { cwd: root })) {
    const { module, errors } = parseSync(file, await readFile(join(root, file), 'utf8'));
    if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
    const specifiers = [
      ...module.staticImports.map((found) => found.moduleRequest.value),
      ...module.staticExports.flatMap((found) =>
        found.entries.flatMap((entry) => entry.moduleRequest?.value ?? []),
      ),
      ...(await readDynamicImports(file, module.dynamicImports)),
    ];
    imports.set(file, [...new Set(specifiers.map((specifier) => toPath(file, specifier)))]);
  }
  return imports;
}

/** The names in `import('...')`, which the parser gives as places in the text. */
async function readDynamicImports(
  file: string,
  found: readonly { readonly moduleRequest: { readonly start: number; readonly end: number } }[],
): Promise<readonly string[]> {
  const text = await readFile(join(root, file), 'utf8');
  return found.map(({ moduleRequest }) =>
    text.slice(moduleRequest.start, moduleRequest.end).replaceAll(/^['"`]|['"`]$/g, ''),
  );
}

function toPath(file: string, specifier: string): string {
  return specifier.startsWith('.') ? join(file, '..', specifier) : specifier;
}

function findForbidden(imports: Imports): readonly string[] {
  return [...imports].flatMap(([file, targets]) => {
    const rule = importRules
      .filter(({ part }) => file.startsWith(part))
      .sort((left, right) => right.part.length - left.part.length)[0];
    if (rule === undefined) return [`${file} is in no part that the import rules know`];
    return targets
      .filter(
        (target) =>
          target.startsWith('src/') && ![rule.part, ...rule.may].some((part) => target.startsWith(part)),
      )
      .map((target) => `${file} imports ${target}, which ${rule.part} may not`);
  });
}

function findStrayUsers(imports: Imports): readonly string[] {
  return Object.entries(soleUsers).flatMap(([name, user]) =>
    [...imports]
      .filter(
        ([file, targets]) =>
          !file.startsWith(user) &&
          targets.some((target) => target === name || target.startsWith(`${name}/`)),
      )
      .map(([file]) => `${file} imports ${name}, which only ${user} may`),
  );
}

/** One line a cycle, found depth first; a file is done once all it leads to is. */
function findCycles(imports: Imports): readonly string[] {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, trail: readonly string[]): void => {
    const start = trail.indexOf(file);
    if (start !== -1) cycles.push(`a cycle: ${[...trail.slice(start), file].join(' -> ')}`);
    if (start !== -1 || done.has(file)) return;
    for (const target of imports.get(file) ?? []) visit(target, [...trail, file]);
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  return cycles;
}

const imports = await readImports();
const problems = [...findForbidden(imports), ...findStrayUsers(imports), ...findCycles(imports)];
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
