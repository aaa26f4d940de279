// Exports: a whole list as one answer, the same records as its pages, from one snapshot.

import { readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Answer } from '../helpers/http_client.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance();
const { admin, demo } = gateway.keys;
const superuser = new pg.Pool({ connectionString: inject('real').parts.cluster.superuserUrl ?? gateway.databaseUrl, max: 1 });
afterAll(() => superuser.end());
const orm = await gateway.startSidecar({ env: { GATEWAY_READ_POOL_SIZE: '0' } });
const ndjson = { Accept: 'application/x-ndjson' };
const csv = { Accept: 'text/csv' };
const crowd = 2_300;
/** Inserts partners with more data than operating systems buffer for a client that does not read. */
const insert = (ref: string, count: number) =>
  gateway.sql(
    `insert into res_partner (name, complete_name, active, color, autopost_bills, ref, comment)
     select 'Crowd ' || n, 'Crowd ' || n, true, 0, 'ask', $1, repeat('x', 9000) from generate_series(1, $2) n`,
    [ref, count],
  );
await insert('crowd', crowd);
const path = '/api/v1/res.partner';
const many = 'filter[ref]=crowd&fields=name,country_id';

type Row = Record<string, unknown> & { id: number };
const rowsOf = (text: string): Row[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

async function paged(query: string, key = admin): Promise<Row[]> {
  const rows: Row[] = [];
  let next: string | undefined = `${path}?limit=1000&order=id&${query}`;
  while (next !== undefined) {
    const page: Answer = await gateway.get(next, { key });
    expect(page.status).toBe(200);
    rows.push(...page.json.data);
    next = /<[^/]*\/\/[^/]+([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
  }
  return rows;
}

/** Starts an export, which is read only when the test calls `take`. */
async function begin(query: string, headers: Record<string, string> = ndjson, leaving = new AbortController()) {
  const response = await fetch(new URL(`${path}?${query}`, gateway.url), {
    headers: { ...headers, Authorization: `Bearer ${admin}`, 'Accept-Encoding': 'identity' },
    signal: leaving.signal,
  });
  const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
  return {
    status: response.status,
    leave: () => leaving.abort(),
    async take(characters = Number.POSITIVE_INFINITY): Promise<string> {
      let text = '';
      while (text.length < characters) {
        const { value, done } = await reader.read();
        if (done) break;
        text += value;
      }
      return text;
    },
  };
}

const snapshots = async () => {
  const [row] = await gateway.sql<{ n: number }>(
    "select count(*)::int n from pg_stat_activity where application_name = 'api-gateway export'",
  );
  return row?.n;
};

describe('NDJSON', () => {
  test.each([
    ['many records', many, admin],
    [
      'relations and their fields',
      'fields=name,country_id.code,category_id,child_ids.name,create_date&domain=[["ref","=",false]]',
      admin,
    ],
    ['the fields of a list', 'domain=[["ref","=",false]]', admin],
    [
      'archived and active records, by a domain',
      'fields=name,active&domain=[["active","in",[true,false]],["ref","=",false]]',
      admin,
    ],
    ['records that another user may see', 'fields=name,user_id', demo],
    ['no record', 'filter[name]=nobody', admin],
  ])('an export of %s equals its pages, compiled or through Odoo', async (_what, query, key) => {
    const expected = await paged(query, key);
    for (const sidecar of [gateway, orm]) {
      const answer = await sidecar.get(`${path}?${query}`, { key, headers: { ...ndjson, 'X-Gateway-Explain': '1' } });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/x-ndjson; charset=utf-8']);
      expect(rowsOf(answer.text)).toEqual(expected);
    }
  });

  test('shows one snapshot, even if it has to wait for its client', async () => {
    const slow = await begin(`${many},comment`);
    const [first, last] = (await paged(many)).filter((_, i, all) => i === 0 || i === all.length - 1);
    let text = await slow.take(1);
    expect(await snapshots()).toBe(1);
    await gateway.sql("update res_partner set name = 'Changed' where id = any($1)", [[first?.id, last?.id]]);
    await gateway.sql("delete from res_partner where ref = 'crowd' and name = 'Crowd 2200'");
    // The next reads get new plans; the snapshot keeps its old plan.
    await gateway.sql('insert into orm_signaling_default default values');
    expect((await gateway.get(`${path}?${many},comment&limit=1`, { key: admin, headers: ndjson })).status).toBe(200);
    text += await slow.take();
    const rows = rowsOf(text);
    expect(rows.map(({ name }) => name)).toEqual(Array.from({ length: crowd }, (_, n) => `Crowd ${n + 1}`));
    expect(await paged(many)).toHaveLength(crowd - 1);
    await until('the snapshot is gone', async () => (await snapshots()) === 0);
  });

  test('continues after the last id if it was cut, with no record repeated or missing', async () => {
    const cut = await begin(`${many},comment`);
    const text = await cut.take(9_000 * 1_100);
    cut.leave();
    const got = rowsOf(text.slice(0, text.lastIndexOf('\n') + 1));
    const rest = await gateway.get(`${path}?${many},comment&after=${got.at(-1)?.id}`, { key: admin, headers: ndjson });
    expect([...got, ...rowsOf(rest.text)].map(({ id }) => id)).toEqual((await paged(many)).map(({ id }) => id));
    await until('the snapshot is gone', async () => (await snapshots()) === 0);
  });

  test('is refused to a user who has two exports running', async () => {
    const held = await Promise.all([begin(`${many},comment`), begin(`${many},comment`)]);
    await until('they run', async () => (await snapshots()) === 2);
    const third = await gateway.get(`${path}?${many}`, { key: admin, headers: ndjson });
    expect([third.status, third.json.error.reason, third.headers.get('retry-after')]).toEqual([503, 'export.busy', '5']);
    for (const { leave } of held) leave();
    await until('the snapshots are gone', async () => (await snapshots()) === 0);
  });

  test('ends at its limit', async () => {
    const headers = { ...ndjson, 'X-Request-Id': 'ends-at-its-limit' };
    const answer = await gateway.get(`${path}?${many}&limit=1500`, { key: admin, headers });
    expect(rowsOf(answer.text)).toEqual((await paged(many)).slice(0, 1_500));
    const logged = readFileSync(gateway.sidecar.log, 'utf8')
      .split('\n')
      .find((line) => line.includes('ends-at-its-limit'));
    expect(JSON.parse(logged ?? '{}')).toMatchObject({ msg: 'an export is complete', model: 'res.partner', records: 1_500 });
  });

  test('is charged as ten reads, and compressed', async () => {
    const limit = async (most: number) => {
      await gateway.sql("update gateway.setting set value = to_jsonb($1::int) where name = 'throttle.limit'", [most]);
      await until('it is live', async () => {
        const answer = await gateway.get(`${path}?limit=1&fields=id`, { key: demo });
        return Number(answer.headers.get('ratelimit-limit')) === most;
      });
    };
    await limit(100);
    const left = async (headers: Record<string, string>) => {
      const answer = await gateway.get(`${path}?${many}&limit=1`, { key: demo, headers });
      return Number(answer.headers.get('ratelimit-remaining'));
    };
    const before = await left({});
    expect(before - (await left(ndjson))).toBe(10);
    await limit(0);
    const answer = await gateway.get(`${path}?${many}`, { key: admin, headers: { ...ndjson, 'Accept-Encoding': 'gzip' } });
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect(rowsOf(answer.text)).toHaveLength(crowd - 1);
  });
});

describe('an export that breaks off', () => {
  // These are more pages than are read ahead.
  beforeAll(() => insert('long', 6_000));
  afterAll(() => gateway.sql("delete from res_partner where ref = 'long'"));

  test.each([
    ['whose snapshot is lost', 503, 'database.unavailable'],
    ['whose client leaves', 408, 'request.incomplete'],
    ['whose client leaves before it begins', 408, 'request.incomplete'],
  ] as const)('%s has its own reason in the log', async (what, status, reason) => {
    const id = what.replaceAll(' ', '-');
    const leaving = new AbortController();
    const locking = new pg.Client({ connectionString: gateway.databaseUrl });
    await locking.connect();
    if (what.endsWith('begins')) await locking.query('begin; lock table res_partner');
    const ended = begin('filter[ref]=long&fields=name,comment', { ...ndjson, 'X-Request-Id': id }, leaving).then(async (slow) => {
      await slow.take(1);
      if (status === 408) leaving.abort();
      else
        await superuser.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'api-gateway export'",
        );
      await slow.take();
    });
    const refused = expect(ended).rejects.toThrow();
    if (what.endsWith('begins')) {
      await until('it waits', async () => (await snapshots()) === 1);
      leaving.abort();
    }
    await refused;
    await locking.end();
    const rows = () => gateway.sql('select status, reason from gateway.request_log where request_id = $1', [id]);
    await until('it is logged', async () => (await rows()).length > 0);
    expect(await rows()).toEqual([{ status, reason }]);
    await until('the snapshot is gone', async () => (await snapshots()) === 0);
  });
});

describe('CSV', async () => {
  const [country] = await gateway.sql<{ id: number }>("select id from res_country where code = 'BE'");
  const [id] = await gateway.orm<number[]>('res.partner', 'create', {
    vals_list: [
      {
        name: 'Says "hi", twice',
        ref: 'csv',
        street: '=1+1',
        street2: '＝1+1',
        phone: '+32 2',
        city: 'a\nb',
        country_id: country?.id,
        color: -3,
      },
    ],
  });
  const lines = async (query: string) => {
    const answer = await gateway.get(`${path}?filter[ref]=csv&${query}`, { key: admin, headers: csv });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8']);
    return answer.text;
  };
  const fields = 'fields=name,street,street2,phone,city,color,active,country_id,category_id,country_id.code';

  test('has names in the header, and no formulas', async () => {
    expect(await lines(fields.replace(',country_id.code', ''))).toBe(
      'id,name,street,street2,phone,city,color,active,country_id.id,country_id.name,category_id\r\n' +
        `${id},"Says ""hi"", twice",'=1+1,'＝1+1,'+32 2,"a\nb",-3,true,${country?.id},Belgium,\r\n`,
    );
  });

  test('has labels in the header, and formulas if requested', async () => {
    expect(await lines(`fields=name,street,country_id.code&header=labels&formulas=kept`)).toBe(
      'ID,Name,Street,Country / ID,Country / Country Code\r\n' + `${id},"Says ""hi"", twice",=1+1,${country?.id},BE\r\n`,
    );
  });

  test('has a header even without records, but none when it continues', async () => {
    expect(await lines(`fields=name&filter[name]=nobody`)).toBe('id,name\r\n');
    expect(await lines(`fields=ref&after=${Number(id) - 1}`)).toBe(`${id},csv\r\n`);
  });

  test('the export of a resource uses the public field names', async () => {
    const page = await gateway.get('/api/v1/customers?limit=3', { key: admin });
    const answer = await gateway.get('/api/v1/customers?limit=3', { key: admin, headers: csv });
    const [header = ''] = answer.text.split('\r\n');
    const names = header.split(',').map((name) => name.replace(/\.(?:id|name)$/, ''));
    expect([...new Set(names)].sort()).toEqual(Object.keys(page.json.data[0]).sort());
  });
});

test('the list of ids has versions, and only records that the caller may read', async () => {
  for (const [key, query] of [
    [admin, 'filter[ref]=crowd'],
    [demo, ''],
  ] as const) {
    const answer = await gateway.get(`${path}/ids?${query}`, { key });
    const expected = await paged(`fields=write_date&${query}`, key);
    expect(rowsOf(answer.text)).toEqual(expected.map(({ id, write_date }) => ({ id, version: write_date })));
  }
});

describe('requests that are refused', () => {
  test.each([
    ['an order', `${path}?order=name`, ndjson, 400, 'query.unknown'],
    ['a cursor', `${path}?cursor=x`, ndjson, 400, 'query.unknown'],
    ['a position that is not an id', `${path}?after=x`, ndjson, 400, 'query.after'],
    ['a header in NDJSON', `${path}?header=labels`, ndjson, 400, 'export.format'],
    ['an unknown header', `${path}?header=both`, csv, 400, 'export.format'],
    ['a field that does not exist', `${path}?fields=nonsense`, csv, 400, 'odoo.field'],
    ['a closed model', '/api/v1/ir.config_parameter', csv, 403, 'odoo.exposure'],
    ['ids of a closed model', '/api/v1/ir.config_parameter/ids', {}, 403, 'odoo.exposure'],
  ])('%s', async (_what, url, headers, status, reason) => {
    const answer = await gateway.get(url, { key: admin, headers });
    expect([answer.status, answer.json.error.reason]).toEqual([status, reason]);
  });
});
