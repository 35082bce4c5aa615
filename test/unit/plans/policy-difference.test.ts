import { describe, expect, it } from 'vitest';
import type { BottlePlan } from '../../../src/plans/bottle-plan.ts';
import { toPolicyDifference } from '../../../src/plans/policy-difference.ts';
import { prepareBottle } from '../../../src/plans/prepare/prepare-bottle.ts';
import { createHostFacts } from '../../support/host-facts.ts';
import { loadText } from '../../support/load-text.ts';

const prepare = async (routes: string): Promise<BottlePlan> =>
  prepareBottle(
    await loadText(`egress: { routes: [${routes}] }\npipelock: { knownSecrets: [{ env: K }] }`),
    createHostFacts(),
  );

const a = '{ host: a.example, methods: [GET] }';
const b = '{ host: b.example, port: 8443, paths: [/v1/**, /w], auth: { kind: bearer, secret: { env: T } } }';
const allowA = 'allow https://a.example: GET, any path';
const allowB = 'allow https://b.example:8443: any method, /v1/** /w, with a bearer token from T';

describe('toPolicyDifference', () => {
  it.each<[string, string, string, readonly string[]]>([
    ['nothing', `${a}, ${b}`, `${a}, ${b}`, []],
    ['a route more', a, `${a}, ${b}`, [`+ ${allowB}`]],
    ['a route less', `${a}, ${b}`, a, [`- ${allowB}`]],
    [
      'a route that changed',
      a,
      a.replace('GET', 'GET, PUT'),
      [`- ${allowA}`, '+ allow https://a.example: GET PUT, any path'],
    ],
    [
      'an exemption',
      a,
      a.replace(' }', ', exempt: [K] }'),
      ['+ let K pass to https://a.example (egress.routes[0])'],
    ],
    [
      'an exemption less',
      a.replace(' }', ', exempt: [K] }'),
      a,
      ['- let K pass to https://a.example (egress.routes[0])'],
    ],
    [
      'a credential',
      '{ host: a.example }',
      '{ host: a.example, auth: { kind: query, name: key, secret: { env: T } } }',
      [
        '- allow https://a.example: any method, any path',
        '+ allow https://a.example: any method, any path, with query parameter key from T',
      ],
    ],
  ])('says %s', async (_case, before, after, lines) => {
    expect(toPolicyDifference(await prepare(before), await prepare(after))).toEqual(lines);
  });

  it('says a second rule that reads the same', async () => {
    const plan = await prepare(a);
    const [route] = plan.egress.routes;
    if (route === undefined) throw new Error('there is a route');
    const again = { ...plan.egress, routes: [route, { ...route, id: 'grant:req-00000000' }] };
    expect(toPolicyDifference(plan, { ...plan, egress: again })).toEqual([`+ ${allowA}`]);
  });
});
