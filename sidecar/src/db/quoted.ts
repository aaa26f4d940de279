const special = /["\\]/g;

/** Quotes a value for use as an element of an array literal or a field of a row literal. */
export function quoted(text: string): string {
  return `"${text.replace(special, '\\$&')}"`;
}
