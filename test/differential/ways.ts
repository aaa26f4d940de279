// Repeats requests until compiled statements answer them, sends variants with other values, and compares the answers with Odoo's.

import { setTimeout as delay } from 'node:timers/promises';
import type { Answer, HttpClient } from '../helpers/http_client.ts';
import type { Case } from './oracle.ts';
import { variantsOf } from './variants.ts';

/** After each shape, the compiler pauses for a few times as long as it took. */
const mostTries = 100;
/** Reasons that are only temporary: the read is not yet compiled, or was compiled with rights that have changed since. */
const passing = /^odoo:(?:new|moved|moving|busy)/;
/** The cursors of a list are followed for this many pages. */
const mostPages = 3;

export interface Given {
  status: number;
  body: unknown;
  pages?: unknown[][];
}

export interface Ways {
  /** Sidecars that compile. */
  compiling: readonly HttpClient[];
  /** A sidecar that only asks Odoo. */
  orm: HttpClient;
  seed: number;
  /** How many variants, with other values, are sent of each compiled request. */
  variants: number;
  /** Compiled requests from before the last change, which are asked again. */
  earlier: readonly { asking: Case; sidecar: HttpClient }[];
}

export interface WaysSeen {
  /** Compiled answers, by the position of the request in the round. */
  compiled: Map<number, Given & { sidecar: HttpClient }>;
  /** Why other requests were not compiled. */
  notCompiled: Record<string, number>;
  /** Answers to other values, and to further pages, that were compared with Odoo's. */
  compared: number;
  withRecords: number;
  /** `place` is the position of the request in the round; undefined for an earlier request. */
  differing: { asking: Case; place: number | undefined; at: string }[];
}

type Request = Pick<Case, 'path' | 'body'>;

/** @param isEnough whether to stop after this number of requests */
export async function askWays(
  ways: Ways,
  round: Case[],
  keys: string[],
  isEnough: (asked: number) => boolean,
): Promise<WaysSeen> {
  const seen: WaysSeen = { compiled: new Map(), notCompiled: {}, compared: 0, withRecords: 0, differing: [] };
  for (const { asking, sidecar } of ways.earlier) {
    const options = optionsOf(asking, keys);
    await comparison(ways, seen, asking, undefined, options)(asking, await send(sidecar, asking, options));
  }
  const waiting = [...round.entries()].filter(([, { question }]) => question.kind !== 'pages' && !('must_be' in question));
  let asked = 0;
  await Promise.all(
    ways.compiling.map(async (sidecar) => {
      for (let next = waiting.shift(); next !== undefined && !isEnough(asked); next = waiting.shift()) {
        asked += 1;
        await askOne(ways, sidecar, next, keys, seen);
      }
    }),
  );
  return seen;
}

async function askOne(ways: Ways, sidecar: HttpClient, [place, asking]: [number, Case], keys: string[], seen: WaysSeen) {
  const options = optionsOf(asking, keys);
  const answer = await untilCompiled(sidecar, asking, options);
  const way = wayOf(answer);
  if (way !== 'compiled') {
    const [why = ''] = way.split(/[ ;(]/, 1);
    seen.notCompiled[why] = (seen.notCompiled[why] ?? 0) + 1;
    return;
  }
  seen.compiled.set(place, { status: answer.status, body: answer.json ?? answer.text, sidecar });
  const compare = comparison(ways, seen, asking, place, options);
  if (ways.variants === 0) return;
  await compare(asking, answer);
  await Promise.all(
    variantsOf(asking, ways.seed, ways.variants).map(async (request) => compare(request, await send(sidecar, request, options))),
  );
  let next = nextPage(answer);
  for (let page = 1; next !== undefined && page < mostPages; page += 1) {
    const request = { path: next, body: null };
    const given = await untilCompiled(sidecar, request, options);
    await compare(request, given);
    next = nextPage(given);
  }
}

/** Compares a compiled answer to a request like `asking` with Odoo's. */
function comparison(ways: Ways, seen: WaysSeen, asking: Case, place: number | undefined, options: Options) {
  return async (request: Request, given: Answer) => {
    if (wayOf(given) !== 'compiled') return;
    const should = await send(ways.orm, request, options);
    seen.compared += 1;
    if (should.status === 200 && should.json.data?.length !== 0) seen.withRecords += 1;
    const at = ['status', 'text', 'link', 'content-language'].find((part) => partOf(given, part) !== partOf(should, part));
    if (at === undefined) return;
    const is = `${partOf(given, at)} instead of ${partOf(should, at)}`;
    seen.differing.push({ asking, place, at: `${request.path} ${JSON.stringify(request.body)} ${at}: ${is}` });
  };
}

function optionsOf({ user, headers }: Case, keys: string[]): Options {
  return { key: keys[user] ?? '', headers: { ...headers, 'X-Gateway-Explain': '1' } };
}

type Options = { key: string; headers: Record<string, string> };

async function untilCompiled(sidecar: HttpClient, request: Request, options: Options): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    const answer = await send(sidecar, request, options);
    if (!passing.test(wayOf(answer)) || tries === mostTries) return answer;
    await delay(40);
  }
}

/** A read that Odoo refuses is not compiled. */
function wayOf({ status, headers }: Answer): string {
  const way = headers.get('x-gateway-read');
  return way === null || (way !== 'compiled' && status !== 200) ? 'refused' : way;
}

function partOf({ status, text, headers }: Answer, part: string): string | null {
  if (part === 'status') return String(status);
  // Messages of errors contain the id of the request.
  if (part === 'text') return status === 200 ? text : '';
  const value = headers.get(part);
  // Each sidecar has an address of its own.
  return value?.replace(/http:\/\/[^/]+/, '') ?? null;
}

export function nextPage({ headers }: Answer): string | undefined {
  return /^<(.*)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1]?.replace(/^http:\/\/[^/]+/, '');
}

/** Repeats a request after a 503, as a client does while Odoo loads its changed registry and sheds requests. */
export async function send(client: HttpClient, { path, body }: Request, options: Options): Promise<Answer> {
  for (let tries = 0; ; tries += 1) {
    const answer = await (body === null ? client.get(path, options) : client.post(path, body, options));
    if (answer.status !== 503 || tries === 60) return answer;
    await delay(500);
  }
}
