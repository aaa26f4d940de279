// What it costs to check a credential on a real database, counted in statements and hashes.

import { randomBytes } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { AccessTokens } from '../../sidecar/src/credentials/access_token.ts';
import type { Attempt } from '../../sidecar/src/credentials/authenticate.ts';
import { GatewayKeys } from '../../sidecar/src/credentials/gateway_key.ts';
import { OdooKeys } from '../../sidecar/src/credentials/odoo_key.ts';
import { VerificationQueue } from '../../sidecar/src/credentials/verification_queue.ts';
import { createOdooKey } from '../helpers/odoo_keys.ts';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { openDatabase } from '../helpers/open_database.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

/** Counts the hashes that are computed. */
class CountedHashes extends VerificationQueue {
  count = 0;
  override run<T>(from: readonly [string, string], reserve: () => Promise<void>, hash: () => Promise<T>): Promise<T> {
    this.count += 1;
    return super.run(from, reserve, hash);
  }
}

const gateway = await useInstance();
const database = await openDatabase(gateway);
afterAll(async () => {
  await database.leave();
  await database.close();
});
const hashes = new CountedHashes({ concurrency: 1, mostWaiting: 1_000, longestWaitMs: 10_000 });
const authenticators = [new OdooKeys(hashes), new GatewayKeys(new Map()), new AccessTokens(new Set())];

const unlimited: Attempt = {
  network: '127.0.0.1',
  presents: () => {},
  admit: () => {},
  reserve: async () => {},
  charge: async () => {},
};
const statements: string[] = [];
const query = database.query.bind(database);
database.query = (statement, values) => {
  // The poll and the heartbeat run all the time, so they do not count.
  if (statement.name !== 'poll' && !statement.name.startsWith('sidecar_')) statements.push(statement.name);
  return query(statement, values);
};

function authenticate(secret: string) {
  const credential = { kind: 'bearer', secret } as const;
  const authenticator = authenticators.find((candidate) => candidate.recognises(credential));
  if (authenticator === undefined) throw new Error('no authenticator recognizes it');
  return authenticator.authenticate(credential, database, unlimited);
}

test('a cached credential needs no statement and no hash until something changes', async () => {
  const admin = await OdooWeb.login(gateway);
  const { secret, id } = await admin.create('gateway.key', { name: 'warm' });
  const token = (await gateway.post('/auth/token/apikey', {}, { key: secret })).json.access_token;
  const secrets = [gateway.keys.admin, secret, token];
  // Waits for everything that was still pending when the key was created.
  await until('all are warm', async () => {
    statements.length = 0;
    for (const presented of secrets) await authenticate(presented);
    return statements.length === 0;
  });
  hashes.count = 0;
  for (let i = 0; i < 1_000; i += 1) {
    for (const presented of secrets) expect(authenticate(presented)).not.toBeInstanceOf(Promise);
  }
  expect([statements, hashes.count]).toEqual([[], 0]);

  await admin.call('gateway.key', 'write', [[id], { scopes: 'read' }]);
  await until('the change is noticed', async () => (await authenticate(secret)).grant.scopes?.join() === 'read');
  expect(statements).toContain('credential');
  expect((await authenticate(token)).grant.scopes).toEqual(['read']);
  expect(hashes.count).toBe(0);
});

test('an unknown key costs as much as one with a known prefix: one look-up, one hash', async () => {
  const key = await createOdooKey(gateway, { userId: 2 });
  await authenticate(key.secret);
  const cost = async (secret: string) => {
    statements.length = 0;
    hashes.count = 0;
    await expect(authenticate(secret)).rejects.toThrow('key');
    return { statements: [...statements], hashes: hashes.count };
  };
  const known = await cost(`${key.secret.slice(0, 8)}${randomBytes(16).toString('hex')}`);
  const unknown = await cost(randomBytes(20).toString('hex'));
  expect([unknown.statements, unknown.hashes]).toEqual([known.statements, known.hashes]);
  expect([unknown.statements, unknown.hashes]).toEqual([['odoo_keys'], 1]);
});
