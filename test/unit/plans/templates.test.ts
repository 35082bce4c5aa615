import { describe, expect, it } from 'vitest';
import { templateNames, templates } from '../../../src/plans/templates.ts';
import { loadText } from '../../support/load-text.ts';

describe('templates', () => {
  it.each(templateNames)('%s loads as it is and runs its agent', async (name) => {
    expect((await loadText(templates[name])).agent).toEqual({ kind: name });
  });

  it.each([
    [
      'claude',
      'api.anthropic.com',
      { kind: 'header', name: 'x-api-key', secret: { kind: 'env', name: 'ANTHROPIC_API_KEY' } },
    ],
    ['codex', 'api.openai.com', { kind: 'bearer', secret: { kind: 'env', name: 'OPENAI_API_KEY' } }],
    [
      'opencode',
      'api.anthropic.com',
      { kind: 'header', name: 'x-api-key', secret: { kind: 'env', name: 'ANTHROPIC_API_KEY' } },
    ],
  ] as const)('%s reaches %s and nothing else', async (name, host, auth) => {
    const { routes } = (await loadText(templates[name])).egress;
    expect(routes).toMatchObject([{ host, methods: ['GET', 'POST'], paths: ['/v1/**'], auth }]);
  });

  it('shell reaches nothing', async () => {
    expect((await loadText(templates.shell)).egress.routes).toEqual([]);
  });

  it.each(templateNames)('what %s has as a comment loads too', async (name) => {
    const uncommented = templates[name].replace(
      /^(\s*)# (?=\s*(?:- host|methods|auth|routes|egress|pipelock|git|remotes|origin|url|identity|knownHost|push|supervise):)/gm,
      '$1',
    );
    const [all, some] = [await loadText(uncommented), await loadText(templates[name])];
    expect(all.egress.routes.length).toBeGreaterThan(some.egress.routes.length);
    expect(all).toMatchObject({
      git: { remotes: [{ name: 'origin', push: ['agent/*'], upstream: { host: 'github.com' } }] },
      supervise: { notify: null },
      pipelock: { knownSecrets: [{ kind: 'env', name: 'DATABASE_URL' }] },
    });
    expect(some).toMatchObject({ git: { remotes: [] }, supervise: null, pipelock: { knownSecrets: [] } });
  });
});
