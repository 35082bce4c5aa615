import {
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  stringify,
} from 'yaml';
import type { RouteText } from './route-schema.ts';
import { type RoutesEdit, toRoutesNode } from './routes-node.ts';

/**
 * Puts an edit behind the end of what it belongs to: as lines, or within braces and brackets.
 * @returns null where that is not possible: behind what is empty or an alias
 */
export function insertRoutes(
  text: string,
  inherited: readonly RouteText[] | null,
  edit: RoutesEdit,
): string | null {
  const lines = new LineCounter();
  const { contents: root } = parseDocument(text, { schema: 'core', lineCounter: lines });
  const insert = (holder: Node | null, value: object): string | null => {
    const start = holder?.range?.[0];
    const end = holder === null ? null : toContentEnd(holder);
    if (start === undefined || end === null) return null;
    if (isFlow(holder)) return `${text.slice(0, end)}, ${toFlowText(value)}${text.slice(end)}`;
    return insertLines(text, end, lines.linePos(start).col - 1, toBlockText(value));
  };
  const egress = findChild(root, 'egress');
  if (inherited !== null) {
    const routes = toEdited(inherited, edit);
    return egress === null ? insert(root, { egress: { routes } }) : insert(egress, { routes });
  }
  const routes = findChild(egress, 'routes');
  if (edit.kind === 'add') return insert(routes, [edit.route]);
  const route = findChild(routes, edit.index);
  const exempt = findChild(route, 'exempt');
  return exempt === null ? insert(route, { exempt: [edit.label] }) : insert(exempt, [edit.label]);
}

function toEdited(routes: readonly RouteText[], edit: RoutesEdit): readonly RouteText[] {
  if (edit.kind === 'add') return [...routes, edit.route];
  return routes.map((route, index) =>
    index === edit.index ? { ...route, exempt: [...(route.exempt ?? []), edit.label] } : route,
  );
}

/** As the templates write it, on lines of its own. */
function toBlockText(value: object): string {
  const node = toRoutesNode(value);
  if (isCollection(node)) node.flow = false;
  return stringify(node, { lineWidth: 0, flowCollectionPadding: false });
}

/** The same on one line, without the outermost braces or brackets. */
function toFlowText(value: object): string {
  const node = toRoutesNode(value);
  if (isCollection(node)) node.flow = true;
  return stringify(node, { lineWidth: 0, flowCollectionPadding: false }).trimEnd().slice(1, -1);
}

function insertLines(text: string, offset: number, indent: number, block: string): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = block.trimEnd().split('\n');
  const inserted = lines.map((line) => `${' '.repeat(indent)}${line}${eol}`).join('');
  if (text[offset - 1] === '\n') return text.slice(0, offset) + inserted + text.slice(offset);
  const end = text.indexOf('\n', offset);
  return end === -1 ? `${text}${eol}${inserted}` : text.slice(0, end + 1) + inserted + text.slice(end + 1);
}

function isFlow(node: Node | null): boolean {
  return isCollection(node) && node.flow === true;
}

/** Where the last thing in a mapping or a list ends, null where there is none: comments behind it belong to what follows. */
function toContentEnd(node: Node): number | null {
  const last = isCollection(node) ? node.items.at(-1) : undefined;
  const inner = isPair(last) ? (last.value ?? last.key) : last;
  if (!isNode(inner)) return null;
  const end = inner.range?.[1] ?? null;
  return isCollection(inner) && !isFlow(inner) ? toContentEnd(inner) : end;
}

function findChild(node: Node | null, key: string | number): Node | null {
  if (!isMap(node) && !isSeq(node)) return null;
  const child = node.get(key, true);
  return isNode(child) && !isAlias(child) ? child : null;
}
