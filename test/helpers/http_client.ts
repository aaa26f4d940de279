// Requests as a client makes them. No status throws: every answer is returned as data.

export interface RequestOptions {
  /** Sent as `Authorization: Bearer`. */
  key?: string;
  headers?: Record<string, string>;
  /** Sent unchanged; for malformed bodies. */
  body?: string | Uint8Array;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The parsed body; undefined when it is not JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: a test states what it expects of the body by asserting it
  json: any;
}

export class HttpClient {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  get(path: string, options: RequestOptions = {}): Promise<Answer> {
    return this.request('GET', path, options);
  }

  post(path: string, body: unknown, options: RequestOptions = {}): Promise<Answer> {
    const headers = { 'Content-Type': 'application/json', ...options.headers };
    return this.request('POST', path, { ...options, headers, body: JSON.stringify(body) });
  }

  async request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const headers: Record<string, string> = { ...options.headers };
    if (options.key !== undefined) headers.Authorization = `Bearer ${options.key}`;
    const response = await fetch(new URL(path, this.url), { method, headers, body: options.body ?? null, redirect: 'manual' });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parse(text) };
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
