// Compares compiled reads with Odoo's own /json/2, with the same gateway reading through Odoo, and with express running the
// same SQL: same user, key, records and fields, alternating on one machine. Key, throttle, counting and logging are on.
//
//   npm run bench -- compiled [--rounds 5] [--seconds 3]

import { deepStrictEqual } from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import type { FieldTree } from '../../sidecar/src/executor/operations.ts';
import type { Answer } from '../helpers/http_client.ts';
import { HttpClient } from '../helpers/http_client.ts';
import { createInstance } from '../helpers/instance.ts';
import { compileFor } from '../helpers/plans.ts';
import { until } from '../helpers/wait.ts';
import type { BenchRequest, Load, Measured } from './harness.ts';
import { compare, figuresOf, load, report, roundsAndSeconds } from './harness.ts';

const { rounds, seconds } = roundsAndSeconds(5, 3);

const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
let express: ReturnType<typeof spawn> | undefined;
try {
  const orm = await gateway.startSidecar({ env: { GATEWAY_READ_POOL_SIZE: '0' } });
  const bearer = { Authorization: `Bearer ${gateway.keys.bench}` };
  await gateway.orm('res.partner', 'create', {
    vals_list: Array.from({ length: 80 }, (_, n) => ({
      name: `Bench ${n}`,
      email: `bench${n}@example.com`,
      phone: `+32 2 ${n}`,
    })),
  });
  await manyOrders();
  const [partner] = await gateway.sql<{ id: number }>(
    'select id from res_partner where active and email is not null order by id limit 1',
  );
  const id = partner?.id ?? 0;
  const three = ['name', 'email', 'phone'];
  const twelve = [...three, 'street', 'city', 'zip', 'country_id', 'user_id', 'is_company', 'color', 'create_date', 'write_date'];
  const lines = ['name', 'product_uom_qty', 'price_unit', 'product_id'];

  const reads = {
    one: { path: `res.partner/${id}?fields=${three}`, json2: ['res.partner/read', { ids: [id], fields: three }] },
    eighty: listOf('res.partner', three),
    eighty_names: listOf('res.partner', twelve),
    orders_lines: {
      path: `sale.order?fields=name,date_order,partner_id,${lines.map((name) => `order_line.${name}`)}&limit=80&order=id`,
      json2: [
        'sale.order/web_search_read',
        {
          domain: [],
          limit: 80,
          order: 'id',
          specification: {
            name: {},
            date_order: {},
            partner_id: { fields: { display_name: {} } },
            order_line: {
              fields: { name: {}, product_uom_qty: {}, price_unit: {}, product_id: { fields: { display_name: {} } } },
            },
          },
        },
      ],
    },
  } as const satisfies Record<string, { path: string; json2: readonly [string, object] }>;

  const through = (origin: string, path: string): BenchRequest => ({
    url: `${origin}/api/v1/${path}`,
    method: 'GET',
    headers: bearer,
  });
  const json2 = ([path, params]: readonly [string, object]): BenchRequest => ({
    url: `${gateway.odoo.url}/json/2/${path}`,
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...bearer, 'X-Odoo-Database': gateway.database },
    body: JSON.stringify(params),
  });

  const contestants: [string, BenchRequest, number][] = [];
  for (const [name, read] of Object.entries(reads)) {
    await sameRecords(read.path, json2(read.json2));
    for (const [side, request] of [
      ['compiled', through(gateway.url, read.path)],
      ['orm', through(orm.url, read.path)],
      ['json2', json2(read.json2)],
    ] as const) {
      contestants.push([`${name}_${side}`, request, 8], [`${name}_${side}_c1`, request, 1]);
    }
  }
  const list = { op: 'search', domain: [], limit: 80, offset: 0, order: 'id' } as const;
  const port = await startExpress({
    one: { op: 'read', model: 'res.partner', ids: [id], fields: treeOf(three) },
    eighty: { ...list, model: 'res.partner', fields: treeOf(three) },
    eighty_names: { ...list, model: 'res.partner', fields: treeOf(twelve) },
    orders_lines: {
      ...list,
      model: 'sale.order',
      fields: { ...treeOf(['name', 'date_order', 'partner_id']), order_line: { fields: treeOf(lines) } },
    },
  });
  for (const name of Object.keys(reads)) {
    contestants.push([`${name}_express`, { url: `http://127.0.0.1:${port}/${name}`, method: 'GET', headers: {} }, 8]);
  }

  const measured = await compare(
    { rounds },
    Object.fromEntries(
      contestants.map(([name, request, connections]) => [
        name,
        () => load(request.url, { ...request, connections, seconds } satisfies Load),
      ]),
    ) as Record<string, () => Promise<Measured>>,
  );
  const of = (name: string) => measured[name] ?? { rps: Number.NaN, p50Ms: Number.NaN, p99Ms: Number.NaN };
  const faster = (ours: string, theirs: string) => of(ours).rps / of(theirs).rps;
  const sooner = (ours: string, theirs: string) => of(theirs).p50Ms / of(ours).p50Ms;
  report('compiled', figuresOf(measured), {
    one_vs_json2: faster('one_compiled', 'one_json2'),
    eighty_vs_json2: faster('eighty_compiled', 'eighty_json2'),
    eighty_names_vs_json2: faster('eighty_names_compiled', 'eighty_names_json2'),
    orders_lines_vs_json2: faster('orders_lines_compiled', 'orders_lines_json2'),
    one_latency: sooner('one_compiled_c1', 'one_json2_c1'),
    orders_lines_latency: sooner('orders_lines_compiled_c1', 'orders_lines_json2_c1'),
    one_vs_before: faster('one_compiled', 'one_orm'),
    one_vs_limit: faster('one_compiled', 'one_express'),
    eighty_vs_limit: faster('eighty_compiled', 'eighty_express'),
    eighty_names_vs_limit: faster('eighty_names_compiled', 'eighty_names_express'),
    orders_lines_vs_limit: faster('orders_lines_compiled', 'orders_lines_express'),
  });
} finally {
  express?.kill();
  await gateway.close();
}

function listOf(model: string, fields: readonly string[]) {
  return {
    path: `${model}?fields=${fields}&limit=80&order=id`,
    json2: [`${model}/search_read`, { domain: [], fields, limit: 80, order: 'id' }],
  } as const;
}

/** Creates orders, because the demo data has fewer than 80. */
async function manyOrders(): Promise<void> {
  const orders = await gateway.orm<{ partner_id: [number]; order_line: number[] }[]>('sale.order', 'search_read', {
    domain: [['order_line', '!=', false]],
    fields: ['partner_id'],
    limit: 1,
  });
  const products = await gateway.orm<{ id: number }[]>('product.product', 'search_read', {
    domain: [['sale_ok', '=', true]],
    fields: ['id'],
    limit: 3,
  });
  await gateway.orm('sale.order', 'create', {
    vals_list: Array.from({ length: 80 }, () => ({
      partner_id: orders[0]?.partner_id[0],
      order_line: products.map((product) => [0, 0, { product_id: product.id, product_uom_qty: 2 }]),
    })),
  });
}

/** The answers must be the same, and the reads must really be compiled, or the bench means nothing. */
async function sameRecords(path: string, { url, body, headers }: BenchRequest): Promise<void> {
  const idsOf = ({ json }: Answer) => {
    const data = json.data ?? json.records ?? json;
    return (Array.isArray(data) ? data : [data]).map((record: { id: number }) => record.id);
  };
  let ours: Answer | undefined;
  await until(`${path} is compiled`, async () => {
    ours = await gateway.get(`/api/v1/${path}`, { key: gateway.keys.bench, headers: { 'X-Gateway-Explain': '1' } });
    if (ours.status !== 200) throw new Error(`${path}: ${ours.status} ${ours.text.slice(0, 300)}`);
    const way = ours.headers.get('x-gateway-read') ?? '';
    if (!/^(?:compiled|odoo:(?:new|no_reader|moved|moving))/.test(way)) throw new Error(`${path}: ${way}`);
    return way === 'compiled';
  });
  const theirs = await new HttpClient(url).request('POST', url, { headers, body: body ?? '' });
  deepStrictEqual(idsOf(ours as Answer), idsOf(theirs), `${path}: ${theirs.text.slice(0, 300)}`);
}

function treeOf(fields: readonly string[]): FieldTree {
  return Object.fromEntries(fields.map((name) => [name, {}]));
}

/** Express with the statements that Odoo compiles for the same user. */
async function startExpress(operations: Readonly<Record<string, Parameters<typeof compileFor>[2]>>): Promise<string> {
  const statements: Record<string, { text: string; values: readonly unknown[] }> = {};
  for (const [name, operation] of Object.entries(operations)) {
    const { text, values } = await compileFor(gateway, 'bench_api', operation);
    statements[name] = { text, values };
  }
  const child = spawn(process.execPath, [join(import.meta.dirname, 'express_sql.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] });
  express = child;
  child.stdin.end(JSON.stringify({ url: gateway.databaseUrl, statements }));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return line.toString().trim();
}
