import { toProblemText } from '../../requests/problem-text.ts';
import {
  type ApproveRequest,
  type EditAnswer,
  type EditRequest,
  keyHeader,
  type PageError,
  type PageSnapshot,
  type PreviewAnswer,
  type PreviewRequest,
  type RejectRequest,
  type RevokeRequest,
} from '../page-messages.ts';

/** What the command said no to, in its words. */
export class AnswerError extends Error {
  readonly code: string;

  constructor(error: PageError) {
    super(toProblemText(error));
    this.code = error.code;
  }
}

/** The command that serves this page. */
export interface Server {
  edit(request: EditRequest): Promise<EditAnswer>;
  preview(request: PreviewRequest): Promise<PreviewAnswer>;
  approve(request: ApproveRequest): Promise<unknown>;
  reject(request: RejectRequest): Promise<unknown>;
  revoke(request: RevokeRequest): Promise<unknown>;
  /** Calls back with each snapshot, until the server ends; throws `AnswerError` when it does not know this page. */
  follow(onSnapshot: (snapshot: PageSnapshot) => void): Promise<void>;
}

const storageName = 'bottle-key';

/** The session's key: given once with the page, then kept for this tab alone, so that it may be loaded again. */
export function takeKey(): string | null {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="bottle-key"]');
  if (meta !== null && meta.content !== '') sessionStorage.setItem(storageName, meta.content);
  meta?.remove();
  // The token is of no use any more; it need not stay in the address.
  history.replaceState(null, '', '/');
  return sessionStorage.getItem(storageName);
}

export function connect(key: string): Server {
  async function post<Answer>(action: string, message: object): Promise<Answer> {
    const response = await fetch(`/api/${action}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [keyHeader]: key },
      body: JSON.stringify(message),
    });
    return await readAnswer(response);
  }
  return {
    edit: (request) => post('edit', request),
    preview: (request) => post('preview', request),
    approve: (request) => post('approve', request),
    reject: (request) => post('reject', request),
    revoke: (request) => post('revoke', request),
    async follow(onSnapshot) {
      const response = await fetch('/api/events', { headers: { [keyHeader]: key } });
      if (!response.ok || response.body === null) return await readAnswer(response);
      let rest = '';
      for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
        const events = (rest + chunk).split('\n\n');
        rest = events.pop() ?? '';
        for (const event of events) {
          if (event.startsWith('data: ')) onSnapshot(JSON.parse(event.slice('data: '.length)));
        }
      }
    },
  };
}

async function readAnswer<Answer>(response: Response): Promise<Answer> {
  if (response.headers.get('content-type') !== 'application/json') {
    throw new AnswerError({ code: 'refused', message: (await response.text()).trim(), hint: '' });
  }
  const answer = await response.json();
  if (!response.ok) throw new AnswerError(answer);
  return answer;
}
