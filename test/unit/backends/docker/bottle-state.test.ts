import { describe, expect, it } from 'vitest';
import { toBottleState } from '../../../../src/backends/docker/bottle-state.ts';
import { diagnoseFacts } from '../../../../src/backends/docker/diagnose.ts';
import { toGuestFailure } from '../../../../src/backends/docker/guest-failure.ts';
import type { EngineFacts } from '../../../../src/backends/engine/facts.ts';
import { BottleError } from '../../../../src/errors.ts';

describe('toBottleState', () => {
  it.each([
    ['created', 'created', 'created'],
    ['created', 'running', 'created'],
    ['running', 'running', 'running'],
    ['paused', 'running', 'paused'],
    ['exited', 'running', 'ended'],
    ['dead', 'running', 'ended'],
    ['running', 'exited', 'drifted'],
    ['running', 'paused', 'drifted'],
    ['running', null, 'drifted'],
    ['created', 'exited', 'drifted'],
    ['exited', 'exited', 'drifted'],
    [null, 'running', 'drifted'],
  ] as const)('of a guest that is %s and a bundle that is %s: %s', (guest, bundle, state) => {
    expect(toBottleState(guest, bundle)).toBe(state);
  });
});

describe('toGuestFailure', () => {
  const refuse = (statusCode: number, message: string): BottleError =>
    new BottleError('engine-failed', 'no', { cause: Object.assign(new Error(message), { statusCode }) });

  it.each([
    [404, 'No such container: x', 'bottle-not-up'],
    [409, 'Container x is paused, unpause the container before exec', 'bottle-paused'],
    [409, 'container x is paused, unpause the container before attach', 'bottle-paused'],
    [409, 'Container x is not running', 'bottle-not-running'],
    [500, 'something else', 'engine-failed'],
    [404, 'Could not find the file /x in container y', 'engine-failed'],
  ])('understands %i "%s"', (status, words, code) => {
    expect(toGuestFailure(refuse(status, words), 'one')).toMatchObject({ code });
  });
});

describe('diagnoseFacts', () => {
  const facts: EngineFacts = {
    version: '20.10',
    apiVersion: '1.41',
    os: 'linux',
    runtimes: ['runc', 'runsc'],
    cpus: 2,
    memoryBytes: 1,
    securityOptions: ['name=seccomp,profile=default'],
    initBinary: 'docker-init',
    limits: { cpu: true, memory: true, pids: true },
  };

  it('finds all present on an engine that has everything', () => {
    for (const capability of diagnoseFacts(facts))
      expect(capability).toMatchObject({ status: 'present', remedy: '' });
  });

  it.each<[string, Partial<EngineFacts>, 'missing' | 'warning']>([
    ['linux containers', { os: 'windows' }, 'missing'],
    ['engine init', { initBinary: '' }, 'missing'],
    ['resource limits', { limits: { cpu: true, memory: false, pids: true } }, 'warning'],
    ['seccomp', { securityOptions: [] }, 'warning'],
    ['gVisor', { runtimes: ['runc'] }, 'warning'],
  ])('says what is to be done about %s', (name, changes, status) => {
    const found = diagnoseFacts({ ...facts, ...changes }).filter(
      (capability) => capability.status !== 'present',
    );
    expect(found).toMatchObject([{ name, status, remedy: expect.stringMatching(/\.$/) }]);
  });
});
