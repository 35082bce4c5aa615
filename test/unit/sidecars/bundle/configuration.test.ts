import { describe, expect, it } from 'vitest';
import { parseBundleConfiguration } from '../../../../src/sidecars/bundle/configuration.ts';

const egress = {
  name: 'egress',
  uid: 2001,
  gid: 2001,
  argv: ['node', '/opt/bottle/egress.js'],
  secrets: { values: ['secret-0'], fingerprints: [] },
  hearsRefusals: false,
};
const pipelock = {
  ...egress,
  name: 'pipelock',
  uid: 2002,
  gid: 2002,
  secrets: { values: [], fingerprints: ['secret-0', 'secret-1'] },
};
const supervise = {
  ...egress,
  name: 'supervise',
  uid: 2004,
  gid: 2004,
  secrets: { values: [], fingerprints: [] },
  hearsRefusals: true,
};
const valid = {
  version: 1,
  image: 'bottle-bundle:test',
  daemons: [egress, pipelock, supervise],
  secretLabels: { 'secret-0': 'API_KEY', 'secret-1': 'DATABASE_URL' },
  graceMs: 8000,
  readyTimeoutMs: 15_000,
  configDirectory: '/etc/bottle',
};
const withDaemon = (more: object) => ({ ...valid, daemons: [{ ...egress, ...more }, pipelock, supervise] });

describe('parseBundleConfiguration', () => {
  it('takes a whole plan', () => {
    const { version: _version, ...plan } = valid;
    expect(parseBundleConfiguration(JSON.stringify(valid))).toEqual(plan);
  });

  it.each([
    ['another version', { ...valid, version: 2 }, 'version'],
    ['an unknown key', { ...valid, more: 1 }, '"more"'],
    ['an unknown key of a daemon', withDaemon({ more: 1 }), 'daemons[0]: unknown key "more"'],
    ['no daemon', { ...valid, daemons: [] }, 'empty'],
    ['an unknown daemon', withDaemon({ name: 'shell' }), 'daemons[0].name'],
    ['a daemon twice', { ...valid, daemons: [egress, egress] }, 'same name'],
    ['two daemons with one user', withDaemon({ uid: 2002 }), 'same uid'],
    ['a daemon as root', withDaemon({ uid: 0 }), 'daemons[0].uid'],
    ['a daemon of the group root', withDaemon({ gid: 0 }), 'daemons[0].gid'],
    ['no program', withDaemon({ argv: [] }), 'argv'],
    ['another kind of knowledge', withDaemon({ secrets: 'all' }), 'daemons[0].secrets'],
    [
      'a secret twice',
      withDaemon({ secrets: { values: ['secret-0', 'secret-0'], fingerprints: [] } }),
      'twice',
    ],
    ['an id that is none', withDaemon({ secrets: { values: ['API_KEY'], fingerprints: [] } }), 'values[0]'],
    ['no word on refusals', withDaemon({ hearsRefusals: 'yes' }), 'hearsRefusals'],
    [
      'a value for pipelock',
      {
        ...valid,
        daemons: [egress, { ...pipelock, secrets: { values: ['secret-0'], fingerprints: [] } }, supervise],
      },
      'pipelock gets no values',
    ],
    [
      'a value for supervise',
      {
        ...valid,
        daemons: [egress, pipelock, { ...supervise, secrets: { values: ['secret-0'], fingerprints: [] } }],
      },
      'supervise gets no values',
    ],
    [
      'a mark without a label',
      { ...valid, secretLabels: { 'secret-0': 'API_KEY' } },
      'no label for secret-1',
    ],
    ['no time', { ...valid, graceMs: 0 }, 'graceMs'],
    ['another folder', { ...valid, configDirectory: '/tmp' }, 'configDirectory'],
    ['a list', [], 'must be an object'],
  ])('refuses %s', (_name, value, words) => {
    expect(() => parseBundleConfiguration(JSON.stringify(value))).toThrow(words);
  });

  it('names the place, never the content, when the text is no JSON', () => {
    expect(() => parseBundleConfiguration('the-planted-secret')).toThrow(/^bundle\.json: is not JSON$/);
  });
});
