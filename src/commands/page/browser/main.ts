import type { QueueEntry } from '../../../approvals/queue-entry.ts';
import { toOutcome } from '../../requests/outcome.ts';
import type { PageSnapshot } from '../page-messages.ts';
import { ask, askedEntry, closeDialog, type Question } from './answer-dialog.ts';
import { create, find, show } from './dom.ts';
import { toApproval, toEdit, toRejection, toRevocation } from './questions.ts';
import { type DetailsAction, onAction, showDetails } from './request-details.ts';
import { createRequestList, keyOf } from './request-list.ts';
import { AnswerError, connect, type Server, takeKey } from './server.ts';

const message = find('message', HTMLElement);
const list = createRequestList((key) => {
  selected = key;
  draw();
});

let snapshot: PageSnapshot | null = null;
let selected: string | null = null;
/** What the server's clock is ahead of this one. */
let aheadMs = 0;

function tell(text: string): void {
  show(message, text);
}

function listedEntries(): readonly QueueEntry[] {
  const entries = snapshot?.entries ?? [];
  const view = document.querySelector<HTMLInputElement>('input[name="view"]:checked')?.value;
  return view === 'all' ? entries : entries.filter(({ status }) => status === 'waiting');
}

function selectedEntry(): QueueEntry | null {
  return snapshot?.entries.find((entry) => keyOf(entry) === selected) ?? null;
}

function draw(): void {
  if (snapshot === null) return;
  const entries = listedEntries();
  const nowMs = Date.now() + aheadMs;
  const waiting = snapshot.entries.filter(({ status }) => status === 'waiting').length;
  document.title = `${waiting === 0 ? '' : `(${waiting}) `}bottle supervise`;
  show(find('counts', HTMLElement), `${waiting} waiting, ${snapshot.entries.length} in all`);
  const empty = find('empty', HTMLElement);
  empty.hidden = entries.length > 0;
  show(empty, 'Nothing is here. New requests appear by themselves.');
  list.show(entries, selected, nowMs);
  showDetails(selectedEntry(), nowMs);
}

function take(next: PageSnapshot): void {
  aheadMs = next.nowMs - Date.now();
  snapshot = next;
  tellOfOthers(next);
  if (selectedEntry() === null) selected = null;
  const [first] = listedEntries();
  if (selected === null && first !== undefined) selected = keyOf(first);
  find('garbage', HTMLElement).replaceChildren(
    ...next.garbage.map(({ slug, file, message }) =>
      create('li', `${slug}: ${file} is no request: ${message}`),
    ),
  );
  draw();
}

/** A question about a request that somebody else has answered meanwhile, or that has lapsed, is taken away, and it is said. */
function tellOfOthers(next: PageSnapshot): void {
  const asked = askedEntry();
  if (asked === null || isWorking) return;
  const now = next.entries.find((entry) => keyOf(entry) === keyOf(asked));
  if (now?.status === asked.status) return;
  closeDialog();
  const { id } = asked.request;
  tell(now === undefined ? `${id} has gone: its bottle is down.` : `${id} ${toOutcome(now)}.`);
}

let isWorking = false;

/** While an answer is under way, the change that it makes itself is no news. */
function working(question: Question): Question {
  return {
    ...question,
    async act(answer) {
      isWorking = true;
      try {
        const next = await question.act(answer);
        return next === null ? null : working(next);
      } finally {
        isWorking = false;
      }
    },
  };
}

async function start(server: Server, action: DetailsAction): Promise<void> {
  const entry = selectedEntry();
  if (entry === null) return;
  tell('');
  try {
    const toQuestion = { approve: toApproval, edit: toEdit, reject: toRejection, revoke: toRevocation }[
      action
    ];
    ask(working(await toQuestion(server, entry, tell)));
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error));
  }
}

const ended = 'The command that served this page has ended.';

async function run(): Promise<void> {
  const key = takeKey();
  if (key === null) {
    tell('This page is open in another tab. Start "bottle supervise --web" again to open it here.');
    return;
  }
  const server = connect(key);
  onAction((action) => void start(server, action));
  for (const input of document.querySelectorAll('input[name="view"]')) input.addEventListener('change', draw);
  setInterval(draw, 1000);
  const why = await server.follow(take).then(
    () => ended,
    (error: unknown) => (error instanceof AnswerError ? error.message : ended),
  );
  closeDialog();
  for (const button of document.querySelectorAll('button')) button.disabled = true;
  tell(`${why} Nothing can be answered here any more: start "bottle supervise --web" again.`);
}

void run();
