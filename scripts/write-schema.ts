// Writes docs/manifest.schema.json, which editors complete manifests by. Run it after a change of the manifest's schema.
import { writeFileSync } from 'node:fs';
import { toManifestJsonSchema } from '../src/plans/manifest/schema.ts';

const target = new URL('../docs/manifest.schema.json', import.meta.url);
writeFileSync(target, `${JSON.stringify(toManifestJsonSchema(), null, 2)}\n`);
