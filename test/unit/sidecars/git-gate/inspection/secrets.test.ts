import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Finding } from '../../../../../src/sidecars/git-gate/inspection/finding.ts';
import { toFindingText } from '../../../../../src/sidecars/git-gate/inspection/finding-text.ts';
import { githubToken } from '../../../scan/support/tokens.ts';
import { createPushedRepository, type PushedRepository, toFindings } from './support/pushed-repository.ts';

const harmless = 'ghp_of-the-manual';
const databasePassword = 'k9/Zt+q7&Rw=2 mXv#81pLq';
const secrets = [{ label: 'DATABASE_URL', value: databasePassword }];
const utf16 = (text: string) => Buffer.from(`\ufeff${text}\r\n`, 'utf16le');
const swapped = (text: string) => utf16(text).swap16();
const noise = Buffer.from(Array.from({ length: 9000 }, (_, index) => (index * 73 + (index >> 3)) % 256));

let repository: PushedRepository;
beforeAll(() => {
  repository = createPushedRepository();
});
afterAll(() => repository[Symbol.dispose]());
beforeEach(() => {
  repository.git('checkout', '-q', '-f', '-B', 'work', 'main');
  repository.git('clean', '-q', '-f', '-d', '-x');
  const refs = repository.git('for-each-ref', '--format=%(refname)', 'refs/tags', 'refs/heads/agent');
  for (const ref of refs.split('\n').filter((name) => name !== '')) repository.git('update-ref', '-d', ref);
});

/** Puts a text somewhere, and says where it should be found. */
type Plant = (r: PushedRepository, text: string) => Partial<Finding>;

const file =
  (path: string, toContent: (text: string) => string | Buffer, line: number | null = 1): Plant =>
  (r, text) => {
    r.write(path, toContent(text));
    return { place: 'file', path, line, commit: r.commit('A file') };
  };

/** A commit of the current tree, as raw text with `extra` where git itself would not put it. */
function commitRaw(r: PushedRepository, change: (raw: string) => string): string {
  const raw = change(r.git('cat-file', 'commit', 'HEAD'));
  const id = r.gitWith({ input: raw }, 'hash-object', '-t', 'commit', '-w', '--stdin', '--literally');
  r.git('reset', '-q', '--hard', id);
  return id;
}

const plants: Readonly<Record<string, Plant>> = {
  'in a file': file('src/config.ts', (text) => `one\ntwo\nconst t = "${text}";\n`, 3),
  'in an intermediate commit, deleted afterwards': (r, text) => {
    r.write('config.ts', `const t = "${text}";\n`);
    const commit = r.commit('Oops');
    r.write('config.ts', 'const t = process.env.TOKEN;\n');
    r.commit('Better');
    r.git('rm', '-q', 'config.ts');
    r.commit('Gone');
    return { place: 'file', path: 'config.ts', commit };
  },
  'in a binary file': file('logo.bin', (text) => Buffer.concat([noise, Buffer.from(text), noise]), 33),
  'in a large file': file(
    'large.txt',
    (text) => `${'a line of text\n'.repeat(20_000)}${text}\n${'more\n'.repeat(20_000)}`,
    20_001,
  ),
  'across two pieces of a large file': file(
    'large.txt',
    (text) => `${'x'.repeat(65_536 * 3 - 60)} ${text} ${'y'.repeat(65_536)}`,
    1,
  ),
  'in a UTF-16 file': file('notes.txt', (text) => utf16(`first\r\n${text}`), 2),
  'in a UTF-16 file of the other byte order': file('notes.txt', (text) => swapped(`first\r\n${text}`), 2),
  'in the target of a link': (r, text) => {
    r.gitWith({}, 'update-index', '--add', '--cacheinfo', `120000,${r.blob(text)},link`);
    r.git('commit', '-q', '-m', 'A link');
    return { place: 'file', path: 'link', commit: r.git('rev-parse', 'HEAD') };
  },
  'in a file name': (r, text) => {
    r.write(`fixtures/${text.replaceAll('/', '_')}.txt`, 'x');
    return { place: 'file-name', path: null, commit: r.commit('A file') };
  },
  'in the name of an empty folder': (r, text) => {
    const empty = r.gitWith({ input: '' }, 'mktree');
    const entries = `${r.git('ls-tree', 'HEAD')}\n040000 tree ${empty}\t${text.replaceAll('/', '_')}\n`;
    const tree = r.gitWith({ input: entries }, 'mktree');
    const commit = r.git('commit-tree', tree, '-p', 'HEAD', '-m', 'A folder');
    r.git('reset', '-q', '--soft', commit);
    return { place: 'file-name', path: null, commit };
  },
  'in a message': (r, text) => ({
    place: 'message',
    line: 3,
    path: null,
    commit: r.commit(`Subject\n\nThe token is ${text}\n`),
  }),
  'in the name of an author': (r, text) => {
    r.gitWith({ env: { GIT_AUTHOR_NAME: text } }, 'commit', '-q', '--allow-empty', '-m', 'x');
    return { place: 'author', line: null, commit: r.git('rev-parse', 'HEAD') };
  },
  'in the address of a committer': (r, text) => {
    r.gitWith({ env: { GIT_COMMITTER_EMAIL: text } }, 'commit', '-q', '--allow-empty', '-m', 'x');
    return { place: 'committer', line: null, commit: r.git('rev-parse', 'HEAD') };
  },
  'in a header of a commit that git does not know': (r, text) => {
    r.commit('x');
    return {
      place: 'commit-header',
      commit: commitRaw(r, (raw) => raw.replace(/\n\n/, `\nnote first\n ${text}\n\n`)),
    };
  },
  'in the message of a tag': (r, text) => {
    r.commit('x');
    r.git('tag', '-f', '-a', '-m', `Release\n\n${text}`, 'v1');
    return { place: 'tag', commit: r.git('rev-parse', 'v1') };
  },
  'in a tag of a tag': (r, text) => {
    r.commit('x');
    r.git('tag', '-f', '-a', '-m', text, 'inner');
    r.git('tag', '-f', '-a', '-m', 'clean', 'v1', 'inner');
    const commit = r.git('rev-parse', 'inner');
    r.git('tag', '-d', 'inner');
    return { place: 'tag', commit };
  },
  'on the side of a merge': (r, text) => {
    r.git('checkout', '-q', '-b', 'side');
    r.write('side.txt', text);
    const commit = r.commit('Side');
    r.git('rm', '-q', 'side.txt');
    r.commit('Side again');
    r.git('checkout', '-q', 'work');
    r.write('here.txt', 'x');
    r.commit('Here');
    r.git('merge', '-q', '--no-edit', 'side');
    r.git('branch', '-q', '-D', 'side');
    return { place: 'file', path: 'side.txt', commit };
  },
  'in a merge itself, in neither of its sides': (r, text) => {
    r.git('checkout', '-q', '-b', 'side');
    r.write('side.txt', 'x');
    r.commit('Side');
    r.git('checkout', '-q', 'work');
    r.write('here.txt', 'x');
    r.commit('Here');
    r.git('merge', '-q', '--no-commit', 'side');
    r.write('evil.txt', text);
    const commit = r.commit('Merge');
    r.git('branch', '-q', '-D', 'side');
    return { place: 'file', path: 'evil.txt', commit };
  },
  'in a merge of three': (r, text) => {
    for (const side of ['one', 'two']) {
      r.git('checkout', '-q', '-b', side, 'main');
      r.write(`${side}.txt`, side);
      r.commit(side);
    }
    r.git('checkout', '-q', 'work');
    r.git('merge', '-q', '--no-commit', 'one', 'two');
    r.write('one.txt', text);
    r.git('add', '-A');
    const tree = r.git('write-tree');
    const commit = r.git('commit-tree', tree, '-p', 'main', '-p', 'one', '-p', 'two', '-m', 'Merge');
    r.git('reset', '-q', '--hard', commit);
    r.git('branch', '-q', '-D', 'one', 'two');
    return { place: 'file', path: 'one.txt', commit };
  },
  'in a root commit of a history of its own': (r, text) => {
    r.git('checkout', '-q', '--orphan', `other-${r.git('rev-list', '--all', '--count')}`);
    r.write('other.txt', text);
    const commit = r.commit('Root');
    r.git('checkout', '-q', '-B', 'work');
    return { place: 'file', path: 'other.txt', commit };
  },
  'in the name of a branch': (r, text) => {
    r.commit('x');
    r.git('branch', '-f', `agent/${text.replace(/[^\w]/g, '')}`);
    return { place: 'ref-name', commit: null };
  },
};

/** All refs of the working repository, as the agent's own. */
const everything = ['work:refs/heads/agent/work', 'refs/tags/*:refs/tags/agent/*', 'refs/heads/agent/*'];

describe('a credential by its form', () => {
  it.each(Object.entries(plants))('is found %s', (_name, plant) => {
    const expected = plant(repository, githubToken);
    const findings = toFindings(repository.push(everything));
    expect(findings).toContainEqual(
      expect.objectContaining({ ...expected, rule: 'github-token', layer: 'dlp' }),
    );
    expect(findings.map(toFindingText).join('\n')).not.toContain(githubToken);
    expect(JSON.stringify(findings)).not.toContain(githubToken);
  });

  it('is not made up of other text in the same places', () => {
    for (const [index, plant] of Object.values(plants).entries()) {
      repository.git('checkout', '-q', '-f', '-B', 'work', 'main');
      plant(repository, harmless);
      repository.git('branch', '-f', `agent/${index}`);
    }
    expect(toFindings(repository.push(everything))).toEqual([]);
  });
});

const encodings: Readonly<Record<string, (text: string) => string | Buffer>> = {
  'as it is': (text) => text,
  'in base64': (text) => Buffer.from(text).toString('base64'),
  'in base64 with other text': (text) => Buffer.from(`user:${text}@host`).toString('base64'),
  'in base64, in lines': (text) => Buffer.from(`${text}${text}`).toString('base64').replace(/.{16}/g, '$&\n'),
  'in hex': (text) => Buffer.from(text).toString('hex'),
  'percent-encoded': (text) => encodeURIComponent(text),
  'in UTF-16': utf16,
  'in base64, in UTF-16': (text) => utf16(Buffer.from(text).toString('base64')),
};

describe('a known secret', () => {
  it.each(Object.entries(encodings))('is found in a file %s', (_name, encode) => {
    repository.write(
      'settings.ini',
      Buffer.concat([Buffer.from('a\nb\n'), Buffer.from(encode(databasePassword))]),
    );
    const commit = repository.commit('Settings');
    const found = { rule: 'DATABASE_URL', layer: 'dlp', place: 'file', path: 'settings.ini', commit };
    const findings = toFindings(repository.push(undefined, { secrets }));
    expect(findings).toContainEqual(expect.objectContaining(found));
    expect(JSON.stringify(findings)).not.toContain(databasePassword);
    expect(toFindings(repository.push(undefined, { secrets: [] }))).toEqual([]);
  });

  it('is found in a message, an author and a file name', () => {
    repository.write(`${Buffer.from(databasePassword).toString('hex')}.txt`, 'x');
    repository.gitWith({ env: { GIT_AUTHOR_NAME: databasePassword } }, 'add', '-A');
    repository.gitWith(
      { env: { GIT_AUTHOR_NAME: databasePassword }, input: `Subject\n\n${databasePassword}` },
      'commit',
      '-q',
      '-F',
      '-',
    );
    const places = toFindings(repository.push(undefined, { secrets })).map(({ place }) => place);
    expect(new Set(places)).toEqual(new Set(['author', 'message', 'file-name']));
  });

  it('is named with the line it is on, however far into the file', () => {
    repository.write('long.txt', `${'some words on a line\n'.repeat(30_000)}${databasePassword}\nmore\n`);
    repository.commit('Long');
    expect(toFindings(repository.push(undefined, { secrets }))).toMatchObject([{ line: 30_001 }]);
  });
});
