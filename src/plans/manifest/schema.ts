import { z } from 'zod';
import { cidrsOverlap, isCidr, parseCidr } from '../../policy/address-range.ts';
import { isReservedEnvName } from '../guest-env.ts';
import { isBottleName } from './bottle-name.ts';
import { memoryRange, parseByteSize } from './byte-size.ts';
import { findRepeatedRoute } from './find-repeated-route.ts';
import { remotesSchema } from './remote-schema.ts';
import { routeSchema, secretSchema } from './route-schema.ts';
import { superviseSchema } from './supervise-schema.ts';
import { pathText } from './text-schema.ts';

/** Inside the bundle these ranges are the bundle itself. */
const ownRanges = ['0.0.0.0/8', '127.0.0.0/8', '::/127'];

const privateRange = z
  .string()
  .refine(isCidr, { error: 'is not an address range such as "10.20.0.0/16", without host bits' })
  .refine((text) => !ownRanges.some((own) => rangesOverlap(own, text)), {
    error: 'reaches loopback, which inside the bundle is the bundle itself',
    when: ({ value }) => typeof value === 'string' && isCidr(value),
  });

const envName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not a name of an environment variable')
  .refine((name) => !isReservedEnvName(name), { error: 'is a variable that bottle sets itself' });

const envValue = z
  .string()
  .max(32_768)
  .regex(/^[^\0]*$/, 'has a NUL character');

const imageSchema = z
  .union([
    z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9._:/@-]{0,254}$/, 'is not a reference of an image'),
    z.strictObject({
      dockerfile: pathText.describe('Path of a Dockerfile; its folder is the build context.'),
    }),
  ])
  .describe("The guest's image. Default: the agent's own.");

const agentSchema = z
  .union([
    z.enum(['claude', 'codex', 'opencode', 'shell']),
    z.strictObject({ command: z.array(z.string().min(1, 'is empty')).min(1, 'is an empty list') }),
  ])
  .describe('What runs in the guest. Default: shell.');

const routesSchema = z.array(routeSchema).superRefine((routes, context) => {
  const repeated = findRepeatedRoute(routes);
  if (repeated === null) return;
  const message = `repeats egress.routes[${repeated.first}]: the first of two equal routes decides`;
  context.addIssue({ code: 'custom', path: [repeated.second], message });
});

const egressSchema = z.strictObject({
  routes: routesSchema.exactOptional().describe('What the guest may reach. Default: nothing.'),
  allowPrivate: z
    .array(privateRange)
    .exactOptional()
    .describe('Private address ranges that routes may lead to.'),
  extraCa: z
    .array(pathText)
    .exactOptional()
    .describe('PEM files of authorities to trust beside the usual ones.'),
  network: z
    .string()
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/, 'is not a name of a network')
    .refine((name) => name !== 'host' && name !== 'none', { error: 'is not a network the bundle can join' })
    .exactOptional()
    .describe("An existing network as the bundle's way out. Default: one of its own."),
});

const line = z
  .string()
  .min(1, 'is empty')
  .max(200)
  .regex(/^[^\p{Cc}<>]*$/u, 'has a control character, "<" or ">"');

/** A manifest file as written: every key may be left to a base or to its default. */
export const manifestFileSchema = z
  .strictObject({
    extends: z
      .string()
      .refine(isBottleName, { error: 'is not a name of a bottle' })
      .exactOptional()
      .describe('A bottle in the same folder whose settings this one starts from.'),
    backend: z.enum(['docker']).exactOptional().describe('Default: the best the host can run.'),
    image: imageSchema.exactOptional(),
    agent: agentSchema.exactOptional(),
    prompt: pathText.exactOptional().describe('A text file the agent finds at /etc/bottle/prompt.md.'),
    workspace: z
      .strictObject({
        source: pathText
          .exactOptional()
          .describe('A folder; relative to where "bottle up" is run. Default: that folder itself.'),
        mode: z.enum(['bind', 'clone', 'copy']).exactOptional().describe('Default: bind.'),
      })
      .exactOptional()
      .describe('What the guest finds at /workspace.'),
    env: z
      .record(envName, envValue)
      .exactOptional()
      .describe("The guest's environment. Never a place for secrets."),
    egress: egressSchema.exactOptional(),
    pipelock: z
      .strictObject({
        mode: z.enum(['strict']).exactOptional(),
        knownSecrets: z
          .array(secretSchema)
          .exactOptional()
          .describe('Secrets that must not leave the guest.'),
      })
      .exactOptional(),
    git: z
      .strictObject({
        user: z.strictObject({ name: line.exactOptional(), email: line.exactOptional() }).exactOptional(),
        remotes: remotesSchema
          .exactOptional()
          .describe('Repositories the guest works with through the git gate. Default: none.'),
      })
      .exactOptional(),
    supervise: superviseSchema.exactOptional(),
    resources: z
      .strictObject({
        cpus: z.number().min(0.1).max(1024).exactOptional().describe('Default: 2.'),
        memory: z
          .string()
          .refine((text) => parseByteSize(text, memoryRange) !== null, {
            error: `is not an amount of memory such as "4GiB" (${memoryRange.words})`,
          })
          .exactOptional()
          .describe('Default: 4GiB.'),
        pids: z.int().min(16).max(4_194_304).exactOptional().describe('Default: 512.'),
      })
      .exactOptional(),
    user: z
      .enum(['agent', 'root'])
      .exactOptional()
      .describe('root is root without any capability. Default: agent.'),
    docker: z.strictObject({ runtime: z.enum(['auto', 'runc', 'runsc']).exactOptional() }).exactOptional(),
  })
  .describe('A bottle: what a coding agent may reach, and with what it runs.');

/** A manifest file as written. */
export type ManifestFile = z.infer<typeof manifestFileSchema>;

/** The JSON Schema of a manifest file, for editors. Checks that a schema cannot say stay with `bottle plan`. */
export function toManifestJsonSchema(): object {
  return { title: 'bottle manifest', ...z.toJSONSchema(manifestFileSchema, { io: 'input' }) };
}

function rangesOverlap(a: string, b: string): boolean {
  const [first, second] = [parseCidr(a), parseCidr(b)];
  return first !== null && second !== null && cidrsOverlap(first, second);
}
