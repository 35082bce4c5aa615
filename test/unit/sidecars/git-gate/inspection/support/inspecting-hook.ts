import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createFingerprints } from '../../../../../../src/scan/fingerprint.ts';
import { createScanTables } from '../../../../../../src/scan/scan-tables.ts';
import { inspectPush } from '../../../../../../src/sidecars/git-gate/inspection/inspect-push.ts';
import type { InspectionRequest, InspectionResult } from './pushed-repository.ts';

// The pre-receive hook of a test's bare repository: it inspects, by what `request.json` says, and leaves what came of it in
// `result.json`. It takes nothing in, so that one repository serves many pushes, unless the request says so.

const { checks, limits, secrets, git, accept }: InspectionRequest = JSON.parse(
  readFileSync('request.json', 'utf8'),
);
const { GIT_OBJECT_DIRECTORY = '', GIT_ALTERNATE_OBJECT_DIRECTORIES = '' } = process.env;
const updates = readFileSync(0, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => {
    const [old = '', fresh = '', ref = ''] = line.split(' ');
    return { old, new: fresh, ref };
  });
const { fingerprints } = createFingerprints(secrets, '000102030405060708090a0b0c0d0e0f');
const known = createScanTables(fingerprints);

async function inspect(): Promise<InspectionResult> {
  const repository = {
    git,
    directory: resolve('.'),
    objectDirectory: GIT_OBJECT_DIRECTORY,
    alternateObjectDirectories: GIT_ALTERNATE_OBJECT_DIRECTORIES,
  };
  try {
    const started = performance.now();
    const inspection = await inspectPush(
      repository,
      updates,
      { known, checks },
      limits,
      AbortSignal.timeout(60_000),
    );
    return { kind: 'inspected', inspection, milliseconds: performance.now() - started };
  } catch (cause) {
    return { kind: 'failed', message: cause instanceof Error ? cause.message : String(cause) };
  }
}

writeFileSync('result.json', JSON.stringify(await inspect()));
process.exitCode = accept ? 0 : 1;
