import { describe, expect, it } from 'vitest';
import { parseBundleConfiguration } from '../../../../src/sidecars/bundle/configuration.ts';

const egress = {
  name: 'egress',
  uid: 2001,
  gid: 2001,
  argv: ['node', '/opt/bottle/egress.js'],
  secrets: 'values',
  secretIds: ['secret-0'],
};
const pipelock = {
  ...egress,
  name: 'pipelock',
  uid: 2002,
  gid: 2002,
  secrets: 'fingerprints',
  secretIds: ['secret-0', 'secret-1'],
};
const valid = {
  version: 1,
  image: 'bottle-bundle:test',
  daemons: [egress, pipelock],
  secretLabels: { 'secret-0': 'API_KEY', 'secret-1': 'DATABASE_URL' },
  graceMs: 8000,
  readyTimeoutMs: 15_000,
  configDirectory: '/etc/bottle',
};
const withDaemon = (more: object) => ({ ...valid, daemons: [{ ...egress, ...more }, pipelock] });

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
    ['a daemon twice', withDaemon({ name: 'pipelock' }), 'same name'],
    ['two daemons with one user', withDaemon({ uid: 2002 }), 'same uid'],
    ['a daemon as root', withDaemon({ uid: 0 }), 'daemons[0].uid'],
    ['a daemon of the group root', withDaemon({ gid: 0 }), 'daemons[0].gid'],
    ['no program', withDaemon({ argv: [] }), 'argv'],
    ['another kind of knowledge', withDaemon({ secrets: 'all' }), 'daemons[0].secrets'],
    ['a secret twice', withDaemon({ secretIds: ['secret-0', 'secret-0'] }), 'twice'],
    ['an id that is none', withDaemon({ secretIds: ['API_KEY'] }), 'secretIds[0]'],
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
