// The cost of a credential: GET /api/v1/ping with a warm Odoo key, gateway key and JWT, each against plain express in the same
// run; how long the event loop is blocked while 200 new Odoo keys are checked at once; and whether the time of a refusal reveals
// a known prefix.

import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { OdooKeys } from '../../sidecar/src/credentials/odoo_key.ts';
import { VerificationQueue } from '../../sidecar/src/credentials/verification_queue.ts';
import type { Instance } from '../helpers/instance.ts';
import { createInstance } from '../helpers/instance.ts';
import { createOdooKey } from '../helpers/odoo_keys.ts';
import { openDatabase } from '../helpers/open_database.ts';
import { compare, load, median, report } from './harness.ts';

const effort = { connections: 8, seconds: 3 };
const burst = 200;
const guesses = 150;
const unlimited = { network: '127.0.0.1', presents: () => {}, admit: () => {}, reserve: async () => {}, charge: async () => {} };

const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
const bare = spawn(process.execPath, [join(import.meta.dirname, 'bare_express.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
try {
  const [port] = await once(bare.stdout, 'data');
  const path = '/api/v1/ping';
  const gatewayKey = await newGatewayKey(gateway);
  const exchanged = await gateway.post('/auth/token/apikey', {}, { key: gatewayKey });
  const jwt: string = exchanged.json.access_token;
  const withSecret = (secret: string) => () =>
    load(`${gateway.url}${path}`, { ...effort, headers: { Authorization: `Bearer ${secret}` } });
  const measured = await compare(
    { rounds: 3 },
    {
      bare: () => load(`http://127.0.0.1:${Number(port)}${path}`, effort),
      odooKey: withSecret(gateway.keys.bench),
      gatewayKey: withSecret(gatewayKey),
      jwt: withSecret(jwt),
    },
  );
  const delay = await delayOfBurst(gateway);
  const refusal = await timeOfRefusal(gateway);
  report(
    'auth',
    {
      bare_rps: measured.bare.rps,
      odoo_key_rps: measured.odooKey.rps,
      gateway_key_rps: measured.gatewayKey.rps,
      jwt_rps: measured.jwt.rps,
      burst_loop_delay_p99_ms: delay.p99Ms,
      burst_loop_delay_max_ms: delay.maxMs,
      burst_ms: delay.tookMs,
      refused_known_prefix_ms: refusal.knownMs,
      refused_unknown_prefix_ms: refusal.unknownMs,
    },
    {
      odoo_key_vs_bare: measured.odooKey.rps / measured.bare.rps,
      gateway_key_vs_bare: measured.gatewayKey.rps / measured.bare.rps,
      jwt_vs_bare: measured.jwt.rps / measured.bare.rps,
      // A ratio of 1 means that the time reveals nothing.
      refused_known_vs_unknown: refusal.knownMs / refusal.unknownMs,
    },
  );
} finally {
  bare.kill();
  await gateway.close();
}

async function newGatewayKey(instance: Instance): Promise<string> {
  const secret = `gwk_${randomBytes(45).toString('base64url')}`;
  const [row] = await instance.sql<{ id: number }>(
    `insert into gateway_key (name, user_id, active, create_uid, create_date)
     select 'bench', id, true, id, now() at time zone 'utc' from res_users where login = 'bench_api'
     returning id`,
  );
  await instance.sql("insert into gateway.credential_secret (kind, credential_id, hash) values ('gateway_key', $1, $2)", [
    row?.id,
    createHash('sha256').update(secret).digest(),
  ]);
  return secret;
}

/** The sidecar's own authenticator, in this process, so that its event loop can be watched from inside. */
async function delayOfBurst(instance: Instance) {
  const keys = await Promise.all(Array.from({ length: burst }, () => createOdooKey(instance, { userId: 2 })));
  const database = await openDatabase(instance);
  try {
    const authenticator = new OdooKeys(new VerificationQueue({ concurrency: 1, mostWaiting: 1_000, longestWaitMs: 60_000 }));
    const histogram = monitorEventLoopDelay({ resolution: 1 });
    histogram.enable();
    const startedAt = performance.now();
    await Promise.all(keys.map(({ secret }) => authenticator.authenticate({ kind: 'bearer', secret }, database, unlimited)));
    histogram.disable();
    return {
      // The monitor's own timer waits a millisecond between samples.
      p99Ms: histogram.percentile(99) / 1e6 - 1,
      maxMs: histogram.max / 1e6 - 1,
      tookMs: performance.now() - startedAt,
    };
  } finally {
    await database.leave();
    await database.close();
  }
}

/** The times that an attacker could measure: wrong keys one by one, alternating, with and without the prefix of a real key. */
async function timeOfRefusal(instance: Instance) {
  const { secret } = await createOdooKey(instance, { userId: 2 });
  await instance.get('/api/v1/ping', { key: secret });
  const timed = async (key: string) => {
    const startedAt = performance.now();
    const { status } = await instance.get('/api/v1/ping', { key });
    if (status !== 401) throw new Error(`a wrong key was answered with ${status}`);
    return performance.now() - startedAt;
  };
  const known: number[] = [];
  const unknown: number[] = [];
  for (let i = 0; i < guesses; i += 1) {
    known.push(await timed(secret.slice(0, 8) + randomBytes(16).toString('hex')));
    unknown.push(await timed(randomBytes(20).toString('hex')));
  }
  return { knownMs: median(known), unknownMs: median(unknown) };
}
