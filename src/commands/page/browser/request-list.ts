import type { QueueEntry } from '../../../approvals/queue-entry.ts';
import { toSummary } from '../../requests/proposal-text.ts';
import { toDuration } from '../../text/to-duration.ts';
import { create, find, show } from './dom.ts';

/** Names a request, whatever its place in the list. */
export function keyOf({ slug, request }: QueueEntry): string {
  return `${slug}/${request.id}`;
}

/** How long a request waits still, or what became of it. */
export function toStanding({ status, request }: QueueEntry, nowMs: number): string {
  return status === 'waiting' ? `${toDuration(Date.parse(request.expiresAt) - nowMs)} left` : status;
}

interface Row {
  readonly item: HTMLLIElement;
  readonly button: HTMLButtonElement;
  readonly cells: readonly HTMLSpanElement[];
}

/** The list of requests: a button each. What is there already is changed in place, so that the focus stays where it is. */
export function createRequestList(onSelect: (key: string) => void) {
  const list = find('list', HTMLUListElement);
  const rows = new Map<string, Row>();

  function createRow(key: string): Row {
    const item = document.createElement('li');
    const button = document.createElement('button');
    button.type = 'button';
    const cells = ['bottle', 'kind', 'standing', 'what'].map((className) =>
      create('span', '', { className }),
    );
    button.append(...cells);
    button.addEventListener('click', () => onSelect(key));
    item.append(button);
    return { item, button, cells };
  }

  // Up and down move between the buttons, as in any list.
  list.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const item = document.activeElement?.closest('li');
    const next = event.key === 'ArrowDown' ? item?.nextElementSibling : item?.previousElementSibling;
    next?.querySelector('button')?.focus();
    event.preventDefault();
  });

  return {
    show(entries: readonly QueueEntry[], selected: string | null, nowMs: number): void {
      const wanted = new Set(entries.map(keyOf));
      for (const [key, { item }] of rows) {
        if (wanted.has(key)) continue;
        item.remove();
        rows.delete(key);
      }
      for (const [place, entry] of entries.entries()) {
        const key = keyOf(entry);
        const row = rows.get(key) ?? createRow(key);
        rows.set(key, row);
        if (list.children[place] !== row.item) list.insertBefore(row.item, list.children[place] ?? null);
        const texts = [
          entry.bottle,
          entry.request.proposal.kind,
          toStanding(entry, nowMs),
          toSummary(entry.request.proposal),
        ];
        for (const [column, cell] of row.cells.entries()) show(cell, texts[column] ?? '');
        row.button.ariaCurrent = key === selected ? 'true' : null;
        row.item.className = entry.status;
      }
    },
  };
}
