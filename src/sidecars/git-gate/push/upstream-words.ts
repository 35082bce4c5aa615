const maxLines = 60;
const maxLineLength = 400;

/**
 * What upstream itself said during a push, for the agent: its messages, and why it took a ref not. Printable and bounded:
 * upstream is not trusted with the agent's terminal.
 * @param stderr what `git push` wrote there; @param stdout its porcelain output
 */
export function toUpstreamWords(stderr: string, stdout: string): readonly string[] {
  const messages = stderr
    .split(/[\r\n]/)
    .filter((line) => line.startsWith('remote: '))
    .map((line) => line.slice('remote: '.length).trimEnd());
  const reasons = stdout.split('\n').flatMap((line) => {
    const [flag, refs = '', summary = ''] = line.split('\t');
    return flag === '!' ? [`${refs.slice(refs.indexOf(':') + 1)}: ${summary}`] : [];
  });
  return [...messages, ...reasons]
    .map((line) => line.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, '?').slice(0, maxLineLength))
    .slice(0, maxLines);
}
