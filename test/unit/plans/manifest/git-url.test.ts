import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type GitPlace, parseGitUrl } from '../../../../src/plans/manifest/git-url.ts';

const https = { kind: 'https', host: 'git.example.com', port: 443, path: '/o/r.git' } as const;
const ssh = { kind: 'ssh', user: 'git', host: 'git.example.com', port: 22, path: '/o/r.git' } as const;

describe('parseGitUrl', () => {
  it.each<[string, GitPlace]>([
    ['https://git.example.com/o/r.git', https],
    ['https://GIT.example.com:443/o/r.git', https],
    ['https://git.example.com:8443/o/r', { ...https, port: 8443, path: '/o/r' }],
    ['https://git.example.com/o/r/', { ...https, path: '/o/r' }],
    ['https://[2001:DB8::1]/o/r', { ...https, host: '2001:db8::1', path: '/o/r' }],
    ['https://10.20.0.5/~me/r', { ...https, host: '10.20.0.5', path: '/~me/r' }],
    ['https://git.example.com/o/My%20Project/_git/r', { ...https, path: '/o/My%20Project/_git/r' }],
    ['ssh://git@git.example.com/_o/r', { ...ssh, path: '/_o/r' }],
    ['ssh://git@git.example.com/o/r.git', ssh],
    ['ssh://git@git.example.com:2222/srv/git/r', { ...ssh, port: 2222, path: '/srv/git/r' }],
    ['ssh://git@git.example.com/~me/r', { ...ssh, path: '~me/r' }],
    ['ssh://a.b-c_d@[2001:db8::1]:22/o', { ...ssh, user: 'a.b-c_d', host: '2001:db8::1', path: '/o' }],
    ['git@git.example.com:o/r.git', { ...ssh, path: 'o/r.git' }],
    ['git@git.example.com:/o/r.git', ssh],
    ['git@[2001:db8::1]:o/r', { ...ssh, host: '2001:db8::1', path: 'o/r' }],
    ['org-1@git.example.com:a.b_c+d~e@f/r', { ...ssh, user: 'org-1', path: 'a.b_c+d~e@f/r' }],
  ])('takes %s', (text, place) => {
    expect(parseGitUrl(text)).toEqual(place);
  });

  it.each([
    ['http://git.example.com/o/r', 'goes in the clear'],
    ['git://git.example.com/o/r', 'does not prove which server answers'],
    ['file:///srv/r.git', 'is a place on this machine'],
    ['ftp://git.example.com/r', 'is of no kind the gate speaks'],
    ['git+ssh://git@git.example.com/r', 'is of no kind the gate speaks'],
    ['HTTPS://git.example.com/o/r', 'is of no kind the gate speaks'],
    ['ext::sh -c touch% /tmp/x', 'has a space'],
    ['ext::touch', 'names a helper for git to run'],
    ['https::https://git.example.com/r', 'names a helper for git to run'],
    ['/srv/r.git', 'is not a URL such as'],
    ['./r.git', 'is not a URL such as'],
    ['r.git', 'is not a URL such as'],
    ['a/b:c/d', 'is not a URL such as'],
    ['', 'has a space, a control character'],
    ['--upload-pack=touch', 'starts with "-"'],
    ['-oProxyCommand=touch@a.example:r', 'starts with "-"'],
    ['git@-oProxyCommand=touch:o/r', 'has no name of a host'],
    ['ssh://git@-oProxyCommand=touch/o/r', 'has no name of a host'],
    ['ssh://-l@git.example.com/o/r', 'has a user that is no plain name'],
    ['git@git.example.com:-r', 'has a path that starts with "-"'],
    ['ssh://git@git.example.com/-r', 'has a path that starts with "-"'],
    ['https://me@git.example.com/o/r', 'has a user in it'],
    ['https://me:hunter2@git.example.com/o/r', 'has a user in it'],
    ['ssh://git:hunter2@git.example.com/o/r', 'has a password in it'],
    ['ssh://git.example.com/o/r', 'does not say as whom'],
    ['git.example.com:o/r', 'does not say as whom'],
    ['@git.example.com:o/r', 'has a user that is no plain name'],
    ['https://git.example.com/o/r?x=1', 'has a query or a fragment'],
    ['https://git.example.com/o/r#x', 'has a query or a fragment'],
    ['https://git.example.com/o/../r', 'has a path with an empty part'],
    ['https://git.example.com/o/./r', 'has a path with an empty part'],
    ['https://git.example.com/o//r', 'has a path with an empty part'],
    ['git@git.example.com:../r', 'has a path with an empty part'],
    ['https://git.example.com/o/%2e%2e/r', 'has a path with more than letters'],
    ['https://git.example.com/o/r;x', 'has a path with more than letters'],
    ['git@git.example.com:o/$(touch)', 'has a path with more than letters'],
    ["git@git.example.com:o/r'", 'has a path with more than letters'],
    ['https://git.example.com', 'names no repository'],
    ['https://git.example.com/', 'names no repository'],
    ['https://git.example.com/.git', 'names no repository'],
    ['git@git.example.com:', 'names no repository'],
    ['https:///o/r', 'has no name of a host'],
    ['https://git.example.com./o/r', 'has no name of a host'],
    ['https://2130706433/o/r', 'has no name of a host'],
    ['https://git_1.example.com/o/r', 'has no name of a host'],
    ['git@git.example.com:_o/r', 'has a path that does not start with a letter'],
    ['ssh://git@git.example.com/My%20Project/r', 'has a path with more than letters'],
    ['https://git.example.com/o%2fr', 'has a path with more than letters'],
    ['.me@git.example.com:o/r', 'has a user that is no plain name'],
    ['https://[git.example.com]/o/r', 'has no name of a host'],
    ['https://git.example.com:0/o/r', 'has a port that is none'],
    ['https://git.example.com:65536/o/r', 'has a port that is none'],
    ['https://git.example.com:x/o/r', 'has no name of a host'],
    ['https://git.example.com/o/r\n', 'has a space, a control character'],
    ['https://git.exämple.com/o/r', 'has a space, a control character'],
    [`https://git.example.com/${'x'.repeat(1024)}`, 'has more than 1024 characters'],
  ])('refuses %j', (text, problem) => {
    expect(parseGitUrl(text)).toEqual({ kind: 'refused', problem: expect.stringContaining(problem) });
  });

  it('lets nothing through that git, ssh or a shell could read otherwise', () => {
    const part = fc.constantFrom(
      ...['https://', 'ssh://', 'git@', 'a.example', ':', '/', '//', '-', '--x', '..', '.', '@', '::', '%2e'],
      ...[
        'o',
        'r.git',
        '[',
        ']',
        '22',
        ' ',
        '\n',
        '$(x)',
        '`x`',
        "'",
        '"',
        ';',
        '|',
        '?',
        '#',
        '~',
        '\\',
        'ext',
      ],
    );
    const text = fc.array(part, { maxLength: 9 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(text, fc.string(), fc.webUrl()), (some) => {
        const place = parseGitUrl(some);
        if (place.kind === 'refused') return;
        expect(place.host).toMatch(/^[a-z0-9:][a-z0-9.:-]*$/);
        expect(place.path.replaceAll('%20', '')).toMatch(/^[A-Za-z0-9._~+@/-]+$/);
        expect(place.path.split('/')).not.toContain('..');
        expect(place.path).not.toMatch(/^\/?-/);
        if (place.kind === 'ssh') expect(place.user).toMatch(/^[A-Za-z0-9._][A-Za-z0-9._-]*$/);
      }),
      { numRuns: 5000 },
    );
  });
});
