/**
 * Puts a route's query parameter in place of every one of that name the guest sent.
 *
 * SECURITY: names are compared as servers read them: percent-escapes decoded (also of letters), `+` as a
 * space, in any case, and with `;` as a separator like `&`.
 * @param query from `?` on, or empty
 */
export function replaceQueryParameter(query: string, name: string, value: string): string {
  const kept = query
    .slice(1)
    .split(/(?=[&;])/)
    .filter((part) => readName(part) !== name.toLowerCase())
    .join('')
    .replace(/^[&;]/, '');
  const own = `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
  return kept === '' ? `?${own}` : `?${kept}&${own}`;
}

/** The decoded name of one parameter, which may start with its separator. */
function readName(part: string): string {
  const written = part.replace(/^[&;]/, '').split('=', 1)[0] ?? '';
  const bytes = written
    .replaceAll('+', ' ')
    .replace(/%([0-9a-fA-F]{2})/g, (_found, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8').toLowerCase();
}
