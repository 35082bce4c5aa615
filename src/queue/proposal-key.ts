import type { Proposal } from './proposal.ts';

/** Two proposals ask for the same when their keys are equal: order and repetition in lists, and spaces, make no difference. */
export function toProposalKey(proposal: Proposal): string {
  switch (proposal.kind) {
    case 'route': {
      const { host, scheme, port, methods, paths, credentialOf } = proposal;
      return JSON.stringify(['route', host, scheme, port, toSet(methods), toSet(paths), credentialOf]);
    }
    case 'exemption':
      return JSON.stringify(['exemption', proposal.route, proposal.rule]);
    case 'capability':
      return JSON.stringify(['capability', proposal.capability.trim().replaceAll(/\s+/g, ' ')]);
    case 'push':
      return JSON.stringify([
        'push',
        proposal.remote,
        proposal.updates.map((update) => [update.ref, update.old, update.new].join(' ')).toSorted(),
      ]);
  }
}

function toSet(words: readonly string[] | null): readonly string[] | null {
  return words === null ? null : [...new Set(words)].toSorted();
}
