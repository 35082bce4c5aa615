import { credentialClasses } from './credential-classes.ts';
import { createCredentialScanner, createCredentialTable } from './credential-scanner.ts';
import type { ScanTables } from './scan-tables.ts';
import type { ScanHit } from './scanner.ts';
import { createSecretLines } from './secret-lines.ts';
import { withoutNuls } from './without-nuls.ts';

/**
 * Something that must not leave: a secret of the bottle's, or a credential by its form. SECURITY: never
 * what it is.
 */
export interface ContentHit {
  readonly kind: 'known' | 'class';
  /** The secret's name, or the class's id. */
  readonly rule: string;
  /** As the object of a sentence: `a GitHub token`, `the secret DATABASE_URL in base64`. */
  readonly name: string;
  /** From 1: where it begins, or, of a known secret, where it ends; null where lines were not counted. */
  readonly line: number | null;
}

/** Looks for known secrets and for credential classes in whole objects, one after the other. */
export interface ContentScanner {
  /** Scans the next bytes of an object; with `last` the object ends with them. */
  push(bytes: Buffer, last: boolean): readonly ContentHit[];
}

const table = createCredentialTable(credentialClasses);

/**
 * All that the engine knows, over the bytes as they are and, where there are zero bytes among them, over
 * the text that is left without them: so UTF-16 is read too. Linear in time, bounded in memory.
 */
export function createContentScanner(known: ScanTables): ContentScanner {
  const plain = createPass(known);
  const narrow = createPass(known);
  let narrowing = false;
  let pushed = false;
  let counted = true;
  return {
    push(bytes, last) {
      const hits = plain.push(bytes, last);
      if (!narrowing && bytes.includes(0)) {
        narrowing = true;
        counted = !pushed;
      }
      pushed = !last;
      if (!narrowing) return hits;
      const more = narrow.push(withoutNuls(bytes), last);
      narrowing = !last;
      if (more.length === 0) return hits;
      return [...hits, ...more.map((hit) => (counted ? hit : { ...hit, line: null }))];
    },
  };
}

const none: readonly ContentHit[] = [];

/** One reading of the bytes. */
function createPass(known: ScanTables): ContentScanner {
  const credentials = createCredentialScanner(table);
  const secrets = createSecretLines(known);
  return {
    push(bytes, last) {
      const classes = credentials.push(bytes, last);
      const lines = secrets.push(bytes, last);
      if (classes.length === 0 && lines.length === 0) return none;
      return [
        ...classes.map(({ rule, name, line }) => ({ kind: 'class' as const, rule, name, line })),
        ...lines.map(({ hit, line }) => ({
          kind: 'known' as const,
          rule: hit.label,
          name: toName(hit),
          line,
        })),
      ];
    },
  };
}

function toName({ label, encoding }: ScanHit): string {
  return `the secret ${label}${encoding === 'raw' ? '' : ` in ${encoding}`}`;
}
