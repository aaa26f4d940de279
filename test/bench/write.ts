// Writing partners of five fields: this gateway against Odoo's own /json/2, same user, key and values. Measures creating and
// updating under the same load, and a thousand records in one request against one request for each, one after the other.
//
//   npm run bench -- write [--rounds 5] [--seconds 3]

import { say } from '../../scripts/stack/report.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import type { Answer } from '../helpers/http_client.ts';
import { HttpClient } from '../helpers/http_client.ts';
import { createInstance } from '../helpers/instance.ts';
import type { Load, Measured } from './harness.ts';
import { compare, figuresOf, load, median, report, roundsAndSeconds } from './harness.ts';

const model = 'res.partner';
const { rounds, seconds } = roundsAndSeconds(5, 3);
const connections = 8;
const bulk = 1_000;

const partner = (n: number) => ({
  name: `Bench ${n}`,
  email: `bench${n}@example.com`,
  phone: `+32 2 555 ${n}`,
  city: `City ${n % 50}`,
  zip: String(1_000 + (n % 9_000)),
});

const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
try {
  const key = gateway.keys.bench;
  const odoo = new HttpClient(gateway.odoo.url);
  const toOdoo = { key, headers: { 'X-Odoo-Database': gateway.database } };
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${key}` };
  const odooHeaders = { ...headers, ...toOdoo.headers };

  // Far more records than connections, so that no two requests change the same record simultaneously, and new values each time.
  const ids: number[] = good(
    await odoo.post(`/json/2/${model}/create`, { vals_list: Array.from({ length: 200 }, (_, n) => partner(n)) }, toOdoo),
    200,
  );
  const changes = [0, 1].flatMap((turn) => ids.map((id, n) => ({ id, values: partner(n + 1_000 * (turn + 1)) })));

  const loads = {
    create_gateway: { url: `${gateway.url}/api/v1/${model}`, method: 'POST', headers, body: JSON.stringify(partner(1)) },
    create_json2: {
      url: `${odoo.url}/json/2/${model}/create`,
      method: 'POST',
      headers: odooHeaders,
      body: JSON.stringify({ vals_list: [partner(1)] }),
    },
    update_gateway: {
      url: gateway.url,
      method: 'PATCH',
      headers,
      turns: changes.map(({ id, values }) => ({ path: `/api/v1/${model}/${id}`, body: JSON.stringify(values) })),
    },
    update_json2: {
      url: odoo.url,
      method: 'POST',
      headers: odooHeaders,
      turns: changes.map(({ id, values }) => ({
        path: `/json/2/${model}/write`,
        body: JSON.stringify({ ids: [id], vals: values }),
      })),
    },
  };

  const bulkRates: number[] = [];
  const singleRates: number[] = [];
  /** Returns records per second. */
  async function createInBulk(): Promise<number> {
    const partners = Array.from({ length: bulk }, (_, n) => partner(n));
    const startedAt = performance.now();
    const { data } = good(await gateway.post(`/api/v1/${model}`, partners, { key }), 201);
    const tookMs = performance.now() - startedAt;
    if (data.length !== bulk) throw new Error(`${data.length} of ${bulk} partners were created.`);
    return (bulk * 1_000) / tookMs;
  }
  /** One round of a thousand records. Returns records per second. */
  async function createSingly(): Promise<number> {
    const count = Math.ceil(bulk / rounds);
    const startedAt = performance.now();
    for (let n = 0; n < count; n += 1) {
      good(await odoo.post(`/json/2/${model}/create`, { vals_list: [partner(n)] }, toOdoo), 200);
    }
    return (count * 1_000) / (performance.now() - startedAt);
  }

  const contestants = Object.entries(loads).map(([name, { url, ...request }]): [string, () => Promise<Measured>] => [
    name,
    () => load(url, { ...request, connections, seconds } satisfies Load),
  ]);
  const measured = await compare(
    { rounds },
    Object.fromEntries(contestants) as Record<keyof typeof loads, () => Promise<Measured>>,
    async (round) => {
      const [bulkRate, singleRate] = [await createInBulk(), await createSingly()];
      say(`  ${round === 0 ? 'warm-up' : `round ${round}`}  in bulk ${bulkRate.toFixed(0)}/s, singly ${singleRate.toFixed(0)}/s`);
      if (round === 0) return;
      bulkRates.push(bulkRate);
      singleRates.push(singleRate);
    },
  );

  const [bulkRate, singleRate] = [median(bulkRates), median(singleRates)];
  report(
    'write',
    { ...figuresOf(measured), bulk_records_per_s: bulkRate, single_records_per_s: singleRate },
    {
      create_vs_json2: measured.create_gateway.rps / measured.create_json2.rps,
      update_vs_json2: measured.update_gateway.rps / measured.update_json2.rps,
      bulk_vs_single: bulkRate / singleRate,
    },
  );
} finally {
  await gateway.close();
}

function good({ status, text, json }: Answer, expected: number): Answer['json'] {
  if (status !== expected) throw new Error(`${status} ${text.slice(0, 300)}`);
  return json;
}
