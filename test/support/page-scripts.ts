/**
 * What tests run inside a browser's page: as text, because the browser's names are not known where this is checked.
 * The lowest contrast of any text on the page with what is behind it, as WCAG counts it.
 */
export const lowestContrast = `(() => {
  const channels = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = (colour) => {
    const [red, green, blue] = channels(colour).map((channel) => {
      const part = channel / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    if (element === null) return getComputedStyle(document.documentElement).backgroundColor;
    const colour = getComputedStyle(element).backgroundColor;
    return channels(colour)[3] === 0 ? behind(element.parentElement) : colour;
  };
  const contrasts = [...document.querySelectorAll('body *')]
    .filter((element) => element.checkVisibility() && element.textContent.trim() !== '')
    .map((element) => {
      const both = [luminance(getComputedStyle(element).color), luminance(behind(element))];
      return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
    });
  return Math.min(...contrasts);
})()`;

/** Whether the page is wider than its window. */
export const isTooWide = 'document.documentElement.scrollWidth > window.innerWidth';

/** Whether the browser refuses markup that a script would put on the page. */
export const isMarkupRefused = `(() => {
  try {
    document.body.insertAdjacentHTML('beforeend', '<p>markup</p>');
    return false;
  } catch {
    return true;
  }
})()`;

/** What another site's page gets when it reads, posts to and frames the page at `origin`. */
export function tryFromElsewhere(origin: string, body: string): string {
  return `(async (origin, body) => {
    const outcome = (tried) => tried.then(({ type, status }) => type + ' ' + status, () => 'failed');
    const post = { method: 'POST', credentials: 'include', body };
    const frame = document.createElement('iframe');
    frame.src = origin + '/';
    document.body.append(frame);
    await new Promise((resolve) => frame.addEventListener('load', resolve));
    return {
      read: await outcome(fetch(origin + '/', { credentials: 'include' })),
      post: await outcome(fetch(origin + '/api/reject', post)),
      blind: await outcome(fetch(origin + '/api/reject', { ...post, mode: 'no-cors' })),
      framed: frame.contentDocument?.body.textContent ?? null,
    };
  })(${JSON.stringify(origin)}, ${JSON.stringify(body)})`;
}
