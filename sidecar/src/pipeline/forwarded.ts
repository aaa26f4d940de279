// Parses the header `Forwarded` (RFC 7239): `for=192.0.2.1;proto=https, for="[2001:db8::1]:4711"`.

/** The parameters of each element, in order, with lower-case names. Malformed ones are left out. */
export function forwardedElements(text: string): ReadonlyMap<string, string>[] {
  if (text === '') return [];
  return splitOutsideQuotes(text, ',').map((element) => {
    const parameters = new Map<string, string>();
    for (const pair of splitOutsideQuotes(element, ';')) {
      const [, name = '', quoted, token] = /^\s*([a-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s";,]+))\s*$/i.exec(pair) ?? [];
      const value = quoted?.replaceAll(/\\(.)/g, '$1') ?? token;
      const key = name.toLowerCase();
      if (value !== undefined && !parameters.has(key)) parameters.set(key, value);
    }
    return parameters;
  });
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i];
    if (character === '\\' && quoted) i += 1;
    else if (character === '"') quoted = !quoted;
    else if (character === separator && !quoted) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}
