import { describe, expect, it } from 'vitest';
import { toUpstreamFailure } from '../../../../../src/sidecars/git-gate/upstream/upstream-failure.ts';

const closing =
  '\nfatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.\n';

describe('why upstream could not be used', () => {
  it.each([
    [
      'host-key',
      `No ED25519 host key is known for github.com and you have requested strict checking.\r\nHost key verification failed.\r${closing}`,
    ],
    [
      'host-key',
      `@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.${closing}`,
    ],
    ['not-allowed', `git@github.com: Permission denied (publickey).${closing}`],
    ['not-allowed', "fatal: could not read Username for 'https://x': terminal prompts disabled"],
    ['not-allowed', "fatal: Authentication failed for 'https://x/'"],
    ['not-allowed', "fatal: unable to access 'https://x/': The requested URL returned error: 403"],
    ['not-allowed', `Load key "/run/git-gate/key-0": error in libcrypto${closing}`],
    [
      'not-trusted',
      "fatal: unable to access 'https://x/': server certificate verification failed. CAfile: /x CRLfile: none",
    ],
    ['moved', "fatal: unable to access 'https://x/': The requested URL returned error: 301"],
    ['not-found', `ERROR: Repository not found.${closing}`],
    ['not-found', `fatal: '/x.git' does not appear to be a git repository${closing}`],
    ['not-found', "fatal: repository 'https://x/' not found"],
    ['unreachable', `ssh: connect to host x port 22: Connection refused${closing}`],
    ['unreachable', `ssh: Could not resolve hostname x: Name or service not known${closing}`],
    [
      'unreachable',
      "fatal: unable to access 'https://x/': Failed to connect to x port 443: Connection refused",
    ],
    ['unreachable', "fatal: unable to access 'https://x/': The requested URL returned error: 503"],
    ['failed', 'error: something else'],
  ])('%s: %j', (kind, stderr) => {
    expect(toUpstreamFailure(stderr)).toBe(kind);
  });
});
