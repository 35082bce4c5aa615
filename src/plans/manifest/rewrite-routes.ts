import { type Document, isAlias, isCollection, isNode, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import { BottleError } from '../../errors.ts';
import type { RouteText } from './route-schema.ts';
import { type RoutesEdit, toRoutesNode } from './routes-node.ts';

/** How a file is written, so that what an edit writes looks like the rest. */
interface Style {
  readonly indent: number;
  /** Whether a list is indented below its key. */
  readonly indentSeq: boolean;
  /** Whether there are spaces inside of braces. */
  readonly flowCollectionPadding: boolean;
}

const routesPath = ['egress', 'routes'];

/** Writes a manifest file anew with an edit in it. Comments and order stay; what aliases stand for is written out. */
export function rewriteRoutes(
  text: string,
  inherited: readonly RouteText[] | null,
  edit: RoutesEdit,
): string {
  const lines = new LineCounter();
  const document = parseDocument(text, { schema: 'core', lineCounter: lines });
  const style = findStyle(document, lines, text);
  expandAliases(document);
  if (inherited !== null) document.setIn(routesPath, toRoutesNode(inherited));
  const routes = document.getIn(routesPath, true);
  if (!isSeq(routes)) throw new BottleError('bug', 'A manifest that loads has no list of routes.');
  if (edit.kind === 'add') {
    // A list that was empty has no style of its own yet.
    if (routes.items.length === 0) routes.flow = false;
    routes.add(toRoutesNode(edit.route));
  } else {
    const path = [...routesPath, edit.index, 'exempt'];
    const exempt = document.getIn(path, true);
    if (isSeq(exempt)) exempt.add(edit.label);
    else document.setIn(path, toRoutesNode([edit.label]));
  }
  const edited = document.toString({ lineWidth: 0, ...style });
  return text.includes('\r\n') ? edited.replaceAll('\n', '\r\n') : edited;
}

/** What an alias stands for is written in its place: an edit of the one must not change the other. */
function expandAliases(document: Document): void {
  visit(document, {
    Alias: (_index, alias) => {
      const copy = alias.resolve(document)?.clone();
      if (!isNode(copy)) throw new BottleError('bug', 'A manifest that loads has an alias of nothing.');
      return copy;
    },
  });
  visit(document, {
    Node: (_index, node) => {
      if (!isAlias(node)) delete node.anchor;
    },
  });
}

function findStyle(document: Document, lines: LineCounter, text: string): Style {
  let indent: number | null = null;
  let indentSeq: boolean | null = null;
  const columnOf = (node: { readonly range?: readonly number[] | null | undefined }) =>
    lines.linePos(node.range?.[0] ?? 0).col;
  visit(document, {
    Pair: (_key, { key, value }) => {
      if (!isNode(key) || !isCollection(value) || value.flow === true) return;
      const step = columnOf(value) - columnOf(key);
      if (isSeq(value)) indentSeq ??= step > 0;
      else if (step > 0) indent ??= step;
    },
  });
  return {
    indent: indent ?? 2,
    indentSeq: indentSeq ?? true,
    flowCollectionPadding: !/[{[][^\s}\]]/.test(text),
  };
}
