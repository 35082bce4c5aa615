import { Document, isCollection, isMap, isSeq, visit } from 'yaml';
import type { RouteText } from './route-schema.ts';

/** A change of `egress.routes`. */
export type RoutesEdit =
  | { readonly kind: 'add'; readonly route: RouteText }
  | { readonly kind: 'exempt'; readonly index: number; readonly label: string };

/** A part of a manifest as a node, written as the templates write it: what is within a route on one line each. */
export function toRoutesNode(value: object): Document['contents'] {
  const document = new Document(value);
  visit(document, {
    Collection: (_key, collection, path) => {
      const isRoute = isMap(collection) && 'host' in (collection.toJSON() as object);
      const isWithinRoute = path.some((holder) => isMap(holder) && holder.has('host'));
      const isWords = isSeq(collection) && collection.items.every((item) => !isCollection(item));
      if (isWithinRoute || (isWords && !isRoute)) collection.flow = true;
    },
  });
  return document.contents;
}
