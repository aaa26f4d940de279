// How one caller that sends too much affects others, with two workers of Odoo.

import { expect, test } from 'vitest';
import type { Answer } from '../helpers/http_client.ts';
import { useInstance } from '../helpers/use_instance.ts';

const places = 10;
const gateway = await useInstance({
  env: { GATEWAY_REQUEST_TIMEOUT_MS: '4000', GATEWAY_ODOO_QUEUE: String(places) },
});
const { admin: greedy, demo: modest } = gateway.keys;

/** Inserting a tag of colour 7 takes until the deadline. */
await gateway.sql(`
  create function test_slow() returns trigger language plpgsql as $$
  begin
    perform pg_sleep(20);
    return new;
  end $$;
  create trigger test_slow before insert on res_partner_category for each row when (new.color = 7) execute function test_slow();
`);

const read = () => gateway.get('/api/v1/res.partner/1?fields=name', { key: modest });

test('writes that never end do not keep other callers from Odoo, and a full queue refuses the caller that fills it', async () => {
  expect((await read()).status).toBe(200);
  const stuck = Array.from({ length: places * 3 }, (_, i) =>
    gateway.post('/api/v1/res.partner.category', { name: `Stuck ${i}`, color: 7 }, { key: greedy }),
  );
  const answers: Answer[] = [];
  const tookMs: number[] = [];
  for (let i = 0; i < 10; i += 1) {
    const startedAt = performance.now();
    answers.push(await read());
    tookMs.push(performance.now() - startedAt);
  }
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
  // A read that had to wait for a stuck write would take until the write's deadline.
  expect(Math.max(...tookMs)).toBeLessThan(3_000);

  const refused = (await Promise.all(stuck)).filter(({ status }) => status === 503);
  expect(refused.length).toBeGreaterThanOrEqual(places);
  const crowded = refused.find(({ json }) => json.error.details.waiting !== undefined);
  expect(crowded?.json.error).toMatchObject({
    reason: 'odoo.overloaded',
    details: { outcome: 'nothing_written', places },
  });
  expect(crowded?.json.error.message).toMatch(
    /^Odoo is busy, and \d+ more of your requests are waiting\. Send fewer at a time\.$/,
  );
  expect(Number(crowded?.headers.get('retry-after'))).toBeGreaterThan(0);
});
