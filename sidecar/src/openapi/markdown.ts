// Escapes labels and help texts. Anyone who customizes Odoo can write them, and descriptions in OpenAPI are Markdown, which may
// contain HTML.

const longest = 400;

/**
 * A string that a Markdown renderer shows literally, without tags, links and markup. It has one line of at most 400 characters.
 */
export function asMarkdown(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  const shown = line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
  return shown
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[\\`*_[\]#~|!]/g, '\\$&')
    .replaceAll(/:\/\//g, ':&#47;&#47;')
    .replaceAll(/\b(www)\./gi, '$1&#46;')
    .replaceAll('@', '&#64;');
}
