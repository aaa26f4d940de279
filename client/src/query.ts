// The parameters of a list, as a query (guide, "Read") or as a body (guide, "Search by a body").

export interface Parameters {
  readonly [name: string]: unknown;
  readonly filter?: object | undefined;
}

/** Longer queries are sent as a body. */
const longest = 2_000;

/** `?fields=name,email&filter[city][in]="Gent","Lyon"`, or nothing. */
export function queryOf({ filter, ...others }: Parameters): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(others)) {
    if (value === undefined) continue;
    const isJson = name === 'domain' || name === 'having';
    query.set(name, isJson ? JSON.stringify(value) : Array.isArray(value) ? value.join() : String(value));
  }
  for (const [path, asked] of Object.entries(filter ?? {})) {
    if (asked === undefined) continue;
    const conditions: [string, unknown][] = typeof asked === 'object' ? Object.entries(asked as object) : [['', asked]];
    for (const [operator, operand] of conditions) {
      if (operand === undefined) continue;
      const place = operator === '' ? '' : `[${operator}]`;
      query.set(`filter[${path}]${place}`, Array.isArray(operand) ? operand.map(quoted).join() : String(operand));
    }
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

/** The request for a page of a list. */
export function listRequest(path: string, parameters: Parameters): { method: string; path: string; body?: unknown } {
  const query = queryOf(parameters);
  return query.length > longest
    ? { method: 'POST', path: `${path}/search`, body: parameters }
    : { method: 'GET', path: path + query };
}

/** One value of a list: a comma in it is not a separator. */
const quoted = (value: unknown): string => `"${String(value).replaceAll('"', '""')}"`;
