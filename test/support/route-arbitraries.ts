import fc from 'fast-check';
import type { RouteProposal } from '../../src/queue/proposal.ts';

const host = fc.constantFrom('a.example', 'b.example', '*.zone.example', 'x.zone.example', '2001:db8::1');
const methods = fc.option(fc.uniqueArray(fc.constantFrom('GET', 'POST', 'PUT'), { minLength: 1 }), {
  nil: null,
});
const paths = fc.option(
  fc.uniqueArray(fc.constantFrom('/v1/**', '/a', '/**', "/it's", '/a:b/*'), { minLength: 1, maxLength: 2 }),
  { nil: null },
);

/** Any route that a guest may ask for, few enough that two often meet. */
export const anyRoute: fc.Arbitrary<RouteProposal> = fc.record({
  kind: fc.constant('route' as const),
  host,
  scheme: fc.constantFrom('https' as const, 'http' as const),
  port: fc.constantFrom(443, 80, 8443),
  methods,
  paths,
  credentialOf: fc.constant(null),
});
