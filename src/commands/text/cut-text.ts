/** The first `most` UTF-16 units of a text, with three dots behind them where there is more. */
export function cutText(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}...` : text;
}
