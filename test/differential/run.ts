// Random requests, many at once and so in shared bodies, compared with the answers of Odoo's ORM for the same user
// (expectation.py).
//
// Requests are made in blocks; before each block, a right, a rule, records or fields of the world change. Everything follows from
// the seed: `npm run soak -- differential --seed 7 --case 4711` repeats request 4711 of seed 7.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { logDir } from '../../scripts/stack/paths.mjs';
import type { Instance, Real } from '../helpers/instance.ts';
import { createOdooKey } from '../helpers/odoo_keys.ts';
import type { Case, Expected } from './oracle.ts';
import { Oracle } from './oracle.ts';
import type { Given, Ways } from './ways.ts';
import { askWays, nextPage, send } from './ways.ts';

const block = 50;
const undecided = '\0undecided';
/** After this time, every sidecar uses a changed field. */
const fieldsKnownAfterMs = 1_000;

export interface Options {
  seed: number;
  cases: number;
  /** The number of concurrent requests. */
  atOnce: number;
  /**
   * How many requests of each block are repeated until a compiled statement answers them; more while the ORM is still
   * answering.
   */
  again: number;
  /** How many variants, with other values, are sent of each compiled request. */
  variants: number;
  /** The number of sidecars that compile, each one shape at a time. */
  sidecars: number;
  /** The run stops after this time, even before the last request. */
  minutes?: number;
  /** Repeats this request, first with those that ran at the same time, then by itself. */
  only?: number;
  say: (line: string) => void;
}

export interface Difference {
  case: Case;
  expected: Expected;
  answer: unknown;
  /** The first difference. */
  at: string;
  /** The changes before it. */
  after: string;
}

export interface Outcome {
  cases: number;
  /** How many of the answers have status 200 and at least one record. */
  withRecords: number;
  refusals: number;
  /** Answers that came from a compiled statement. They are compared as well. */
  compiled: number;
  /** Why other repeated requests were not compiled. */
  notCompiled: Record<string, number>;
  /** Compiled answers to requests with other values, and to further pages, that were compared with Odoo's. */
  compared: number;
  comparedWithRecords: number;
  /** Requests that shared a body with others on their way to Odoo. */
  inCompany: number;
  /** Requests that Odoo itself could not answer, with any exception. */
  unanswerable: number;
  /** Requests with a value that the ORM may or may not refuse. */
  undecided: number;
  differences: Difference[];
}

export async function runDifferential(instance: Instance, real: Real, options: Options): Promise<Outcome> {
  const { seed, cases, atOnce, only, say } = options;
  const oracle = new Oracle(real.parts, instance.database, join('test-results', `oracle-${process.pid}.log`));
  const outcome: Outcome = {
    cases: 0,
    withRecords: 0,
    refusals: 0,
    compiled: 0,
    notCompiled: {},
    compared: 0,
    comparedWithRecords: 0,
    inCompany: 0,
    unanswerable: 0,
    undecided: 0,
    differences: [],
  };
  try {
    const more = Array.from({ length: options.sidecars - 1 }, () => instance.startSidecar());
    const orm = options.variants > 0 ? await instance.startSidecar({ env: { GATEWAY_READ_POOL_SIZE: '0' } }) : instance;
    const compiling = [instance, ...(await Promise.all(more))];
    const ways: Ways = { compiling, orm, seed, variants: options.variants, earlier: [] };
    const users = await oracle.build(seed);
    const keys = await Promise.all(users.map(({ id }) => createOdooKey(instance, { userId: id, rounds: 1 })));
    const secrets = keys.map(({ secret }) => secret);
    const last = only === undefined ? cases : only + 1;
    const endsAt = performance.now() + (options.minutes ?? 1_000) * 60_000;
    let after = 'the beginning';
    for (let epoch = 0; epoch * block < last && performance.now() < endsAt; epoch += 1) {
      if (epoch > 0) {
        after = await oracle.change(seed, epoch, users);
        if (after.includes('x_changing')) await delay(fieldsKnownAfterMs);
      }
      if (only !== undefined && Math.floor(only / block) !== epoch) continue;
      const size = only === undefined ? Math.min(block, cases - epoch * block) : block;
      const asked = await oracle.cases(
        seed,
        Array.from({ length: size }, (_, i) => epoch * block + i),
        users,
      );
      const rounds = only === undefined ? [asked] : [asked, asked.filter(({ number }) => number === only)];
      for (const round of rounds) {
        let isExpected = false;
        const expecting = oracle.expect(round).finally(() => {
          isExpected = true;
        });
        const answering = askAll(instance, round, secrets, atOnce).then(async (answers) => {
          const isEnough = (asked: number) => isExpected && asked >= options.again;
          return { answers, seen: await askWays(ways, round, secrets, isEnough) };
        });
        const [expected, { answers, seen }] = await Promise.all([expecting, answering]);
        const before = outcome.differences.length;
        for (const [i, asking] of round.entries()) {
          const [should, is] = [expected[i], answers[i]];
          if (should === undefined || is === undefined) throw new Error('A request without an answer.');
          const difference = count(outcome, should, is);
          if (difference === undefined || (await isAlsoRight(oracle, asking, is))) continue;
          outcome.differences.push({ case: asking, expected: should, answer: is.pages ?? is.body, at: difference, after });
        }
        for (const [i, is] of seen.compiled) {
          const [asking, should] = [round[i], expected[i]];
          if (asking === undefined || should === undefined) throw new Error('An answer without a request.');
          outcome.compiled += 1;
          const at = differenceOf(should, is);
          if (at === undefined || should.status === 0 || (await isAlsoRight(oracle, asking, is))) continue;
          outcome.differences.push({ case: asking, expected: should, answer: is.body, at: `compiled ${at}`, after });
        }
        outcome.compared += seen.compared;
        outcome.comparedWithRecords += seen.withRecords;
        for (const [why, requests] of Object.entries(seen.notCompiled)) {
          outcome.notCompiled[why] = (outcome.notCompiled[why] ?? 0) + requests;
        }
        for (const { asking, place, at } of seen.differing) {
          const should = (place === undefined ? undefined : expected[place]) ?? { status: 200 };
          if (should.undecided !== true) outcome.differences.push({ case: asking, expected: should, answer: null, at, after });
        }
        if (options.variants > 0) {
          ways.earlier = [...seen.compiled].flatMap(([place, { sidecar }]) => {
            const asking = round[place];
            return asking === undefined || expected[place]?.undecided === true ? [] : [{ asking, sidecar }];
          });
        }
        for (const difference of outcome.differences.slice(before)) say(describe(difference, seed));
        if (only !== undefined && round.length === 1)
          say(JSON.stringify({ case: round[0], expected, answer: answers[0] }, null, 2));
      }
      if (epoch % 10 === 9)
        say(`  ${outcome.cases} requests, ${outcome.compared} other values, ${outcome.differences.length} differences`);
      if (outcome.differences.length >= 20) break;
    }
  } finally {
    await oracle.close();
  }
  outcome.inCompany = requestsInCompany(instance);
  return outcome;
}

/** Odoo's log names the requests that each body carried. */
function requestsInCompany({ database }: Instance): number {
  const log = readFileSync(join(logDir, `odoo-${database}.log`), 'utf8');
  const bodies = [...log.matchAll(/\/gateway\/read\?request=([\w.,-]+)/g)].map(([, ids = '']) => ids.split(',').length);
  return bodies.filter((size) => size > 1).reduce((sum, size) => sum + size, 0);
}

async function askAll(instance: Instance, cases: Case[], keys: string[], atOnce: number): Promise<Given[]> {
  const given: Given[] = [];
  const waiting = [...cases.entries()];
  const asker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [place, asking] = next;
      given[place] = await ask(instance, asking, keys[asking.user] ?? '');
    }
  };
  await Promise.all(Array.from({ length: atOnce }, asker));
  return given;
}

async function ask(instance: Instance, { path, headers, body, question }: Case, key: string): Promise<Given> {
  const answer = await send(instance, { path, body }, { key, headers });
  const given: Given = { status: answer.status, body: answer.json ?? answer.text };
  if (question.kind !== 'pages' || answer.status !== 200) return given;
  given.pages = [answer.json.data];
  let next = nextPage(answer);
  while (next !== undefined && given.pages.length < Number(question['pages'])) {
    const page = await send(instance, { path: next, body: null }, { key, headers });
    if (page.status !== 200) return { status: page.status, body: page.json };
    given.pages.push(page.json.data);
    next = nextPage(page);
  }
  return given;
}

/** The first difference. */
function count(outcome: Outcome, expected: Expected, given: Given): string | undefined {
  outcome.cases += 1;
  if (expected.undecided === true) outcome.undecided += 1;
  if (expected.status === 0) {
    outcome.unanswerable += 1;
    if (given.status >= 400) return undefined;
  } else if (expected.status !== 200) outcome.refusals += 1;
  if (hasRecords(asked(expected))) outcome.withRecords += 1;
  return differenceOf(expected, given);
}

function differenceOf(expected: Expected, given: Given): string | undefined {
  if (expected.undecided === true && given.status === 403) return undefined;
  const is = given.pages === undefined ? answered(given) : { status: given.status, pages: given.pages };
  return firstDifference(asked(expected), is);
}

/** Whether the ORM itself may return either answer, depending on its cache. */
async function isAlsoRight(oracle: Oracle, asking: Case, given: Given): Promise<boolean> {
  const [afresh] = await oracle.expect([{ ...asking, question: { ...asking.question, afresh: true } }]);
  return afresh !== undefined && differenceOf(afresh, given) === undefined;
}

function asked({ status, data, omitted, total, pages }: Expected): Record<string, unknown> {
  if (status !== 200) return { status };
  if (pages !== undefined) return { status, pages };
  return { status, data, omitted: omitted ?? [], ...(total === undefined ? {} : { total }) };
}

function answered({ status, body }: Given): Record<string, unknown> {
  if (status !== 200) return { status };
  const { data, meta = {} } = body as { data: unknown; meta?: { omitted?: string[]; total?: number } };
  const total = meta.total === undefined ? {} : { total: meta.total };
  return { status, data, omitted: [...(meta.omitted ?? [])].sort(), ...total };
}

function hasRecords({ data, pages }: Record<string, unknown>): boolean {
  if (Array.isArray(pages)) return Array.isArray(pages[0]) && pages[0].length > 0;
  return Array.isArray(data) ? data.length > 0 : data !== undefined;
}

/** `data[3].name: "a" instead of null`; undefined if they are equal. */
function firstDifference(should: unknown, is: unknown, at = ''): string | undefined {
  if (should === undecided || isDeepStrictEqual(should, is)) return undefined;
  if (isRecord(should) && isRecord(is) && Array.isArray(should) === Array.isArray(is)) {
    for (const name of new Set([...Object.keys(should), ...Object.keys(is)])) {
      const found = firstDifference(should[name], is[name], Array.isArray(should) ? `${at}[${name}]` : `${at}.${name}`);
      if (found !== undefined) return found;
    }
    return undefined; // equal except for undecided values
  }
  return `${at}: ${shorten(is)} instead of ${shorten(should)}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

export function describe({ case: asking, expected, answer, at, after }: Difference, seed: number): string {
  return [
    `Case ${asking.number} of seed ${seed}, after ${after}: differs at ${at}`,
    `  ${asking.body === null ? 'GET' : `POST ${JSON.stringify(asking.body)}`} ${asking.path} ${JSON.stringify(asking.headers)} as user ${asking.question['uid']}`,
    expected.why === undefined ? '' : `  Odoo: ${expected.why.slice(0, 2_000)}`,
    expected.status === 200 && isRecord(answer) && 'error' in answer ? `  answer: ${shorten(answer)}` : '',
    `  npm run soak -- differential --seed ${seed} --case ${asking.number}`,
  ]
    .filter(Boolean)
    .join('\n');
}
