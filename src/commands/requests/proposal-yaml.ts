import { isMap, LineCounter, parseDocument, stringify, visit } from 'yaml';
import { BottleError } from '../../errors.ts';
import { parseProposal } from '../../queue/parse-proposal.ts';
import type { Proposal } from '../../queue/proposal.ts';
import type { QueueRequest } from '../../queue/request.ts';
import { toPrintable } from '../text/to-printable.ts';

/**
 * A request in the form an operator edits it in: comments that say what it is, and the proposal as YAML.
 * @param advice more comments, a line each
 */
export function toEditText(request: QueueRequest, proposal: Proposal, advice: readonly string[]): string {
  const comments = [
    `${request.id}: this is what is to be approved.`,
    ...advice,
    ...(proposal.kind === 'route'
      ? [
          'null stands for any method, any path, no credential.',
          'credentialOf: the id of a route to the same host whose credential goes along, such as egress.routes[0].',
        ]
      : []),
    `The agent's reason: ${request.reason}`,
  ];
  return `${comments.map(toComment).join('')}${toSafeYaml(proposal)}`;
}

/** Puts what is wrong with an edited text in the place of its first comment, so that its lines keep their numbers. */
export function withProblem(text: string, problem: string): string {
  return `${toComment(`WRONG: ${problem}`)}${text.replace(/^#.*\n/, '')}`;
}

/** Whether there is nothing but comments and blanks in it. */
export function isEmptyEdit(text: string): boolean {
  return text.split('\n').every((line) => line.trim() === '' || line.trimStart().startsWith('#'));
}

/**
 * Makes a proposal of an edited text.
 * @throws BottleError `request-invalid`, with the line where there is one
 */
export function parseEditText(text: string, kind: Proposal['kind']): Proposal {
  const lines = new LineCounter();
  // Keys are checked below by the one parser of proposals; what YAML adds to JSON is not wanted here.
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, strict: true });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const { line } = lines.linePos(problem.pos[0]);
    throw new BottleError('request-invalid', `Line ${line} is not YAML: ${toSentence(problem.message)}`);
  }
  if (!isMap(document.contents)) throw new BottleError('request-invalid', 'This is not a proposal.');
  visit(document, {
    Alias() {
      throw new BottleError('request-invalid', 'Aliases ("*name") are not taken here.');
    },
  });
  const proposal = parseProposal(document.toJS());
  if (proposal.kind !== kind) throw new BottleError('request-invalid', `kind must stay "${kind}".`);
  return proposal;
}

/** The first line of a parser's message, without the place that stands at its end. */
function toSentence(message: string): string {
  const [line = ''] = message.split('\n');
  return line.replace(/ at line \d+, column \d+:?$/, '');
}

/** SECURITY: a comment is one line, whatever a guest wrote. */
function toComment(text: string): string {
  return `# ${toPrintable(text)}\n`;
}

/**
 * SECURITY: what a guest wrote stands in quotes, with all that an editor or a terminal would obey as YAML's own escapes, so
 * that what is read back is what was asked for.
 */
function toSafeYaml(proposal: Proposal): string {
  const yaml = stringify(proposal, {
    defaultStringType: 'QUOTE_DOUBLE',
    defaultKeyType: 'PLAIN',
    lineWidth: 0,
  });
  return [...yaml]
    .map((character) =>
      character === '\n' || character === toPrintable(character) ? character : toEscape(character),
    )
    .join('');
}

function toEscape(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`;
}
