// Reading one record and 80 records: this gateway against Odoo's own /json/2 and /jsonrpc, same user, key and fields. All have
// the same load of 8 connections. The gateway with 16 and 64 connections is also compared with /json/2 at its best number of
// connections.
//
//   npm run bench -- read [--rounds 5] [--seconds 3]

import { deepStrictEqual } from 'node:assert';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import type { Answer } from '../helpers/http_client.ts';
import { HttpClient } from '../helpers/http_client.ts';
import { createInstance } from '../helpers/instance.ts';
import type { BenchRequest, Load, Measured } from './harness.ts';
import { compare, figuresOf, load, report, roundsAndSeconds } from './harness.ts';

const model = 'res.partner';
const fields = ['name', 'email', 'phone', 'city', 'country_id', 'write_date'];
const order = 'id';
const { rounds, seconds } = roundsAndSeconds(5, 3);

interface Request extends BenchRequest {
  /** Returns the ids of the records in the answer. */
  ids: (answer: Answer) => number[];
}

const idsOf = (records: { id: number }[]) => records.map(({ id }) => id);

const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
try {
  const key = gateway.keys.bench;
  // The demo data has 41 partners; a page of 80 needs more.
  const partners = Array.from({ length: 80 }, (_, n) => ({
    name: `Bench ${n}`,
    email: `bench${n}@example.com`,
    phone: `+32 2 555 ${n}`,
  }));
  await gateway.orm(model, 'create', { vals_list: partners });
  const [user] = await gateway.sql<{ id: number }>("select id from res_users where login = 'bench_api'");
  const [partner] = await gateway.sql<{ id: number }>(
    'select id from res_partner where active and email is not null order by id limit 1',
  );
  const id = partner?.id ?? 0;
  const post = { method: 'POST', headers: { 'Content-Type': 'application/json' } };
  const bearer = { Authorization: `Bearer ${key}` };

  const ours = (path: string, ids: Request['ids']): Request => ({
    url: `${gateway.url}${path}`,
    method: 'GET',
    headers: bearer,
    ids,
  });
  const json2 = (method: string, params: object): Request => ({
    url: `${gateway.odoo.url}/json/2/${model}/${method}`,
    method: 'POST',
    headers: { ...post.headers, ...bearer, 'X-Odoo-Database': gateway.database },
    body: JSON.stringify(params),
    ids: ({ json }) => idsOf(json),
  });
  const jsonRpc = (method: string, args: unknown[], kwargs: object): Request => ({
    ...post,
    url: `${gateway.odoo.url}/jsonrpc`,
    body: JSON.stringify({
      jsonrpc: '2.0',
      method: 'call',
      params: { service: 'object', method: 'execute_kw', args: [gateway.database, user?.id, key, model, method, args, kwargs] },
    }),
    ids: ({ json }) => idsOf(json.result),
  });

  const eighty = { fields, limit: 80, order };
  const requests = {
    one_gateway: ours(`/api/v1/${model}/${id}?fields=${fields}`, ({ json }) => [json.data.id]),
    one_json2: json2('read', { ids: [id], fields }),
    one_jsonrpc: jsonRpc('read', [[id]], { fields }),
    eighty_gateway: ours(`/api/v1/${model}?fields=${fields}&limit=80&order=${order}`, ({ json }) => idsOf(json.data)),
    eighty_json2: json2('search_read', { domain: [], ...eighty }),
    eighty_jsonrpc: jsonRpc('search_read', [[]], eighty),
  };
  await sameRecords([requests.one_gateway, requests.one_json2, requests.one_jsonrpc], 1);
  await sameRecords([requests.eighty_gateway, requests.eighty_json2, requests.eighty_jsonrpc], 80);

  const loads = {
    one_gateway: { ...requests.one_gateway, connections: 8 },
    one_json2: { ...requests.one_json2, connections: 8 },
    one_jsonrpc: { ...requests.one_jsonrpc, connections: 8 },
    eighty_gateway: { ...requests.eighty_gateway, connections: 8 },
    eighty_json2: { ...requests.eighty_json2, connections: 8 },
    eighty_jsonrpc: { ...requests.eighty_jsonrpc, connections: 8 },
    one_gateway_c16: { ...requests.one_gateway, connections: 16 },
    one_gateway_c64: { ...requests.one_gateway, connections: 64 },
    eighty_gateway_c64: { ...requests.eighty_gateway, connections: 64 },
    // Odoo has two workers: 2 connections keep them busy, 4 leave no gap between requests, 16 are the most that may wait to be
    // accepted.
    one_json2_c2: { ...requests.one_json2, connections: 2 },
    one_json2_c4: { ...requests.one_json2, connections: 4 },
    one_json2_c16: { ...requests.one_json2, connections: 16 },
    eighty_json2_c2: { ...requests.eighty_json2, connections: 2 },
    eighty_json2_c4: { ...requests.eighty_json2, connections: 4 },
    eighty_json2_c16: { ...requests.eighty_json2, connections: 16 },
  };
  const contestants = Object.entries(loads).map(([name, { url, ids: _, ...request }]): [string, () => Promise<Measured>] => [
    name,
    () => load(url, { ...request, seconds } satisfies Load),
  ]);
  const measured = await compare(
    { rounds },
    Object.fromEntries(contestants) as Record<keyof typeof loads, () => Promise<Measured>>,
  );
  const best = (...names: (keyof typeof loads)[]) => Math.max(...names.map((name) => measured[name].rps));
  const oneJson2 = best('one_json2', 'one_json2_c2', 'one_json2_c4', 'one_json2_c16');
  const eightyJson2 = best('eighty_json2', 'eighty_json2_c2', 'eighty_json2_c4', 'eighty_json2_c16');

  report('read', figuresOf(measured), {
    one_vs_json2: measured.one_gateway.rps / measured.one_json2.rps,
    eighty_vs_json2: measured.eighty_gateway.rps / measured.eighty_json2.rps,
    one_vs_jsonrpc: measured.one_gateway.rps / measured.one_jsonrpc.rps,
    eighty_vs_jsonrpc: measured.eighty_gateway.rps / measured.eighty_jsonrpc.rps,
    one_c16_vs_json2: measured.one_gateway_c16.rps / oneJson2,
    one_c64_vs_json2: measured.one_gateway_c64.rps / oneJson2,
    eighty_c64_vs_json2: measured.eighty_gateway_c64.rps / eightyJson2,
  });
} finally {
  await gateway.close();
}

/** The answers must be the same, or the bench means nothing. */
async function sameRecords(requests: Request[], count: number): Promise<void> {
  const answers = await Promise.all(
    requests.map(async ({ url, method, headers, body, ids }) => {
      const answer = await new HttpClient(url).request(method, url, { headers, ...(body === undefined ? {} : { body }) });
      if (answer.status !== 200) throw new Error(`${url}: ${answer.status} ${answer.text.slice(0, 300)}`);
      return ids(answer);
    }),
  );
  for (const ids of answers) deepStrictEqual(ids, answers[0]);
  deepStrictEqual(answers[0]?.length, count);
}
