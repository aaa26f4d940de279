-- Every request is counted, those that the log level asks for are logged. Written by sidecars through record_figures()
-- and record_log() alone, in batches; a batch inserts its (sidecar, stream, sequence) in its own transaction, so one that
-- is sent again counts once. What the figures answer: 009_figures.sql.

-- One row per request that was logged, partitioned by day (UTC): dropping a day costs nothing and blocks nobody.
-- There is no default partition: it would make each new partition read all of it.
create table gateway.request_log (
  id bigint not null,
  at timestamp not null,
  request_id text not null,
  sidecar text not null,
  consumer text not null,
  credential text,
  user_id integer,
  profile_id integer,
  address text,
  user_agent text,
  method text not null,
  path text not null,
  route text not null,
  model text,
  odoo_method text,
  operation text,
  status smallint not null,
  reason text,
  message text,
  level text not null,
  cost integer not null,
  gateway_ms real not null,
  auth_ms real,
  throttle_ms real,
  queue_ms real,
  odoo_ms real,
  orm_ms real,
  shape_ms real,
  sql_count integer,
  retries smallint,
  bytes_in bigint not null,
  bytes_out bigint not null,
  request_headers jsonb,
  request_body text,
  response_headers jsonb,
  response_body text,
  traceback text
) partition by range (at);
create index request_log_id on gateway.request_log (id);
create index request_log_consumer on gateway.request_log (consumer, id);
create index request_log_user on gateway.request_log (user_id, id) where user_id is not null;
create index request_log_profile on gateway.request_log (profile_id, id) where profile_id is not null;
create index request_log_fault on gateway.request_log (id) where status >= 400;
create index request_log_request on gateway.request_log using hash (request_id);
create sequence gateway.request_log_id_seq cache 1;

-- Figures in four steps: minutes as they come, rolled into hours, days and months. One row per facet of the traffic: `total`,
-- `latency` (class 0: of all classes), `route`, `model`, `method`, `status`, `reason`, `consumer`. Consumer `*` sums all.
create table gateway.request_stat (
  step text not null,
  at timestamp not null,
  consumer text not null,
  facet text not null,
  value text not null,
  class smallint not null,
  requests bigint not null,
  cost bigint not null,
  gateway_ms double precision not null,
  odoo_ms double precision not null,
  bytes_in bigint not null,
  bytes_out bigint not null,
  latency real[],
  primary key (step, consumer, facet, at, class, value)
) partition by list (step);
create table gateway.request_stat_minute partition of gateway.request_stat for values in ('minute') with (fillfactor = 60);
create table gateway.request_stat_hour partition of gateway.request_stat for values in ('hour');
create table gateway.request_stat_day partition of gateway.request_stat for values in ('day');
create table gateway.request_stat_month partition of gateway.request_stat for values in ('month');
create index request_stat_minute_at on gateway.request_stat_minute (at);
create index request_stat_hour_at on gateway.request_stat_hour (at);
create index request_stat_hour_facet_at on gateway.request_stat_hour (at) where facet <> 'total';
-- A year of hours by weekday, from the index alone.
create index request_stat_hour_total on gateway.request_stat_hour (consumer, at, class) include (requests)
  where facet = 'total';
create index request_stat_day_at on gateway.request_stat_day (at);
create index request_stat_month_at on gateway.request_stat_month (at);
comment on column gateway.request_stat.class is 'First digit of the HTTP status.';
comment on column gateway.request_stat.latency is
  'Facet latency only. Requests per latency bucket; bucket i (from 0) begins at 2^(i/8 - 4) ms and the next one ends it. Real: a busy month overflows integers, and bigints double the size of the table.';

-- Hours, days and months before these moments are rolled up, what comes after is read from the finer step.
create table gateway.request_stat_rolled (
  step text primary key check (step in ('hour', 'day', 'month')),
  until timestamp not null
);
insert into gateway.request_stat_rolled values
  ('hour', date_trunc('hour', gateway.utc_now())),
  ('day', date_trunc('day', gateway.utc_now())),
  ('month', date_trunc('month', gateway.utc_now()));

-- Who called, by the key that figures and logs carry: names outlive the credential.
create table gateway.consumer (
  consumer text primary key,
  name text not null,
  user_id integer,
  first_seen timestamp not null,
  last_seen timestamp not null
);
create index consumer_user on gateway.consumer (user_id);

-- The last batch of each sidecar's stream.
create table gateway.request_flush (
  instance uuid not null,
  stream text not null check (stream in ('figures', 'log')),
  sequence bigint not null,
  flushed_at timestamp not null default (now() at time zone 'utc'),
  primary key (instance, stream)
);

-- Log rows that a sidecar could not keep, because its buffer was full or the day has no partition.
create table gateway.request_log_dropped (
  at timestamp primary key,
  rows bigint not null
);

create function gateway.histogram_add(a real[], b real[]) returns real[]
  language sql immutable parallel safe
  as $$
    select case
      when a is null then b
      when b is null then a
      else array(select coalesce(x, 0) + coalesce(y, 0) from unnest(a, b) as u (x, y))
    end
  $$;

create aggregate gateway.histogram_sum(real[]) (sfunc = gateway.histogram_add, stype = real[], parallel = safe);

-- True once per batch. A sidecar sends its batches one after the other, so its last number is all there is to keep.
create function gateway.flush_once(sidecar_instance uuid, stream_name text, number bigint) returns boolean
  language sql volatile set search_path = pg_catalog, pg_temp
  as $$
    with taken as (
      insert into gateway.request_flush as f (instance, stream, sequence)
      values (sidecar_instance, stream_name, number)
      on conflict (instance, stream) do update
        set sequence = excluded.sequence, flushed_at = excluded.flushed_at
        where f.sequence < excluded.sequence
      returning 1
    )
    select exists (select from taken)
  $$;

-- Counts a batch. Returns false if it was counted before.
--   figures   [{"minute": <minutes since 1970>, "consumer", "route", "model"?, "method", "status", "reason"?,
--               "requests", "cost", "gateway_ms", "odoo_ms", "bytes_in", "bytes_out"}]
--   latencies [{"minute", "consumer" (or "*"), "class", "counts": [requests per bucket]}]
--   consumers [{"consumer", "name", "user_id"?}] that occur in it
--   dropped   log rows lost since the last batch
-- Minutes older than a day are counted as a day old: finer rows behind that may be gone.
create function gateway.record_figures(
  sidecar_instance uuid, number bigint, figures jsonb, latencies jsonb, consumers jsonb, dropped bigint
) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
declare
  oldest timestamp := date_trunc('minute', gateway.utc_now() - interval '1 day');
  first_minute timestamp;
begin
  -- Counts are worth one second of trust: a crash of Postgres may lose them, a crash of the sidecar loses as much.
  perform set_config('synchronous_commit', 'off', true);
  if not gateway.flush_once(sidecar_instance, 'figures', number) then
    return false;
  end if;
  select greatest(oldest, to_timestamp(min((f ->> 'minute')::bigint) * 60) at time zone 'utc')
  into first_minute from jsonb_array_elements(figures) f;

  -- Hours are rolled two minutes after their end. A later batch reopens its hour, and must not meet the roll-up.
  if first_minute < gateway.utc_now() - interval '1 minute' then
    perform pg_advisory_xact_lock_shared(hashtext('gateway.roll_up'));
    update gateway.request_stat_rolled
    set until = date_trunc(step, first_minute)
    where until > date_trunc(step, first_minute);
  end if;

  with fact as (
    select greatest(oldest, to_timestamp(f.minute * 60) at time zone 'utc') as at, f.*
    from jsonb_to_recordset(figures) as f (
      minute bigint, consumer text, route text, model text, method text, status smallint, reason text, requests bigint,
      cost bigint, gateway_ms double precision, odoo_ms double precision, bytes_in bigint, bytes_out bigint)
  ), latency as (
    select greatest(oldest, to_timestamp(l.minute * 60) at time zone 'utc') as at, l.consumer, kind.class,
      gateway.histogram_sum(l.counts) as counts
    from jsonb_to_recordset(latencies) as l (minute bigint, consumer text, class smallint, counts real[])
    cross join lateral (values (l.class), (0::smallint)) as kind (class)
    group by 1, 2, 3
  ), stat as (
    select fact.at, who.consumer, f.facet, f.value, (fact.status / 100)::smallint as class,
      sum(requests) as requests, sum(cost) as cost, sum(gateway_ms) as gateway_ms, sum(odoo_ms) as odoo_ms,
      sum(bytes_in) as bytes_in, sum(bytes_out) as bytes_out, null::real[] as latency
    from fact
    cross join lateral (values (fact.consumer), ('*')) as who (consumer)
    cross join lateral (values
      ('total', ''), ('route', fact.route), ('model', fact.model), ('method', fact.method), ('status', fact.status::text),
      ('reason', fact.reason), ('consumer', case when who.consumer = '*' then fact.consumer end)
    ) as f (facet, value)
    where f.value is not null
    group by 1, 2, 3, 4, 5
    union all
    select at, consumer, 'latency', '', class, (select sum(n) from unnest(counts) n), 0, 0, 0, 0, 0, counts from latency
  )
  insert into gateway.request_stat as s
    (step, at, consumer, facet, value, class, requests, cost, gateway_ms, odoo_ms, bytes_in, bytes_out, latency)
  select 'minute', at, consumer, facet, value, class, requests, cost, gateway_ms, odoo_ms, bytes_in, bytes_out, latency
  from stat
  order by consumer, facet, at, class, value  -- the same order everywhere, or sidecars deadlock
  on conflict (step, consumer, facet, at, class, value) do update set
    requests = s.requests + excluded.requests,
    cost = s.cost + excluded.cost,
    gateway_ms = s.gateway_ms + excluded.gateway_ms,
    odoo_ms = s.odoo_ms + excluded.odoo_ms,
    bytes_in = s.bytes_in + excluded.bytes_in,
    bytes_out = s.bytes_out + excluded.bytes_out,
    latency = case when excluded.latency is not null then gateway.histogram_add(s.latency, excluded.latency) end;

  insert into gateway.consumer as c (consumer, name, user_id, first_seen, last_seen)
  select n.consumer, n.name, n.user_id, gateway.utc_now(), gateway.utc_now()
  from jsonb_to_recordset(consumers) as n (consumer text, name text, user_id integer)
  order by 1
  on conflict (consumer) do update set name = excluded.name, user_id = excluded.user_id, last_seen = excluded.last_seen
    where (c.name, c.user_id) is distinct from (excluded.name, excluded.user_id)
      or c.last_seen < excluded.last_seen - interval '1 minute';

  if dropped > 0 then
    insert into gateway.request_log_dropped as d (at, rows)
    values (date_trunc('minute', gateway.utc_now()), dropped)
    on conflict (at) do update set rows = d.rows + excluded.rows;
  end if;
  return true;
end $$;

-- Stores a batch of log rows, whose id is null. Returns false if it was stored before. A row of a day without a partition (a
-- sidecar whose clock is far off) is dropped and counted.
create function gateway.record_log(sidecar_instance uuid, number bigint, rows gateway.request_log[]) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
declare
  -- From the catalog alone: asking for sizes, as log_partitions() does, would wait for a day that is being dropped.
  days date[] := array(
    select to_date(right(c.relname, 8), 'YYYYMMDD')
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'gateway.request_log'::regclass);
  stored bigint;
  lost bigint;
begin
  perform set_config('synchronous_commit', 'off', true);
  if not gateway.flush_once(sidecar_instance, 'log', number) then
    return false;
  end if;
  insert into gateway.request_log
  select nextval('gateway.request_log_id_seq'), r.at, request_id, sidecar, consumer, credential, user_id, profile_id,
    address, user_agent, method, path, route, model, odoo_method, operation, status, reason, message, level, cost,
    gateway_ms, auth_ms, throttle_ms, queue_ms, odoo_ms, orm_ms, shape_ms, sql_count, retries, bytes_in, bytes_out,
    request_headers, request_body, response_headers, response_body, traceback
  from unnest(rows) as r
  where r.at::date = any (days);
  get diagnostics stored = row_count;
  lost := cardinality(rows) - stored;
  if lost > 0 then
    insert into gateway.request_log_dropped as d (at, rows)
    values (date_trunc('minute', gateway.utc_now()), lost)
    on conflict (at) do update set rows = d.rows + excluded.rows;
  end if;
  return true;
end $$;

-- Rolls the oldest hour, day or month that is complete; true while there is more. Run by any sidecar each minute and by
-- Odoo's log retention cron; a second one at the same time does nothing.
create function gateway.roll_up() returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
declare
  target text;
  source text := 'minute';
  -- What comes within two minutes is counted without a look at what is rolled up, see record_figures().
  complete timestamp := gateway.utc_now() - interval '2 minutes';
  begins timestamp;
  ends timestamp;
begin
  if not pg_try_advisory_xact_lock(hashtext('gateway.roll_up')) then
    return false;
  end if;
  foreach target in array array['hour', 'day', 'month'] loop
    select until, until + ('1 ' || target)::interval into begins, ends from gateway.request_stat_rolled where step = target;
    exit when ends <= complete;
    source := target;
    complete := begins;
  end loop;
  if ends > complete then
    return false;
  end if;
  delete from gateway.request_stat where step = target and at = begins;
  insert into gateway.request_stat
    (step, at, consumer, facet, value, class, requests, cost, gateway_ms, odoo_ms, bytes_in, bytes_out, latency)
  select target, begins, consumer, facet, value, class, sum(requests), sum(cost), sum(gateway_ms), sum(odoo_ms),
    sum(bytes_in), sum(bytes_out), gateway.histogram_sum(latency) filter (where latency is not null)
  from gateway.request_stat
  where step = source and at >= begins and at < ends
  group by consumer, facet, value, class
  order by consumer, facet, class, value;
  update gateway.request_stat_rolled set until = ends where step = target;
  return true;
end $$;

-- Log partitions from yesterday to two weeks ahead. Made standalone, then attached: a sidecar's inserts and readers go on.
create function gateway.ensure_log_partitions() returns integer
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
declare
  day date;
  partition text;
  made integer := 0;
begin
  perform pg_advisory_xact_lock(hashtext('gateway.request_log'));
  for day in
    select generate_series(gateway.utc_now()::date - 1, gateway.utc_now()::date + 14, interval '1 day')::date
  loop
    partition := 'request_log_' || to_char(day, 'YYYYMMDD');
    if to_regclass('gateway.' || partition) is null then
      execute format('create table gateway.%I (like gateway.request_log including defaults)', partition);
      execute format(
        'alter table gateway.request_log attach partition gateway.%I for values from (%L) to (%L)', partition, day, day + 1);
      made := made + 1;
    end if;
  end loop;
  return made;
end $$;

-- The days that the log holds, oldest first; rows is the planner's estimate.
create function gateway.log_partitions() returns table (name text, day date, rows bigint, bytes bigint)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select c.relname::text, to_date(right(c.relname, 8), 'YYYYMMDD'), greatest(c.reltuples, 0)::bigint,
      pg_total_relation_size(c.oid)
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'gateway.request_log'::regclass
    order by 1
  $$;

-- Removes one day of the log at once. Emptying locks that day's partition alone; dropping the empty table needs the whole
-- log for a moment, which whoever has read the log in an open transaction holds: then it is left for the next time.
-- Returns 'dropped', 'emptied' or 'busy' (somebody reads that very day). The caller commits after each day.
create function gateway.drop_log_day(day date) returns text
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
declare
  partition text := 'request_log_' || to_char(day, 'YYYYMMDD');
begin
  perform set_config('lock_timeout', '100ms', true);
  begin
    execute format('truncate gateway.%I', partition);
  exception when lock_not_available then
    return 'busy';
  end;
  begin
    execute format('drop table gateway.%I', partition);
  exception when lock_not_available then
    return 'emptied';
  end;
  return 'dropped';
end $$;

-- One portion of the clean-up of figures by their settings; returns the rows removed, 0 when nothing is left.
-- Only what is rolled up goes; the hours' totals stay as long as the days do (hour by weekday needs them).
create function gateway.prune_figures(portion integer default 20000) returns integer
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
declare
  setting jsonb := gateway.settings();
  hours timestamp := (select until from gateway.request_stat_rolled where step = 'hour');
  days timestamp := (select until from gateway.request_stat_rolled where step = 'day');
  minutes_from timestamp := least(
    hours, gateway.utc_now() - greatest(26, (setting ->> 'stat.minute_hours')::integer) * interval '1 hour');
  hours_from timestamp := least(
    days, gateway.utc_now() - greatest(2, (setting ->> 'stat.hour_days')::integer) * interval '1 day');
  days_from timestamp := gateway.utc_now() - (setting ->> 'stat.day_days')::integer * interval '1 day';
  removed integer;
begin
  delete from gateway.request_stat_minute where ctid = any (array(
    select ctid from gateway.request_stat_minute where at < minutes_from limit portion));
  get diagnostics removed = row_count;
  if removed = 0 then
    delete from gateway.request_stat_hour where ctid = any (array(
      select ctid from gateway.request_stat_hour where at < hours_from and facet <> 'total' limit portion));
    get diagnostics removed = row_count;
  end if;
  if removed = 0 then
    delete from gateway.request_stat_hour where ctid = any (array(
      select ctid from gateway.request_stat_hour where at < days_from limit portion));
    get diagnostics removed = row_count;
  end if;
  if removed = 0 then
    delete from gateway.request_stat_day where ctid = any (array(
      select ctid from gateway.request_stat_day where at < days_from limit portion));
    get diagnostics removed = row_count;
  end if;
  if removed = 0 then
    delete from gateway.request_stat_month where at < days_from - interval '1 month';
    delete from gateway.request_flush where flushed_at < gateway.utc_now() - interval '7 days';
    delete from gateway.request_log_dropped where at < days_from;
    delete from gateway.consumer where last_seen < days_from;
  end if;
  return removed;
end $$;

select gateway.ensure_log_partitions();

insert into gateway.contract (kind, name, privileges) values
  ('function', 'record_figures', 'execute'),
  ('function', 'record_log', 'execute'),
  ('function', 'roll_up', 'execute'),
  ('function', 'ensure_log_partitions', 'execute');

insert into gateway.setting (name, value, default_value) values
  ('log.level', '"errors"', '"errors"'),
  ('log.retention_days', '30', '30'),
  ('log.body_bytes', '16384', '16384'),
  ('stat.minute_hours', '48', '48'),
  ('stat.hour_days', '35', '35'),
  ('stat.day_days', '1100', '1100');
