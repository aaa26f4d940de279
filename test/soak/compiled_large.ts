// Compiled reads of 1,000,000 partners and as many orders: the time of each statement with Postgres' plan for any values
// (generic) and for the given values (custom). The limit is either in the text, where the sidecar puts the usual limits, or a
// parameter.
//
//   npm run soak -- compiled_large [--rows 1000000]

import { parseArgs } from 'node:util';
import pg from 'pg';
import { say } from '../../scripts/stack/report.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { median, report } from '../bench/harness.ts';
import { createInstance } from '../helpers/instance.ts';
import { compileFor } from '../helpers/plans.ts';

const { values: options } = parseArgs({ options: { rows: { type: 'string', default: '1000000' } } });
const rows = Number(options.rows);
const repeats = 9;
const names = (list: string) => Object.fromEntries(list.split(',').map((name) => [name, {}]));
const partners = { op: 'search', model: 'res.partner', offset: 0, fields: names('name,email,country_id') } as const;
const orders = { op: 'search', model: 'sale.order', offset: 0, fields: names('name,date_order,partner_id') } as const;
const lines = { ...names('name'), order_line: { fields: names('name,product_id') } };
const reads = {
  by_id: { ...partners, domain: [], order: 'id' },
  by_name: { ...partners, domain: [] },
  one_email: { ...partners, domain: [['email', '=', 'p77777@example.com']] },
  like: { ...partners, domain: [['name', 'ilike', 'Partner 77777']] },
  like_many: { ...partners, domain: [['name', 'ilike', 'Partner']], order: 'id' },
  of_a_country: { ...partners, domain: [['country_id', '=', 20]], order: 'id' },
  deep: { ...partners, domain: [], order: 'id', offset: 900_000 },
  orders: { ...orders, domain: [] },
  orders_of_a_partner: { ...orders, domain: [['partner_id', '=', 7]] },
  orders_with_lines: { ...orders, fields: lines, domain: [], order: 'id' },
} as const;

const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
const client = new pg.Client({ connectionString: gateway.databaseUrl, options: '-c jit=off -c timezone=UTC' });
try {
  await fill();
  await client.connect();
  const figures: Record<string, number> = {};
  for (const [name, read] of Object.entries(reads)) {
    // 80 is in the text, 79 is a parameter.
    for (const [how, limit] of Object.entries({ literal: 80, parameter: 79 })) {
      const { text, values } = await compileFor(gateway, 'bench_api', { ...read, limit } as never);
      for (const mode of ['generic', 'custom']) {
        const ms = await timeOf(text, values, mode);
        figures[`${name}_${how}_${mode}_ms`] = ms;
      }
    }
    say(
      `  ${name}: ${['literal_generic', 'literal_custom', 'parameter_generic', 'parameter_custom'].map((how) => `${how} ${figures[`${name}_${how}_ms`]?.toFixed(2)}`).join(', ')}`,
    );
  }
  report('compiled_large', { rows, ...figures }, {});
} finally {
  await client.end();
  await gateway.close();
}

/** Inserts the records by SQL, as Odoo would store them. */
async function fill(): Promise<void> {
  await gateway.sql('alter table res_partner disable trigger user');
  await gateway.sql('alter table sale_order disable trigger user');
  await gateway.sql(
    `insert into res_partner (name, complete_name, email, active, type, autopost_bills, country_id, create_uid, write_uid)
     select 'Partner ' || n, 'Partner ' || n, 'p' || n || '@example.com', true, 'contact', 'ask', 1 + n % 200, 1, 1
     from generate_series(1, $1::int) n`,
    [rows],
  );
  const columns = await gateway.sql<{ name: string }>(
    `select attname as name from pg_attribute
     where attrelid = 'sale_order'::regclass and attnum > 0 and not attisdropped and attname not in ('id', 'name', 'partner_id', 'date_order')`,
  );
  const list = columns.map(({ name }) => pg.escapeIdentifier(name)).join(', ');
  await gateway.sql(
    `insert into sale_order (name, partner_id, date_order, ${list})
     select 'L' || n, p.first + n % 100000, now() - n * interval '1 minute', ${list}
     from generate_series(1, $1::int) n, (select * from sale_order order by id limit 1) o,
       (select min(id) as first from res_partner where name = 'Partner 1') p`,
    [rows],
  );
  await gateway.sql('alter table res_partner enable trigger user');
  await gateway.sql('alter table sale_order enable trigger user');
  await gateway.sql('analyze res_partner, sale_order');
}

async function timeOf(text: string, values: unknown[], mode: string): Promise<number> {
  await client.query(`set plan_cache_mode = force_${mode}_plan`);
  const name = `x${Math.random()}`;
  await client.query({ name, text, values });
  const times: number[] = [];
  for (let i = 0; i < repeats; i += 1) {
    const from = performance.now();
    await client.query({ name, text, values });
    times.push(performance.now() - from);
  }
  return median(times);
}
