// Invents history for an instance: a year of figures as a busy gateway would have counted them, and a log of its latest faults.
// It is written directly into the tables. The minutes of the last day, and the hours, days and months, sum up the same invented
// requests, as the roll-up would have done.

import pg from 'pg';

/** For each caller and endpoint: requests in an average hour, and the times of its calls (see `rhythm` below). */
const lines = `
  ('gateway_key:9001', 'Web shop', 'shop', '/api/v1/:model', 'product.template', 'GET', 900, 11, 7, 5200),
  ('gateway_key:9001', 'Web shop', 'shop', '/api/v1/:model/:id', 'product.template', 'GET', 620, 6, 4, 1400),
  ('gateway_key:9001', 'Web shop', 'shop', '/api/v1/orders', 'sale.order', 'POST', 38, 64, 57, 420),
  ('gateway_key:9001', 'Web shop', 'shop', '/api/v1/customers', 'res.partner', 'POST', 21, 38, 32, 260),
  ('client:9001', 'Marketplace connector', 'even', '/api/v1/batch', null, 'POST', 110, 130, 118, 3100),
  ('client:9001', 'Marketplace connector', 'even', '/api/v1/:model', 'sale.order', 'GET', 260, 18, 13, 9400),
  ('gateway_key:9002', 'Warehouse scanners', 'office', '/api/v1/:model/:id', 'stock.picking', 'PATCH', 210, 34, 29, 310),
  ('gateway_key:9002', 'Warehouse scanners', 'office', '/api/v1/:model', 'stock.quant', 'GET', 480, 14, 10, 2700),
  ('gateway_key:9003', 'Mobile sales', 'office', '/api/v1/:model', 'crm.lead', 'GET', 240, 16, 12, 4100),
  ('gateway_key:9003', 'Mobile sales', 'office', '/api/v1/:model/:id/:method', 'sale.order', 'POST', 34, 88, 80, 240),
  ('client:9002', 'Power BI', 'night', '/api/v1/:model', 'account.move.line', 'GET', 140, 210, 190, 96000),
  ('odoo_key:9001', 'Accounting sync', 'night', '/call', 'account.move', 'POST', 95, 74, 66, 1800),
  ('odoo_key:9002', 'Google Sheets', 'office', '/api/v1/:model', 'project.task', 'GET', 60, 22, 17, 6100),
  ('login:9001', 'Field service app', 'office', '/api/v1/:model/:id', 'project.task', 'PUT', 44, 31, 26, 380),
  ('login:9001', 'Field service app', 'office', '/api/v1/auth/login', null, 'POST', 3, 240, 235, 900),
  ('none:0', 'No credential', 'even', '/api/v1/ping', null, 'GET', 6, 0.6, 0, 180)`;

/** The share of a caller's requests that fails, and how. */
const faults = `
  ('gateway_key:9001', '/api/v1/:model/:id', 404, 'odoo.missing', 'The record does not exist, or your user may not see it.', 0.016),
  ('gateway_key:9001', '/api/v1/orders', 422, 'odoo.validation', 'The values break a rule of the model.', 0.05),
  ('gateway_key:9001', '/api/v1/orders', 400, 'body.missing', 'Missing required field: partner_id', 0.02),
  ('client:9001', '/api/v1/batch', 409, 'odoo.conflict', 'Another transaction changed the same records. Try again.', 0.012),
  ('client:9001', '/api/v1/batch', 500, 'odoo.error', 'Odoo could not complete the operation.', 0.003),
  ('client:9001', '/api/v1/:model', 429, 'throttle.exceeded', 'Rate limit exceeded. Max 300 requests per minute', 0.03),
  ('gateway_key:9003', '/api/v1/:model', 403, 'scope.insufficient', 'This credential is not allowed to do this.', 0.006),
  ('client:9002', '/api/v1/:model', 504, 'odoo.timeout', 'Odoo did not answer in time.', 0.004),
  ('odoo_key:9002', '/api/v1/:model', 429, 'throttle.exceeded', 'Rate limit exceeded. Max 60 requests per minute', 0.14),
  ('login:9001', '/api/v1/:model/:id', 401, 'auth.invalid', 'Invalid or expired credentials', 0.03),
  ('none:0', '/api/v1/ping', 401, 'auth.missing', 'Missing access token', 0.7),
  ('none:0', '/api/v1/ping', 403, 'address.blocked', 'Your address is blocked.', 0.3)`;

const statements = `
  set local synchronous_commit = off;
  select setseed(0.19);

  create temp table line on commit drop as
    select * from (values ${lines}) l (consumer, name, rhythm, route, model, method, per_hour, ms, odoo_ms, bytes);
  create temp table fault on commit drop as
    select * from (values ${faults}) f (consumer, route, status, reason, message, share);

  -- How busy an hour is, 1 on average: Monday is 1.
  create function pg_temp.rhythm(kind text, at timestamp) returns double precision language sql immutable as $$
    select case kind
      when 'office' then case when extract(isodow from at) > 5 then 0.06
        else (array[.05,.04,.04,.05,.1,.3,1.2,2.4,3,3.2,3,2.2,2.4,3,2.9,2.6,2,1.2,.6,.4,.3,.2,.1,.06])[1 + extract(hour from at)::int] end
      when 'shop' then (case when extract(isodow from at) > 5 then 1.35 else 0.9 end)
        * (array[.35,.2,.12,.1,.12,.25,.5,.8,1,1.15,1.25,1.4,1.35,1.2,1.1,1.15,1.3,1.55,1.8,2,2.05,1.75,1.2,.7])[1 + extract(hour from at)::int]
      when 'night' then case when extract(hour from at) between 1 and 4 then 5 else 0.2 end
      else 0.8 + 0.4 * sin(extract(hour from at) / 24 * 6.283) end
  $$;
  -- A third fewer a year ago.
  create function pg_temp.growth(at timestamp) returns double precision language sql immutable as $$
    select greatest(0.5, 1 - 0.33 * extract(epoch from localtimestamp - at) / 31536000)
  $$;
  -- Requests per bucket of the latency histogram, around an average.
  create function pg_temp.spread(ms double precision, requests double precision) returns real[] language sql immutable as $$
    select array_fill(0::real, array[greatest(0, b - 9)]) || array(
      select ((requests * exp(-(i * i) / 50.0) + case when i between 10 and 26 then requests * 0.02 else 0 end) / 12.8)::real
      from generate_series(-9, 26) i)
    from (select ((log(2, greatest(0.1, ms * 0.8)::numeric) + 4) * 8)::integer as b) bucket
  $$;
  -- Whole numbers whose sum is right.
  create function pg_temp.whole(n double precision) returns bigint language sql volatile as $$ select floor(n + random())::bigint $$;

  create temp table fact on commit drop as
  with moment as (
    select 'minute' as step, at, 1 / 60.0 as hours from generate_series(
      date_trunc('hour', gateway.utc_now()) - interval '25 hours', date_trunc('minute', gateway.utc_now()) - interval '1 minute', '1 minute') at
    union all
    select 'hour', at, 1 from generate_series(
      date_trunc('day', gateway.utc_now()) - interval '370 days', date_trunc('hour', gateway.utc_now()) - interval '26 hours', '1 hour') at
  ), asked as (
    select m.step, m.at, l.*, l.per_hour * m.hours * pg_temp.rhythm(l.rhythm, m.at) * pg_temp.growth(m.at) * (0.75 + 0.5 * random()) as n,
      -- Twenty bad minutes, some hours ago.
      case when m.step = 'minute' and m.at between gateway.utc_now() - interval '380 minutes' and gateway.utc_now() - interval '360 minutes'
        then 4.5 else 0.9 + 0.2 * random() end as slowness
    from moment m cross join line l
  )
  select a.step, a.at, a.consumer, a.route, a.model, a.method, end_of.status::smallint as status, end_of.reason, end_of.message,
    end_of.requests, end_of.ms * a.slowness as ms, end_of.odoo_ms * a.slowness as odoo_ms, end_of.bytes
  from asked a
  cross join lateral (
    select case when a.method = 'POST' and a.route in ('/api/v1/orders', '/api/v1/customers') then 201 else 200 end as status,
      null as reason, null as message, pg_temp.whole(case when a.consumer = 'none:0' then 0 else a.n end) as requests,
      a.ms::double precision as ms, a.odoo_ms::double precision as odoo_ms, a.bytes as bytes
    union all
    select f.status, f.reason, f.message, pg_temp.whole(a.n * f.share),
      case when f.reason ~ '^(odoo|body)' then a.ms * 0.7 else 0.7 end, case when f.reason ~ '^odoo' then a.odoo_ms * 0.7 else 0 end, 260
    from fault f where f.consumer = a.consumer and f.route = a.route
    union all
    select 503, 'odoo.overloaded', 'Odoo is busy. Try again shortly.', pg_temp.whole(a.n * 0.2), 900, 0, 230
    where a.slowness > 2 and a.route <> '/api/v1/ping'
  ) end_of
  where end_of.requests > 0;

  create function pg_temp.count_at(target text, unit text, condition text) returns void language plpgsql as $$
  begin
    execute format($query$
      with f as materialized (
        select date_trunc(%1$L, at) as at, consumer, route, model, method, status, reason, (status / 100)::smallint as class,
          sum(requests) as requests, sum(requests * ms) as gateway_ms, sum(requests * odoo_ms) as odoo_ms, sum(requests * bytes) as bytes
        from fact where %3$s group by 1, 2, 3, 4, 5, 6, 7
      )
      insert into gateway.request_stat
      select %2$L, at, who, facet, value, class, sum(requests), sum(requests), sum(gateway_ms), sum(odoo_ms), 0, sum(bytes), null
      from f
      cross join lateral (values (consumer), ('*')) w (who)
      cross join lateral (values ('total', ''), ('route', route), ('model', model), ('method', method), ('status', status::text),
        ('reason', reason), ('consumer', case when who = '*' then consumer end)) v (facet, value)
      where value is not null
      group by at, who, facet, value, class
      order by who, facet, at, class, value$query$, unit, target, condition);
    execute format($query$
      insert into gateway.request_stat
      select %2$L, at, who, 'latency', '', kind, sum(requests), 0, 0, 0, 0, 0, gateway.histogram_sum(spread)
      from (
        select date_trunc(%1$L, at) as at, consumer, (status / 100)::smallint as class, round(log(ms::numeric)), sum(requests) as requests,
          pg_temp.spread(sum(requests * ms) / sum(requests), sum(requests)) as spread
        from fact where %3$s group by 1, 2, 3, 4
      ) f
      cross join lateral (values (consumer), ('*')) w (who)
      cross join lateral (values (class), (0::smallint)) k (kind)
      group by at, who, kind$query$, unit, target, condition);
  end $$;
  select pg_temp.count_at('minute', 'minute', $$step = 'minute'$$);
  select pg_temp.count_at('hour', 'hour', $$at < date_trunc('hour', gateway.utc_now()) and at >= gateway.utc_now() - interval '35 days'$$);
  select pg_temp.count_at('day', 'day', $$at < date_trunc('day', gateway.utc_now())$$);
  select pg_temp.count_at('month', 'month', $$at < date_trunc('month', gateway.utc_now()) and at >= date_trunc('month', gateway.utc_now() - interval '340 days')$$);
  -- Of older hours the totals are kept.
  insert into gateway.request_stat
  select 'hour', at, who, 'total', '', (status / 100)::smallint, sum(requests), sum(requests), sum(requests * ms), sum(requests * odoo_ms), 0,
    sum(requests * bytes), null
  from fact cross join lateral (values (consumer), ('*')) w (who)
  where at < date_trunc('hour', gateway.utc_now() - interval '35 days')
  group by 2, 3, 6;
  update gateway.request_stat_rolled set until = date_trunc(step, gateway.utc_now());

  insert into gateway.consumer
  select distinct on (l.consumer) l.consumer, l.name, u.id, gateway.utc_now() - interval '370 days', gateway.utc_now()
  from line l
  left join public.res_users u on u.login = case l.rhythm when 'office' then 'demo' when 'night' then 'admin' end and l.consumer <> 'none:0'
  on conflict (consumer) do nothing;

  insert into gateway.request_log
    (id, at, request_id, sidecar, consumer, credential, address, method, path, route, model, status, reason, message, level, cost,
     gateway_ms, odoo_ms, bytes_in, bytes_out, traceback)
  select nextval('gateway.request_log_id_seq'), at_second.at, gen_random_uuid(), 'sidecar-1', f.consumer, l.name,
    case when f.reason = 'address.blocked' then '198.51.100.23' else '203.0.113.' || (4 + abs(hashtext(f.consumer)) % 200) end, f.method,
    case f.route
      when '/api/v1/:model' then '/api/v1/' || f.model || '?limit=80'
      when '/api/v1/:model/:id' then '/api/v1/' || f.model || '/' || (12 + random() * 4000)::integer
      else f.route end,
    f.route, f.model, f.status, f.reason, f.message, 'errors', 1, f.ms * (0.6 + random()), nullif(f.odoo_ms, 0), 0, f.bytes,
    case when f.status = 500 then E'Traceback (most recent call last):\\nValueError: Expected singleton: sale.order(4, 7)' end
  from fact f
  cross join lateral (select f.at + random() * interval '59 seconds' as at from generate_series(1, f.requests)) at_second
  join (select distinct consumer, name from line) l using (consumer)
  where f.status >= 400 and f.step = 'minute' and f.at >= gateway.utc_now() - interval '3 hours'
  order by at_second.at;

  insert into gateway.webhook_attempt (job_id, webhook_id, started_at, ms, status, error)
  select i, 1, gateway.utc_now() - random() * interval '24 hours', 40 + random() * 90, case when i % 61 = 0 then 503 else 204 end, null
  from generate_series(1, 1180) i`;

/** @param databaseUrl as the role that owns the database */
export async function makeHistory(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(`begin; ${statements}; commit`);
    await client.query('vacuum analyze gateway.request_stat');
  } finally {
    await client.end();
  }
}
