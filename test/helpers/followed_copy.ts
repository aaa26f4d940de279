// A client's copy of a list, kept up to date by the change feed, over long polls or a stream of events. Its servers may be killed
// and its connections cut at any time.

import { setTimeout as delay } from 'node:timers/promises';
import type { Answer, HttpClient } from './http_client.ts';

export type Row = Record<string, unknown> & { id: number };

export interface Followed {
  readonly name: string;
  readonly key: string;
  readonly model: string;
  readonly fields: readonly string[];
  readonly domain?: readonly unknown[];
  /** Follows a stream of events instead of polling. */
  readonly streams?: boolean;
}

interface Part {
  readonly upserts: readonly Row[];
  readonly removed: readonly { id: number }[];
}

export class FollowedCopy {
  readonly followed: Followed;
  readonly rows = new Map<number, Row>();
  /** Changes that have arrived. */
  delivered = 0;
  readonly #server: () => HttpClient;
  readonly #leaving = new AbortController();
  #since = '';

  /** @param server returns the server for the next request, which may be down */
  constructor(followed: Followed, server: () => HttpClient) {
    this.followed = followed;
    this.#server = server;
  }

  async start(): Promise<void> {
    this.#since = (await this.#get(`/changes?since=new&${this.#query}`)).json.meta.next;
    const { text } = await this.#get(`?${this.#query}`, { Accept: 'application/x-ndjson' });
    for (const line of text.split('\n')) if (line !== '') this.#keep(JSON.parse(line));
  }

  /** Follows for a while: one request, or a stream until it breaks. Throws if the server refuses. */
  async step(): Promise<void> {
    if (this.followed.streams === true) return this.#stream();
    const { json } = await this.#get(`/changes?since=${encodeURIComponent(this.#since)}&limit=50&${this.#query}`);
    this.#take(json.data, json.meta.next);
  }

  stop(): void {
    this.#leaving.abort();
  }

  get #query(): string {
    const { fields, domain = [] } = this.followed;
    return `fields=${fields}&domain=${encodeURIComponent(JSON.stringify(domain))}`;
  }

  #take({ upserts, removed }: Part, next: string): void {
    for (const row of upserts) this.#keep(row);
    for (const { id } of removed) this.rows.delete(id);
    this.delivered += upserts.length + removed.length;
    this.#since = next;
  }

  #keep(row: Row): void {
    this.rows.set(row.id, row);
  }

  async #stream(): Promise<void> {
    const { key, model, name } = this.followed;
    const url = new URL(`/api/v1/${model}/changes?since=new&${this.#query}`, this.#server().url);
    const headers = { Accept: 'text/event-stream', Authorization: `Bearer ${key}`, 'Last-Event-ID': this.#since };
    try {
      const response = await fetch(url, { headers, signal: this.#leaving.signal });
      if (response.status >= 500) return;
      if (response.status !== 200) throw new Refused(`${name}: ${response.status} ${await response.text()}`);
      let text = '';
      for await (const piece of (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
        const events = (text + piece).split('\n\n');
        text = events.pop() ?? '';
        for (const event of events) this.#event(event);
      }
    } catch (error) {
      if (error instanceof Refused) throw error;
      // The connection was cut. The next stream continues after the last whole event.
    }
  }

  #event(text: string): void {
    const { id = '', event, data = '{}' } = Object.fromEntries(text.split('\n').map((line) => line.split(/: (.*)/s, 2)));
    if (event === 'reset') throw new Refused(`${this.followed.name}: ${data}`);
    this.#take(JSON.parse(data), id);
  }

  /** Asks until a server answers. */
  async #get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    const { name, key, model } = this.followed;
    for (let tries = 0; tries < 600; tries += 1) {
      const answer = await this.#server()
        .get(`/api/v1/${model}${path}`, { key, headers })
        .catch(() => undefined);
      if (answer?.status === 200) return answer;
      if (answer !== undefined && answer.status < 500)
        throw new Refused(`${name}: ${answer.status} ${answer.text.slice(0, 300)}`);
      await delay(200);
    }
    throw new Refused(`${name}: no answer`);
  }
}

class Refused extends Error {}
