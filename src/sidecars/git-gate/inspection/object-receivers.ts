import type { ContentHit, ContentScanner } from '../../../scan/content-scanner.ts';
import type { ObjectReceiver } from './answer-parser.ts';
import { findControlFaults } from './control-file.ts';
import type { CheckName, Finding } from './finding.ts';
import type { FindingList } from './finding-list.ts';
import { findLinkFault } from './link-target.ts';
import type { ControlFile } from './path-rules.ts';
import type { InspectionLimits } from './push.ts';
import { toRawPlace } from './raw-text.ts';

/** What all receivers of one inspection share. */
export interface InspectionState {
  readonly list: FindingList;
  readonly scanner: ContentScanner;
  readonly limits: InspectionLimits;
  /** Sum of the sizes of what was looked at. */
  unpackedBytes: number;
}

/** Where an object is met in the push. */
export interface ObjectPlace {
  readonly commit: string;
  /** One character a byte. */
  readonly path: string;
  /** The path as a finding may show it, or null. */
  readonly shownPath: string | null;
}

/** What a blob is looked at for. */
export type BlobRole = 'content' | 'link' | ControlFile;

/** Control files and links are read whole, in one piece; larger ones are not what they claim to be. */
const maxControlBytes = 64 * 1024;
const maxLinkBytes = 4096;

/** Whose decision it is that a control file is too large to be read. */
const checkOf: Readonly<Record<Exclude<BlobRole, 'content'>, CheckName>> = {
  link: 'symlinks',
  attributes: 'attributes',
  modules: 'submodules',
  'lfs-config': 'lfs',
  config: 'hooks',
};

const lfsPointer = /^version https?:\/\/[^\n]{1,100}\n(?:[^\n]{1,200}\n){0,4}oid [a-z0-9]+:[0-9a-f]{40,}/;

/** Looks at a raw commit: all of it, whatever headers it has. */
export function createCommitReceiver(state: InspectionState, commit: string): ObjectReceiver {
  let head: Buffer | null = null;
  return {
    begin: (type, size) => beginObject(state, 'commit', type, size, { commit, path: null }),
    push(bytes, last) {
      head ??= bytes;
      for (const hit of state.scanner.push(bytes, last)) {
        state.list.add(toFinding(hit, { commit, path: null, ...toRawPlace(head, hit.line) }), null);
      }
    },
  };
}

/** Looks at a file's content, for secrets or as a file that git obeys. */
export function createBlobReceiver(state: InspectionState, at: ObjectPlace, role: BlobRole): ObjectReceiver {
  const where = { commit: at.commit, path: at.shownPath };
  if (role !== 'content') return createControlReceiver(state, at, role);
  let first = true;
  return {
    begin: (type, size) => beginObject(state, 'blob', type, size, where),
    push(bytes, last) {
      for (const hit of state.scanner.push(bytes, last)) {
        state.list.add(toFinding(hit, { ...where, place: 'file', line: hit.line }), null);
      }
      if (first && lfsPointer.test(bytes.toString('latin1', 0, 1024))) {
        const says = 'stands for a file in Git LFS, which the gate cannot look into';
        state.list.add({ ...where, rule: 'lfs', layer: 'git', place: 'file', line: null, says }, 'lfs');
      }
      first = false;
    },
  };
}

function createControlReceiver(
  state: InspectionState,
  at: ObjectPlace,
  role: Exclude<BlobRole, 'content'>,
): ObjectReceiver {
  const check = checkOf[role];
  const add = (rule: string, says: string, line: number | null, decides: CheckName) => {
    const { commit, shownPath } = at;
    state.list.add({ rule, layer: 'git', place: 'file', commit, path: shownPath, line, says }, decides);
  };
  let tooLarge = false;
  return {
    begin(type, size) {
      beginObject(state, 'blob', type, size, { commit: at.commit, path: at.shownPath });
      tooLarge = size > (role === 'link' ? maxLinkBytes : maxControlBytes);
      if (tooLarge) add(check, 'is larger than such a file may be', null, check);
    },
    push(bytes) {
      if (tooLarge) return;
      const text = bytes.toString('latin1');
      if (role === 'link') {
        const fault = findLinkFault(at.path, text);
        if (fault !== null) add('symlinks', fault, null, 'symlinks');
        return;
      }
      for (const fault of findControlFaults(role, text)) add(fault.rule, fault.says, fault.line, fault.check);
    },
  };
}

/**
 * INVARIANT: an object that is too large, or that makes the push too large, ends the inspection before its
 * content is read.
 * @throws Error when the object is of another type than its place asks for.
 */
export function beginObject(
  state: InspectionState,
  expected: 'blob' | 'commit' | 'tag',
  type: string,
  size: number,
  where: Pick<Finding, 'commit' | 'path'>,
): void {
  if (type !== expected) throw new Error(`a ${type} lies where a ${expected} belongs`);
  const { list, limits } = state;
  state.unpackedBytes += size;
  const place = expected === 'blob' ? 'file' : expected === 'tag' ? 'tag' : 'message';
  const finding = { ...where, layer: 'git', place, line: null } as const;
  if (size > limits.maxFileBytes) {
    list.stop({ ...finding, rule: 'too-large', says: `is larger than ${limits.maxFileBytes} bytes` });
  } else if (state.unpackedBytes > limits.maxUnpackedBytes) {
    list.stop(toPushFinding('too-large', `unpacks to more than ${limits.maxUnpackedBytes} bytes`));
  }
}

/** What is wrong with the push as a whole. */
export function toPushFinding(rule: string, says: string): Finding {
  return { rule, layer: 'git', place: 'push', commit: null, path: null, line: null, says };
}

/** What the engine found, with where it lies. */
export function toFinding(
  { rule, name }: ContentHit,
  where: Pick<Finding, 'commit' | 'path' | 'place' | 'line'>,
): Finding {
  return { rule, layer: 'dlp', says: `holds ${name}`, ...where };
}
