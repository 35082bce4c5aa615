import { toPrintable } from '../../text/to-printable.ts';

/** An element of the page's own markup. */
export function find<Element extends HTMLElement>(id: string, type: new () => Element): Element {
  const element = document.getElementById(id);
  if (element instanceof type) return element;
  throw new Error(`The page has no ${id}.`);
}

/**
 * Shows a text. SECURITY: this is the one place where text gets onto the page: as text, never as markup, with everything that
 * hides or reorders text as its escape.
 */
export function show(
  element: HTMLElement,
  text: string,
  options: { readonly lines: boolean } = { lines: false },
): void {
  const shown = toPrintable(text, options);
  if (element.textContent !== shown) element.textContent = shown;
}

/** A new element with a text. */
export function create<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  text: string,
  options: { readonly lines?: boolean; readonly className?: string } = {},
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  if (options.className !== undefined) element.className = options.className;
  show(element, text, { lines: options.lines ?? false });
  return element;
}

/** Lines of a difference, each said in words too for who does not see colours. */
export function showDifference(list: HTMLElement, difference: readonly string[]): void {
  list.replaceChildren(
    ...difference.map((line) => create('li', line, { className: line.startsWith('-') ? 'remove' : 'add' })),
  );
}
