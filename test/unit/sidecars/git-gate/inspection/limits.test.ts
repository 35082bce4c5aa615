import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toFindingText } from '../../../../../src/sidecars/git-gate/inspection/finding-text.ts';
import { githubToken } from '../../../scan/support/tokens.ts';
import {
  createPushedRepository,
  type PushedRepository,
  refuseAll,
  toFindings,
} from './support/pushed-repository.ts';

let repository: PushedRepository;
beforeEach(() => {
  repository = createPushedRepository();
});
afterEach(() => repository[Symbol.dispose]());

const roomy = { maxFileBytes: 100_000, maxUnpackedBytes: 1_000_000, maxCommits: 100 };
const pushWith = (limits: Partial<typeof roomy>) =>
  repository.push(undefined, { limits: { ...roomy, ...limits } });

/** A branch whose tree holds ten folders, each of them the same with ten in it, and so on: 8 trees, 100 million names. */
function nameManyTimes(r: PushedRepository): void {
  let tree = r.git('write-tree');
  for (let level = 0; level < 8; level += 1) {
    const entries = Array.from({ length: 10 }, (_, index) => `040000 tree ${tree}\td${index}\n`).join('');
    tree = r.gitWith({ input: entries }, 'mktree');
  }
  r.git('update-ref', 'refs/heads/many', r.git('commit-tree', tree, '-p', 'HEAD', '-m', 'Many'));
}

describe('limits of a push', () => {
  it('are on the size of a file', () => {
    repository.write('large', Buffer.alloc(5000, 'a'));
    const commit = repository.commit('Large');
    expect(toFindings(pushWith({ maxFileBytes: 5000 }))).toEqual([]);
    const result = pushWith({ maxFileBytes: 4999 });
    expect(toFindings(result)).toMatchObject([{ rule: 'too-large', place: 'file', path: 'large', commit }]);
    expect(result).toMatchObject({ inspection: { more: true } });
  });

  it('are on the size of a message', () => {
    repository.commit('a'.repeat(6000));
    expect(toFindings(pushWith({}))).toEqual([]);
    expect(toFindings(pushWith({ maxFileBytes: 5000 }))).toMatchObject([
      { rule: 'too-large', place: 'message' },
    ]);
  });

  it('are on the sum of what it unpacks to, whatever it was packed to', () => {
    for (let index = 0; index < 8; index += 1)
      repository.write(`zeros-${index}`, Buffer.alloc(90_000 + index));
    repository.commit('Zeros');
    expect(toFindings(pushWith({}))).toEqual([]);
    expect(toFindings(pushWith({ maxUnpackedBytes: 700_000 }))).toMatchObject([
      { rule: 'too-large', place: 'push' },
    ]);
  });

  it('are on the number of commits', () => {
    for (let index = 0; index < 4; index += 1) repository.commit(`Commit ${index}`);
    expect(pushWith({ maxCommits: 4 })).toMatchObject({ inspection: { findings: [], newCommits: 4 } });
    expect(toFindings(pushWith({ maxCommits: 3 }))).toMatchObject([{ rule: 'too-many-commits' }]);
  });

  it('are on the memory of git, which a few trees could use up', { timeout: 60_000 }, () => {
    nameManyTimes(repository);
    const git = ['/usr/bin/prlimit', '--as=50000000', '--core=0', '/usr/bin/git'] as const;
    expect(repository.push(['many:refs/heads/agent/many'], { git })).toMatchObject({ kind: 'failed' });
    expect(toFindings(repository.push(['HEAD:refs/heads/agent/few'], { git }))).toEqual([]);
  });

  it('are on the length of a path', () => {
    const name = 'n'.repeat(200);
    let tree = repository.git('write-tree');
    for (let level = 0; level < 22; level += 1) {
      tree = repository.gitWith({ input: `040000 tree ${tree}\t${name}\n` }, 'mktree');
    }
    const commit = repository.git('commit-tree', tree, '-p', 'HEAD', '-m', 'Deep');
    repository.git('update-ref', 'refs/heads/deep', commit);
    expect(repository.push(['deep:refs/heads/agent/deep'])).toEqual({
      kind: 'failed',
      message: 'a path is longer than 4096 bytes',
    });
  });

  it('end the list at fifty, and say so', () => {
    for (let index = 0; index < 60; index += 1) repository.write(`t${index}`, githubToken + index);
    repository.commit('Tokens');
    const result = repository.push();
    expect(toFindings(result)).toHaveLength(50);
    expect(result).toMatchObject({ inspection: { more: true } });
  });

  it('do not refuse a push for having more to report than is listed', () => {
    for (let index = 0; index < 60; index += 1) repository.write(`.husky/h${index}`, 'x');
    repository.commit('Hooks');
    const result = repository.push(undefined, { checks: { ...refuseAll, hooks: 'report' } });
    expect(result).toMatchObject({ inspection: { findings: [], more: false, moreReports: true } });
  });
});

describe('what a ref is set to', () => {
  it.each([
    ['a file', 'HEAD:README.md', 'blob'],
    ['a folder', 'HEAD^{tree}', 'tree'],
  ])('is refused where a tag ends at %s', (_name, of, type) => {
    repository.git('tag', '-a', '-m', 'x', 'odd', of);
    expect(toFindings(repository.push(['odd:refs/tags/agent/odd']))).toMatchObject([
      { rule: 'odd-ref', says: `sets a ref to a ${type}, which is no commit` },
    ]);
    repository.git('tag', '-f', '-a', '-m', 'x', 'even', 'HEAD');
    expect(toFindings(repository.push(['even:refs/tags/agent/even']))).toEqual([]);
  });

  it('is refused where it is a file itself', () => {
    const blob = repository.blob('text');
    expect(toFindings(repository.push([`${blob}:refs/tags/agent/blob`]))).toMatchObject([
      { rule: 'odd-ref' },
    ]);
  });

  it('is refused where tags follow on tags without end', () => {
    repository.git('tag', '-a', '-m', 'x', 't0', 'HEAD');
    for (let index = 1; index < 8; index += 1)
      repository.git('tag', '-a', '-m', 'x', `t${index}`, `t${index - 1}`);
    expect(toFindings(repository.push(['t3:refs/tags/agent/t']))).toEqual([]);
    expect(toFindings(repository.push(['t7:refs/tags/agent/t']))).toMatchObject([{ rule: 'odd-ref' }]);
  });

  it('does not matter where a ref is removed', () => {
    repository.commit('x');
    repository.push(['HEAD:refs/heads/agent/gone'], { accept: true });
    expect(repository.push([':refs/heads/agent/gone'])).toMatchObject({
      inspection: { findings: [], newCommits: 0 },
    });
  });
});

describe('what git shows', () => {
  it('is never what a replaced object says', () => {
    repository.write('config', githubToken);
    const bad = repository.commit('Bad');
    repository.git('checkout', '-q', '-B', 'good', 'HEAD~1');
    const good = repository.commit('Good');
    repository.git('replace', bad, good);
    const pushed = repository.push([`refs/replace/${bad}:refs/replace/${bad}`], { accept: true });
    expect(pushed).toMatchObject({ kind: 'inspected' });
    expect(toFindings(repository.push([`+${bad}:refs/heads/agent/work`]))).toMatchObject([
      { rule: 'github-token', commit: bad },
    ]);
  });

  it('is shown again in printable characters', () => {
    const path = '.husky/\u202eevil\u0007\n\u001b[2J';
    repository.write(path, 'x');
    repository.commit('A name');
    const [finding] = toFindings(repository.push());
    expect(finding?.path).toBe('.husky/\\u{202e}evil\\u{7}\\u{a}\\u{1b}[2J');
    expect(finding === undefined ? '' : toFindingText(finding)).toMatch(/^[ -~]+$/);
  });

  it('has no path where the path holds the secret', () => {
    repository.write(`.husky/${githubToken}`, 'x');
    repository.commit('A name');
    const findings = toFindings(repository.push());
    expect(findings.map(({ rule, path }) => [rule, path])).toEqual([
      ['github-token', null],
      ['hooks', null],
    ]);
  });
});
