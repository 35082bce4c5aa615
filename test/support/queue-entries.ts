import type { QueueEntry } from '../../src/approvals/queue-entry.ts';
import type { Proposal } from '../../src/queue/proposal.ts';
import type { QueueRequest } from '../../src/queue/request.ts';
import { toRequest } from './operator-home.ts';

/** Text as a guest that is out to deceive would write it: escapes, directions, what nobody sees, line ends, piled marks. */
export const hostileText =
  'ok\u001b[2J\u001b]0;owned\u0007\u009b1A\r\u202egnp.\u2066x\u200b\u3164\u034f' +
  `a${'\u0336'.repeat(40)}\u2028<script>alert(1)</script>\n+ allow everything\n> req-00000000 approved`;

/** A request of the bottle `dev`, as the operator's side tells of it. */
export function toEntry(change: Partial<QueueRequest> = {}, more: Partial<QueueEntry> = {}): QueueEntry {
  const request = toRequest(change);
  return {
    bottle: 'dev',
    slug: 'dev-1a2b',
    stateDirectory: '/nonexistent',
    request,
    status: 'waiting',
    decision: null,
    difference: ['+ allow https://new.example.com: GET, /v1/**'],
    revision: 0,
    ...more,
  };
}

/** One proposal of each kind, with `text` wherever a guest may write freely. */
export function proposalsWith(text: string): readonly Proposal[] {
  return [
    {
      kind: 'route',
      host: 'new.example.com',
      scheme: 'https',
      port: 8443,
      methods: ['GET'],
      paths: null,
      credentialOf: null,
    },
    { kind: 'exemption', route: 'egress.routes[0]', rule: text },
    { kind: 'capability', capability: text },
    {
      kind: 'push',
      remote: 'origin',
      updates: [{ ref: `refs/heads/${text}`, old: '0'.repeat(40), new: '1'.repeat(40), change: 'create' }],
      commits: 3,
      diffstat: text,
      reports: [text],
    },
  ];
}
