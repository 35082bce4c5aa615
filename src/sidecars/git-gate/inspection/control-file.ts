import type { CheckName } from './finding.ts';
import type { ControlFile } from './path-rules.ts';

/** Something in a file that git would act by. */
export interface ControlFault {
  readonly check: CheckName;
  readonly rule: string;
  readonly says: string;
  /** From 1. */
  readonly line: number;
}

/** Values that mean nothing but what git itself does with text. */
const builtinDrivers = {
  diff: new Set([
    ...[
      'ada',
      'bash',
      'bibtex',
      'cpp',
      'csharp',
      'css',
      'dts',
      'elixir',
      'fortran',
      'fountain',
      'golang',
      'html',
    ],
    ...[
      'ini',
      'java',
      'kotlin',
      'markdown',
      'matlab',
      'objc',
      'pascal',
      'perl',
      'php',
      'python',
      'ruby',
      'rust',
    ],
    ...['scheme', 'tex'],
  ]),
  merge: new Set(['text', 'binary', 'union']),
};

/**
 * What a control file would make git do. One fault a line.
 * SECURITY: lines and blanks are git's own: a carriage return ends no line, and no other character than these is a blank to it.
 * @param text one character a byte
 */
export function findControlFaults(kind: ControlFile, text: string): readonly ControlFault[] {
  const find = finders[kind];
  const lines = text.replace(byteOrderMark, '').split('\n');
  return lines.flatMap((content, index) => {
    const fault = find(content.replace(/^[ \t\r]+/, ''));
    return fault === null ? [] : [{ ...fault, line: index + 1 }];
  });
}

/** Of UTF-8: git passes over it. */
const byteOrderMark = /^\xef\xbb\xbf/;

/** Several may stand in front of what is in the last one. */
const sections = String.raw`^(?:\[.*\]\s*)?`;
const submodule = /^(?:\[.*\]\s*)?\[\s*submodule\b/i;
const lfsKey = new RegExp(`${sections}[\\w.-]*(?:url|agent|path|args)\\s*=`, 'i');
const hooksKey = new RegExp(`${sections}hookspath\\s*=`, 'i');

const finders: Readonly<Record<ControlFile, (line: string) => Omit<ControlFault, 'line'> | null>> = {
  attributes: findAttribute,
  modules: (line) =>
    submodule.test(line) ? { check: 'submodules', rule: 'submodules', says: 'declares a submodule' } : null,
  'lfs-config': (line) =>
    lfsKey.test(line) ? { check: 'lfs', rule: 'lfs', says: 'says where Git LFS sends files' } : null,
  config: (line) =>
    hooksKey.test(line) ? { check: 'hooks', rule: 'hooks', says: 'sets core.hooksPath' } : null,
};

/**
 * `pattern attr=value ...` or `[attr]macro attr=value ...`: a macro's line has the same words behind its
 * name.
 */
function findAttribute(line: string): Omit<ControlFault, 'line'> | null {
  if (line.startsWith('#')) return null;
  for (const word of withoutPattern(line).split(/[ \t\r]+/)) {
    const [name = '', value = ''] = word.split('=', 2);
    if (name === 'filter' && value === 'lfs')
      return { check: 'lfs', rule: 'lfs', says: 'gives files to Git LFS' };
    if (name === 'filter' && word.includes('=')) return toDriverFault('a filter');
    if (name === 'diff' && word.includes('=') && value !== 'lfs' && !builtinDrivers.diff.has(value)) {
      return toDriverFault('a diff driver');
    }
    if (name === 'merge' && word.includes('=') && value !== 'lfs' && !builtinDrivers.merge.has(value)) {
      return toDriverFault('a merge driver');
    }
  }
  return null;
}

/** The pattern is the first word, or stands in quotes and may then hold blanks; with an escape that is none it is the first word again. */
function withoutPattern(line: string): string {
  const quoted = /^"(?:[^"\\]|\\(?:[abfnrtv"\\]|[0-3][0-7]{2}))*"/.exec(line);
  return quoted === null ? line.replace(/^[^ \t\r]+/, '') : line.slice(quoted[0].length);
}

function toDriverFault(what: string): Omit<ControlFault, 'line'> {
  return { check: 'attributes', rule: 'attributes', says: `names ${what} that git would run` };
}
