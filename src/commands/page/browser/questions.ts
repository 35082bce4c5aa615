import type { QueueEntry } from '../../../approvals/queue-entry.ts';
import type { Question } from './answer-dialog.ts';
import { AnswerError, type Server } from './server.ts';

/** What is said when something has been done. */
type Tell = (text: string) => void;

/** Asks whether to approve a request as it stands. */
export function toApproval(server: Server, entry: QueueEntry, tell: Tell, text = ''): Question {
  const { proposal } = entry.request;
  return {
    entry,
    title: `Approve ${entry.request.id} of ${entry.bottle}?`,
    text,
    confirm: 'Approve',
    shown: { entry, proposal, difference: entry.difference },
    edit: null,
    notes: 'may',
    act: approve(server, tell),
  };
}

/** Asks whether to approve what the operator makes of a request. */
export async function toEdit(server: Server, entry: QueueEntry, tell: Tell): Promise<Question> {
  const target = toTarget(entry);
  const { text } = await server.edit(target);
  const { proposal } = entry.request;
  return {
    entry,
    title: `Edit ${entry.request.id} of ${entry.bottle}, then approve it?`,
    text: '',
    confirm: 'Approve as edited',
    shown: { entry, proposal, difference: entry.difference },
    edit: { text, preview: (edited) => server.preview({ ...target, proposal: edited }) },
    notes: 'may',
    act: approve(server, tell),
  };
}

export function toRejection(server: Server, entry: QueueEntry, tell: Tell): Question {
  return {
    entry,
    title: `Reject ${entry.request.id} of ${entry.bottle}?`,
    text: 'The agent is told no, with your note.',
    confirm: 'Reject',
    shown: null,
    edit: null,
    notes: 'must',
    async act({ notes }) {
      await server.reject({ ...toTarget(entry), notes, seenRevision: entry.revision });
      tell(`${entry.request.id} is rejected.`);
      return null;
    },
  };
}

export function toRevocation(server: Server, entry: QueueEntry, tell: Tell): Question {
  return {
    entry,
    title: `Take ${entry.request.id} back from ${entry.bottle}?`,
    text: 'Connections that use it are cut at once.',
    confirm: 'Revoke',
    shown: null,
    edit: null,
    notes: 'none',
    async act() {
      await server.revoke(toTarget(entry));
      tell(`${entry.request.id} is taken back.`);
      return null;
    },
  };
}

function approve(server: Server, tell: Tell): Question['act'] {
  return async ({ shown, notes, save }) => {
    if (shown === null) return null;
    const { entry, proposal } = shown;
    const { id } = entry.request;
    try {
      // SECURITY: the proposal that was shown goes along, so that what is approved cannot have been exchanged since.
      await server.approve({ ...toTarget(entry), notes, save, seenRevision: entry.revision, proposal });
    } catch (error) {
      if (!(error instanceof AnswerError) || error.code !== 'request-stale') throw error;
      const text = 'The policy has changed since. This is the difference it makes now.';
      return await askAgain(server, shown, tell, text);
    }
    tell(`${id} is approved${save ? ', and saved to the manifest' : ''}.`);
    return null;
  };
}

/** The same proposal against the policy as it is now. */
async function askAgain(
  server: Server,
  { entry, proposal }: NonNullable<Question['shown']>,
  tell: Tell,
  text: string,
): Promise<Question> {
  const now = await server.preview({ ...toTarget(entry), proposal });
  return { ...toApproval(server, now.entry, tell, text), shown: now };
}

function toTarget({ request, bottle }: QueueEntry) {
  return { id: request.id, bottle };
}
