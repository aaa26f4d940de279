// Collects requests as they pass, one line each, for users who watch the dashboard. If the gateway is busy, the lines are a
// sample: the first requests after each message to the sidecars.

import { z } from 'zod';
import type { Counted } from './figures.ts';

/** The most requests that are collected for one message. Nobody could read more. */
const most = 12;
/** The most characters that all lines of a message may have. The message also contains the counts. */
const mostCharacters = 1_500;
const mostOfPath = 120;

/** The arrival in milliseconds since 1970, consumer, user, method, path, status, and milliseconds in the gateway. */
export const lineShape = z.tuple([
  z.number(),
  z.string().max(100),
  z.int(),
  z.string().max(20),
  z.string().max(mostOfPath),
  z.int(),
  z.number(),
]);
type Line = z.infer<typeof lineShape>;

/** A line as browsers get it. */
export interface Passed {
  readonly at: number;
  readonly consumer: string;
  readonly method: string;
  /** The route with its model, without ids and other values. */
  readonly path: string;
  readonly status: number;
  readonly ms: number;
}

export class Passing {
  #lines: Line[] = [];

  see({ at, consumer, method, route, model, status, gatewayMs }: Counted): void {
    if (this.#lines.length >= most) return;
    // Makes each character a single byte, because the message is limited in bytes. The names of models are ASCII anyway.
    const name = model?.replace(/[^!-~]/g, '?');
    const path = (name === undefined ? route : route.replace(':model', () => name)).slice(0, mostOfPath);
    this.#lines.push([at, consumer.consumer, consumer.user_id ?? 0, method, path, status, Math.round(gatewayMs * 10) / 10]);
  }

  /** The lines since the last call, as JSON. */
  take(): string[] {
    const taken = this.#lines;
    this.#lines = [];
    let left = mostCharacters;
    return taken
      .map((line) => JSON.stringify(line))
      .filter((text) => {
        left -= text.length + 1;
        return left >= 0;
      });
  }
}

export function passedOf([at, consumer, , method, path, status, ms]: Line): Passed {
  return { at, consumer, method, path, status, ms };
}

export type { Line };
