/** What went wrong and what to do about it, as one text. */
export function toProblemText(problem: { readonly message: string; readonly hint: string }): string {
  const { message, hint } = problem;
  return `${message}${/[.!?]$/.test(message) ? '' : '.'} ${hint}`.trim();
}
