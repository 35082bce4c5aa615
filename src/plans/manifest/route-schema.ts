import { z } from 'zod';
import { parseHostPattern } from '../../policy/host-pattern.ts';
import { isPathPattern } from '../../policy/path-pattern.ts';

const token = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
/** Headers that frame or address a message, or that bottle itself writes: a credential in one of them changes the request. */
const forbiddenHeader =
  /^(?:connection|content-length|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade|proxy-.*|x-bottle-.*)$/i;

/** How a manifest says where a secret is: exactly one of three keys. */
export const secretSchema = z
  .strictObject({
    env: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not a name of an environment variable')
      .exactOptional()
      .describe('Name of a variable in the environment of "bottle up".'),
    file: z
      .string()
      .min(1, 'is empty')
      .exactOptional()
      .describe('Path of a file; its first line is the secret.'),
    command: z
      .array(z.string().min(1, 'is empty'))
      .min(1, 'is an empty list')
      .exactOptional()
      .describe('A program and its arguments; the first line it prints is the secret.'),
  })
  .refine((secret) => Object.values(secret).filter((value) => value !== undefined).length === 1, {
    error: 'needs exactly one of "env", "file" and "command"',
  })
  .meta({ minProperties: 1, maxProperties: 1, description: 'Where a secret is read from at launch.' });

const headerName = z
  .string()
  .regex(token, 'is not a name of a header')
  .refine((name) => !forbiddenHeader.test(name), { error: 'is a header that a credential cannot travel in' });

const authSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('header'), name: headerName, secret: secretSchema }),
    z.strictObject({ kind: z.literal('bearer'), secret: secretSchema }),
    z.strictObject({
      kind: z.literal('basic'),
      username: z.string().regex(/^[^:\p{Cc}]*$/u, 'has a colon or a control character'),
      secret: secretSchema,
    }),
    z.strictObject({
      kind: z.literal('query'),
      name: z.string().regex(/^[A-Za-z0-9._~-]+$/, 'is not a plain name of a query parameter'),
      secret: secretSchema,
    }),
  ])
  .describe('The credential egress adds on the way out; the guest never has it.');

const hostSchema = z
  .string()
  .refine((host) => parseHostPattern(host) !== null, {
    error:
      'is not a host: write a name such as "api.example.com", "*.example.com" for all names below a zone, or an address',
  })
  .describe('A host name, "*.zone" for every name below a zone, or an IP address.');

const methodSchema = z
  .string()
  .regex(/^[A-Z][A-Z-]*$/, 'is not a method in capital letters, such as "GET"')
  .refine((method) => method !== 'CONNECT' && method !== 'TRACE', {
    error: 'is a method no bottle lets through',
  });

const pathSchema = z.string().refine(isPathPattern, {
  error:
    'is not a path pattern: it starts with "/", has no query and no "..", and its wildcards are "*" and "**"',
});

/** One entry of `egress.routes`, as written. */
export const routeSchema = z
  .strictObject({
    host: hostSchema,
    scheme: z.enum(['https', 'http']).exactOptional().describe('Default: https.'),
    port: z.int().min(1).max(65_535).exactOptional().describe('Default: 443 for https, 80 for http.'),
    methods: z
      .array(methodSchema)
      .min(1, 'is an empty list')
      .exactOptional()
      .describe('Default: any method.'),
    paths: z
      .array(pathSchema)
      .min(1, 'is an empty list')
      .exactOptional()
      .describe('Path patterns; "*" within a segment, "**" across segments. Default: any path.'),
    auth: authSchema.exactOptional(),
    exempt: z
      .array(z.string().min(1, 'is empty').max(256))
      .max(64)
      .exactOptional()
      .describe('Known secrets that may pass on it, by the names that refusals call them by. Default: none.'),
  })
  .superRefine((route, context) => {
    if (route.auth === undefined) return;
    // SECURITY: a credential leaves over verified TLS only, to one host only.
    if (route.scheme === 'http') {
      context.addIssue({
        code: 'custom',
        path: ['auth'],
        message: 'cannot be sent in the clear: the route has "scheme: http"',
      });
    }
    if (route.host.startsWith('*')) {
      context.addIssue({
        code: 'custom',
        path: ['auth'],
        message: 'cannot go to a wildcard host: name each host that may have the credential',
      });
    }
  })
  .describe('One thing the guest may ask for. The first route that matches a request decides.');

/** An entry of `egress.routes`, as written. */
export type RouteText = z.infer<typeof routeSchema>;
/** A secret's place, as written. */
export type SecretText = z.infer<typeof secretSchema>;
