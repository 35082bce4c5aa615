import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readBottleRules } from '../../../../src/sidecars/supervise/bottle-rules.ts';
import { parseSuperviseConfiguration } from '../../../../src/sidecars/supervise/configuration.ts';
import { fileRoute, testPlan } from './start-supervise.ts';

const file = { version: 1, ...testPlan };

describe('supervise.json', () => {
  it('is the plan', () => {
    expect(parseSuperviseConfiguration(JSON.stringify(file))).toEqual(testPlan);
  });

  it.each([
    ['no JSON', '{', 'is not JSON'],
    ['another version', { ...file, version: 2 }, 'version must be 1'],
    ['a key too many', { ...file, notify: [] }, 'unknown key "notify"'],
    ['a key too few', { ...file, limits: undefined }, '"limits" is missing'],
    ['another queue', { ...file, queueDirectory: '/' }, 'queueDirectory'],
    ['no limit', { ...file, limits: { ...testPlan.limits, maxWaiting: 0 } }, 'limits.maxWaiting'],
    [
      'texts longer than a request holds',
      { ...file, limits: { ...testPlan.limits, maxTextLength: 8193 } },
      'maxText',
    ],
    ['no time to answer', { ...file, answerTimeoutMs: 0 }, 'answerTimeoutMs'],
    ['a label that is none', { ...file, exemptible: [''] }, 'exemptible[0]'],
  ])('is refused: %s', (_case, value, message) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    expect(() => parseSuperviseConfiguration(text)).toThrow(message);
  });
});

describe('the rules of the bottle', () => {
  const read = async (egress: unknown, pipelock: unknown) => {
    const folder = mkdtempSync(join(tmpdir(), 'bottle-rules-'));
    try {
      writeFileSync(join(folder, 'egress.json'), JSON.stringify(egress));
      writeFileSync(join(folder, 'pipelock-rules.json'), JSON.stringify(pipelock));
      return await readBottleRules(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const auth = { kind: 'bearer', secretId: 'secret-0' };
  const egress = { routes: [fileRoute({ auth })], allowPrivate: ['10.0.0.0/8'], more: 1 };
  const pipelock = { rules: [{ id: 'egress.routes[0]', exempt: ['TOKEN_A'] }], more: 1 };

  it('are what egress and pipelock act by, without what is secret', async () => {
    const { auth: _auth, ...route } = fileRoute();
    expect(await read(egress, pipelock)).toEqual({
      routes: [{ ...route, credential: true, exempt: ['TOKEN_A'] }],
      allowPrivate: ['10.0.0.0/8'],
    });
  });

  it.each([
    ['no rules of pipelock', egress, {}, 'pipelock-rules.json: rules'],
    ['no routes', {}, pipelock, 'egress.json: routes'],
    ['a route without a host', { ...egress, routes: [{ id: 'x' }] }, pipelock, 'routes[0].host'],
    [
      'a scheme that is none',
      { ...egress, routes: [fileRoute({ scheme: 'ftp' })] },
      pipelock,
      'routes[0].scheme',
    ],
    ['paths that are none', { ...egress, routes: [fileRoute({ paths: 'x' })] }, pipelock, 'routes[0].paths'],
    ['no ranges', { routes: [] }, pipelock, 'egress.json: allowPrivate'],
  ])('are not guessed at: %s', async (_case, one, other, message) => {
    await expect(read(one, other)).rejects.toThrow(message);
  });
});
