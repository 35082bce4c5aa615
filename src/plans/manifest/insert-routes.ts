import {
  isAlias,
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
 * Puts the lines of an edit behind the last line of what they belong to.
 * @returns null where that is not possible: in braces and brackets, and where there is an alias
 */
export function insertRoutes(
  text: string,
  inherited: readonly RouteText[] | null,
  edit: RoutesEdit,
): string | null {
  const lines = new LineCounter();
  const { contents: root } = parseDocument(text, { schema: 'core', lineCounter: lines });
  const egress = findChild(root, 'egress');
  const routes = findChild(egress, 'routes');
  const insert = (holder: Node, value: object): string | null => {
    const start = holder.range?.[0];
    if (start === undefined || !isBlock(holder)) return null;
    return insertLines(text, toContentEnd(holder), lines.linePos(start).col - 1, toBlockText(value));
  };
  if (inherited !== null) {
    const whole = toEdited(inherited, edit);
    if (egress !== null) return insert(egress, { routes: whole });
    return root === null ? null : insert(root, { egress: { routes: whole } });
  }
  if (routes === null) return null;
  if (edit.kind === 'add') return insert(routes, [edit.route]);
  const route = findChild(routes, edit.index);
  return route === null || findChild(route, 'exempt') !== null
    ? null
    : insert(route, { exempt: [edit.label] });
}

function toEdited(routes: readonly RouteText[], edit: RoutesEdit): readonly RouteText[] {
  if (edit.kind === 'add') return [...routes, edit.route];
  return routes.map((route, index) =>
    index === edit.index ? { ...route, exempt: [...(route.exempt ?? []), edit.label] } : route,
  );
}

/** As the templates write it. */
function toBlockText(value: object): string {
  return stringify(toRoutesNode(value), { lineWidth: 0, flowCollectionPadding: false });
}

function insertLines(text: string, offset: number, indent: number, block: string): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const inserted = block
    .trimEnd()
    .split('\n')
    .map((line) => ' '.repeat(indent) + line);
  if (text[offset - 1] === '\n') return text.slice(0, offset) + inserted.join(eol) + eol + text.slice(offset);
  const end = text.indexOf('\n', offset);
  const lineEnd = end === -1 ? text.length : end + 1;
  const before = text.slice(0, lineEnd);
  return `${before}${end === -1 ? eol : ''}${inserted.join(eol)}${eol}${text.slice(lineEnd)}`;
}

function isBlock(node: Node): boolean {
  return (isMap(node) || isSeq(node)) && node.flow !== true && node.items.length > 0;
}

/** Where the last scalar of a block ends: comments behind it belong to what follows. */
function toContentEnd(node: Node): number {
  const last = isMap(node) || isSeq(node) ? node.items.at(-1) : undefined;
  const inner = isPair(last) ? (last.value ?? last.key) : last;
  return isBlock(node) && isNode(inner) ? toContentEnd(inner) : (node.range?.[1] ?? 0);
}

function findChild(node: Node | null, key: string | number): Node | null {
  if (!isMap(node) && !isSeq(node)) return null;
  const child = node.get(key, true);
  return isNode(child) && !isAlias(child) ? child : null;
}
