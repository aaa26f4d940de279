// Throttle decisions per second against the Postgres limiter of rate-limiter-flexible, on one database in one run; and the
// throttle's cost for a request.
//
// Callers ask again as soon as they are answered. No limit is near, so every decision is charged: ours in three windows, the other
// limiter's in one.

import pg from 'pg';
import { pino } from 'pino';
import { RateLimiterPostgres } from 'rate-limiter-flexible';
import { say } from '../../scripts/stack/report.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { ConnectionPool } from '../../sidecar/src/db/pool.ts';
import { takeThrottle } from '../../sidecar/src/db/throttle.ts';
import { Throttle } from '../../sidecar/src/limits/throttle.ts';
import type { Instance } from '../helpers/instance.ts';
import { createInstance } from '../helpers/instance.ts';
import type { Measured } from './harness.ts';
import { compare, load, report } from './harness.ts';

const secondsPerTurn = 3;
const rounds = 5;
/** Many short turns, because the results of single turns vary by 50 % on a shared machine. */
const secondsPerHttpTurn = 2;
const httpRounds = 15;
/** Each of the two limiters has as many connections to Postgres as a sidecar. */
const poolSize = 10;
const farAway = 1_000_000_000;

const real = { ...(await provideRealParts()), sharedOdooUrl: null };
const gateway = await createInstance(real);
try {
  const modules = await benchModules(gateway);
  const http = await benchHttp(gateway);
  report('throttle', { ...modules.figures, ...http.figures }, { ...modules.ratios, ...http.ratios });
} finally {
  await gateway.close();
}

interface Outcome {
  readonly figures: Record<string, number>;
  readonly ratios: Record<string, number>;
}

async function benchModules({ sidecarDatabaseUrl, databaseUrl }: Instance): Promise<Outcome> {
  const pool = new ConnectionPool(sidecarDatabaseUrl, poolSize, pino({ level: 'silent' }));
  const throttle = new Throttle({ take: (asks) => takeThrottle(pool, asks), trustsMemory: () => false });
  const limits = { minute: farAway, hour: farAway, day: farAway };
  const othersPool = new pg.Pool({ connectionString: databaseUrl, max: poolSize });
  const other = await othersLimiter(othersPool);
  const figures: Record<string, number> = {};
  const ratios: Record<string, number> = {};
  try {
    for (const { name, callers, subjects } of [
      { name: 'one_subject', callers: 64, subjects: 1 },
      { name: 'thousand_subjects', callers: 256, subjects: 1_000 },
    ]) {
      say(`${subjects} subject${subjects === 1 ? '' : 's'}, ${callers} callers waiting`);
      const before = { ...throttle.counts };
      let decisions = 0;
      const { ours, theirs } = await compare(
        { rounds },
        {
          ours: () =>
            decide(callers, subjects, async (subject) => {
              const decision = await throttle.take(subject, limits);
              if (decision?.allowed !== true) throw new Error(`${subject} was refused.`);
              decisions += 1;
            }),
          theirs: () => decide(callers, subjects, (subject) => other.consume(subject)),
        },
      );
      figures[`${name}_ours_rps`] = ours.rps;
      figures[`${name}_theirs_rps`] = theirs.rps;
      figures[`${name}_statements_per_decision`] = (throttle.counts.statements - before.statements) / decisions;
      ratios[name] = ours.rps / theirs.rps;
    }
  } finally {
    await pool.end();
    await othersPool.end();
  }
  return { figures, ratios };
}

/** The other limiter, set up as its documentation advises for speed: no clean-up timer; keys expire in a column. */
function othersLimiter(storeClient: pg.Pool): Promise<RateLimiterPostgres> {
  return new Promise((resolve, reject) => {
    const options = { storeClient, points: farAway, duration: 3_600, tableName: 'bench_limiter', clearExpiredByTimeout: false };
    const limiter = new RateLimiterPostgres(options, (error?: Error) => (error ? reject(error) : resolve(limiter)));
  });
}

/** `callers` that go through the subjects in turn, each asking again as soon as it is answered. */
async function decide(callers: number, subjects: number, ask: (subject: string) => Promise<unknown>): Promise<Measured> {
  const startedAt = performance.now();
  const endsAt = startedAt + secondsPerTurn * 1_000;
  const waits: number[] = [];
  let asked = 0;
  const call = async () => {
    for (let now = performance.now(); now < endsAt; ) {
      asked += 1;
      await ask(`user:${asked % subjects}`);
      const answeredAt = performance.now();
      waits.push(answeredAt - now);
      now = answeredAt;
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  const seconds = (performance.now() - startedAt) / 1_000;
  const sorted = Float64Array.from(waits).sort();
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? 0;
  return { rps: waits.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** Apart from throttling, `ping` does less than any other request. */
async function benchHttp(instance: Instance): Promise<Outcome> {
  const headers = { Authorization: `Bearer ${instance.keys.demo}` };
  const figures: Record<string, number> = {};
  const ratios: Record<string, number> = {};
  for (const { name, connections } of [
    { name: 'http', connections: 256 },
    { name: 'http_64', connections: 64 },
  ]) {
    say(`ping over HTTP, ${connections} connections`);
    const turn = (most: number) => async () => {
      await setLimit(instance, most);
      return load(`${instance.url}/api/v1/ping`, { connections, seconds: secondsPerHttpTurn, headers });
    };
    const { on, off } = await compare({ rounds: httpRounds }, { on: turn(farAway), off: turn(0) });
    figures[`${name}_on_rps`] = on.rps;
    figures[`${name}_off_rps`] = off.rps;
    ratios[`${name}_on_vs_off`] = on.rps / off.rps;
  }
  return { figures, ratios };
}

async function setLimit(instance: Instance, most: number): Promise<void> {
  await instance.sql(`update gateway.setting set value = to_jsonb($1::integer) where name = 'throttle.limit'`, [most]);
  // Settings take effect within a second.
  const limited = async () => {
    const answer = await instance.get('/api/v1/ping', { key: instance.keys.demo });
    if (answer.status !== 200) throw new Error(`ping: ${answer.status} ${answer.text}`);
    return answer.headers.has('ratelimit-limit');
  };
  while ((await limited()) !== most > 0) await new Promise((resolve) => setTimeout(resolve, 50));
}
