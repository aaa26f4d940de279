-- What the figures of 005_traffic.sql answer. Every question takes the same four arguments first:
--   since, until   timestamp, UTC, [since, until)
--   who            text[], consumers to sum; null: everyone
--   class          smallint, 2 to 5: only answers of that status class; null: all
-- and gives JSON. Moments are integers, milliseconds since 1970; durations are milliseconds; rates are 0 to 1; what has no
-- value (a percentile of nothing) is null. Errors are answers of status 400 and above.
--
--   stat_range(since, until) → {since, until, step}
--       The range as it can be answered exactly and the step of its series in seconds: starts and ends are widened to
--       whole minutes, where minutes are gone to hours, where hours are gone to days (UTC). Ask it first, then use
--       its range for all questions.
--   stat_totals(since, until, who, class) → {requests, class_2, class_3, class_4, class_5, errors, success_rate, error_rate,
--       avg_ms, p50_ms, p95_ms, p99_ms, odoo_ms, overhead_ms, bytes_in, bytes_out, cost, throttled, blocked,
--       unauthenticated, forbidden, consumers, keys}
--       odoo_ms and overhead_ms are averages per request; overhead is gateway without Odoo. consumers and keys: how many
--       different ones called (keys: without logins, callers without a credential count as neither).
--   stat_series(since, until, who, class, step seconds, zone) → [{at, requests, class_2 … class_5, errors, error_rate, avg_ms,
--       p50_ms, p95_ms, p99_ms, odoo_ms, overhead_ms, bytes_out, throttled, blocked, unauthenticated, forbidden}]
--       One entry per step, empty ones too. Steps under a day begin at midnight of `zone`, days are UTC days.
--   stat_top(since, until, who, class, facet, take) → [{value, requests, errors, error_rate, avg_ms, odoo_ms, bytes_out}]
--       facet: route, model, method, status, reason, consumer; most requests first. For consumer also {name, user_id}.
--   stat_heat_map(since, until, who, class, zone) → [[24 request counts] × 7], Monday first, hours of the time zone.
--   stat_faults(since, until, who, class, before, take, owner) → [{id, at, request_id, consumer, credential, user_id, address,
--       method, path, route, model, status, reason, message, gateway_ms}]
--       The log's 4xx and 5xx, newest first; `before` is the id to go on from; `owner`: only what ran as this user.
--   stat_dashboard(since, until, who, class, zone) → {range, totals, previous, series, routes, models, methods, statuses,
--       reasons, consumers, heat_map}
--       All of it at once: previous is the totals of the period of the same length before, lists hold the first 10
--       (statuses and reasons: all).
--   stat_consumers(user_id) → [{consumer, name, user_id, last_seen}]
--       For the filter and for "own figures": user_id null lists all, else that user's.

create function gateway.ms(moment timestamp) returns bigint
  language sql immutable parallel safe
  as $$ select (extract(epoch from moment) * 1000)::bigint $$;

-- Milliseconds that the given shares (rising, 0 to 1) of a histogram's requests did not exceed; null when there are none.
-- Inside a bucket it goes along the log scale of gateway.request_stat.latency.
create function gateway.percentiles(histogram real[], variadic shares double precision[]) returns double precision[]
  language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
  as $$
declare
  total double precision := (select sum(n::double precision) from unnest(histogram) n);
  below double precision := 0;
  requests real;
  bucket integer := 0;
  place double precision;
  found double precision[] := '{}';
  share double precision := shares[1];
begin
  if coalesce(total, 0) = 0 then
    return null;
  end if;
  foreach requests in array histogram loop
    while requests > 0 and share is not null and below + requests >= share * total loop
      -- Where in its bucket, which is 9 % wide: a few requests may all be at one end, so the middle is the safest guess.
      place := case when requests < 10 then 0.5 else greatest(0, share * total - below) / requests end;
      found := found || round((2 ^ ((bucket + place) / 8 - 4))::numeric, 3)::double precision;
      share := shares[array_length(found, 1) + 1];
    end loop;
    exit when share is null;
    below := below + requests;
    bucket := bucket + 1;
  end loop;
  return found;
end $$;

-- Which of the dashboard's four kinds of refusal a reason is, null for any other failure.
create function gateway.refusal(reason text) returns text
  language sql immutable parallel safe
  as $$
    select case
      when reason in ('throttle.exceeded', 'throttle.failed', 'throttle.concurrency') then 'throttled'
      when reason = 'address.blocked' then 'blocked'
      when reason in ('auth.missing', 'auth.invalid', 'auth.mfa') then 'unauthenticated'
      when reason in ('address.not_allowed', 'scope.insufficient', 'odoo.access', 'odoo.exposure') then 'forbidden'
    end
  $$;

create function gateway.stat_range(since timestamp, until timestamp) returns jsonb
  language plpgsql stable set search_path = pg_catalog, pg_temp
  as $$
declare
  setting jsonb := gateway.settings();
  now timestamp := gateway.utc_now();
  unit text := case
    when since < now - (setting ->> 'stat.hour_days')::integer * interval '1 day' then 'day'
    when since < now - (setting ->> 'stat.minute_hours')::integer * interval '1 hour' then 'hour'
    else 'minute' end;
  first timestamp := date_trunc(unit, since);
  last timestamp := date_trunc(unit, until);
  step integer;
begin
  -- An end that is as fresh as the figures themselves stays as it is: minutes are there for it.
  if until > (select r.until from gateway.request_stat_rolled r where r.step = unit) then
    last := date_trunc('minute', until);
    last := last + case when last < until then interval '1 minute' else interval '0' end;
  elsif last < until then
    last := last + ('1 ' || unit)::interval;
  end if;
  last := greatest(last, first + interval '1 minute');
  step := (
    select min(s) from unnest(array[60, 120, 300, 900, 1800, 3600, 10800, 21600, 86400, 604800]) s
    where (extract(epoch from last - first) / s <= 130 or s = 604800 or (s = 86400 and extract(epoch from last - first) / s <= 400))
      and s >= case unit when 'day' then 86400 when 'hour' then 3600 else 60 end);
  return jsonb_build_object('since', gateway.ms(first), 'until', gateway.ms(last), 'step', step);
end $$;

-- The pieces of a range by the coarsest step that is rolled up and fits: months inside, days and hours around them, minutes
-- at the edges and for what is too fresh.
create function gateway.stat_parts(since timestamp, until timestamp, coarsest text)
  returns table (step text, first timestamp, last timestamp)
  language plpgsql stable rows 7 set search_path = pg_catalog, pg_temp
  as $$
declare
  finer text;
  low timestamp;
  high timestamp;
begin
  if since >= until then
    return;
  end if;
  if coarsest = 'minute' then
    return query select 'minute', since, until;
    return;
  end if;
  finer := case coarsest when 'month' then 'day' when 'day' then 'hour' else 'minute' end;
  low := date_trunc(coarsest, since);
  low := case when low < since then low + ('1 ' || coarsest)::interval else low end;
  select least(date_trunc(coarsest, stat_parts.until), r.until) into high
  from gateway.request_stat_rolled r where r.step = coarsest;
  if low >= high then
    return query select * from gateway.stat_parts(since, until, finer);
    return;
  end if;
  return query select coarsest, low, high;
  return query select * from gateway.stat_parts(since, low, finer);
  return query select * from gateway.stat_parts(high, until, finer);
end $$;

-- These four join in nested loops alone: the pieces of a range are few, and the planner, which takes the figures in them for
-- many more than there are, would read all figures to hash them.
create function gateway.stat_totals(since timestamp, until timestamp, who text[] default null, class smallint default null)
  returns jsonb
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
  set jit = off set enable_hashjoin = off set enable_mergejoin = off
  as $$
begin
  return (
    with part as materialized (
      select * from gateway.stat_parts(stat_totals.since, stat_totals.until, 'month')
    ), total as materialized (
      select s.class, s.requests, s.cost, s.gateway_ms, s.odoo_ms, s.bytes_in, s.bytes_out
      from part p
      join gateway.request_stat s on s.step = p.step and s.at >= p.first and s.at < p.last
      where s.consumer = any (coalesce(who, '{*}')) and s.facet = 'total'
        and (stat_totals.class is null or s.class = stat_totals.class)
    ), sums as (
      select coalesce(sum(requests), 0) as requests, coalesce(sum(cost), 0) as cost, sum(gateway_ms) as gateway_ms,
        sum(odoo_ms) as odoo_ms, coalesce(sum(bytes_in), 0) as bytes_in, coalesce(sum(bytes_out), 0) as bytes_out,
        coalesce(sum(requests) filter (where t.class = 2), 0) as class_2,
        coalesce(sum(requests) filter (where t.class = 3), 0) as class_3,
        coalesce(sum(requests) filter (where t.class = 4), 0) as class_4,
        coalesce(sum(requests) filter (where t.class = 5), 0) as class_5
      from total t
    ), quantile as (
      select gateway.percentiles(gateway.histogram_sum(s.latency), 0.5, 0.95, 0.99) as ms
      from part p
      join gateway.request_stat s on s.step = p.step and s.at >= p.first and s.at < p.last
      where s.consumer = any (coalesce(who, '{*}')) and s.facet = 'latency' and s.class = coalesce(stat_totals.class, 0)
    ), refused as (
      select gateway.refusal(s.value) as cause, sum(s.requests) as requests
      from part p
      join gateway.request_stat s on s.step = p.step and s.at >= p.first and s.at < p.last
      where s.consumer = any (coalesce(who, '{*}')) and s.facet = 'reason'
        and (stat_totals.class is null or s.class = stat_totals.class)
      group by 1
    ), caller as (
      select c.consumer
      from gateway.consumer c
      where (who is null or c.consumer = any (who)) and c.consumer not like 'none:%'
        and c.last_seen >= stat_totals.since - interval '5 minutes'  -- kept to the minute, and a flush may be late
        and (  -- not `exists`: the planner would turn that into a join over all figures of the range
          select true from part p
          join gateway.request_stat s on s.step = p.step and s.at >= p.first and s.at < p.last
          where s.consumer = c.consumer and s.facet = 'total' and (stat_totals.class is null or s.class = stat_totals.class)
          limit 1)
    )
    select jsonb_build_object(
      'requests', requests, 'class_2', class_2, 'class_3', class_3, 'class_4', class_4, 'class_5', class_5,
      'errors', class_4 + class_5,
      'success_rate', round(1 - (class_4 + class_5) / nullif(requests, 0), 6),
      'error_rate', round((class_4 + class_5) / nullif(requests, 0), 6),
      'avg_ms', round((gateway_ms / nullif(requests, 0))::numeric, 3),
      'p50_ms', (select ms[1] from quantile),
      'p95_ms', (select ms[2] from quantile),
      'p99_ms', (select ms[3] from quantile),
      'odoo_ms', round((odoo_ms / nullif(requests, 0))::numeric, 3),
      'overhead_ms', round(((gateway_ms - odoo_ms) / nullif(requests, 0))::numeric, 3),
      'bytes_in', bytes_in, 'bytes_out', bytes_out, 'cost', cost,
      'throttled', coalesce((select r.requests from refused r where cause = 'throttled'), 0),
      'blocked', coalesce((select r.requests from refused r where cause = 'blocked'), 0),
      'unauthenticated', coalesce((select r.requests from refused r where cause = 'unauthenticated'), 0),
      'forbidden', coalesce((select r.requests from refused r where cause = 'forbidden'), 0),
      'consumers', (select count(*) from caller),
      'keys', (select count(*) from caller where consumer not like 'login:%'))
    from sums
  );
end $$;

create function gateway.stat_series(
  since timestamp, until timestamp, who text[] default null, class smallint default null, step integer default 3600,
  zone text default 'UTC'
) returns jsonb
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
  set jit = off set enable_hashjoin = off set enable_mergejoin = off
  as $$
declare
  width interval := make_interval(secs => step);
  -- Where the steps begin: midnight in the zone, as UTC; days and weeks (Mondays) are UTC's.
  origin timestamp := case
    when step >= 86400 then timestamp '2001-01-01'
    else date_trunc('day', since at time zone 'utc' at time zone zone) at time zone zone at time zone 'utc' - interval '1 day'
  end;
begin
  return (
    with part as materialized (
      select * from gateway.stat_parts(stat_series.since, stat_series.until, case
        when stat_series.step >= 86400 then 'day'
        -- Zones with half hours: an hour's figures can't be told apart within it, so they stay in the step of its begin.
        when stat_series.step >= 3600 then 'hour'
        else 'minute' end)
    ), total as materialized (
      select date_bin(width, s.at, origin) as bin, s.class, s.requests, s.gateway_ms, s.odoo_ms, s.bytes_out
      from part p
      join gateway.request_stat s on s.step = p.step and s.at >= p.first and s.at < p.last
      where s.consumer = any (coalesce(who, '{*}')) and s.facet = 'total'
        and (stat_series.class is null or s.class = stat_series.class)
    ), quantile as (
      select date_bin(width, s.at, origin) as bin,
        gateway.percentiles(gateway.histogram_sum(s.latency), 0.5, 0.95, 0.99) as ms
      from part p
      join gateway.request_stat s on s.step = p.step and s.at >= p.first and s.at < p.last
      where s.consumer = any (coalesce(who, '{*}')) and s.facet = 'latency' and s.class = coalesce(stat_series.class, 0)
      group by 1
    ), refused as (
      select date_bin(width, s.at, origin) as bin, gateway.refusal(s.value) as cause, sum(s.requests) as requests
      from part p
      join gateway.request_stat s on s.step = p.step and s.at >= p.first and s.at < p.last
      where s.consumer = any (coalesce(who, '{*}')) and s.facet = 'reason'
        and (stat_series.class is null or s.class = stat_series.class)
      group by 1, 2
    ), figure (bin, what, n) as (  -- rows put together, not joined: an estimate gone wrong then costs nothing
      select bin, w.what, w.n
      from (
        select bin, t.class, sum(requests) as requests, sum(gateway_ms) as gateway_ms, sum(odoo_ms) as odoo_ms,
          sum(bytes_out) as bytes_out
        from total t group by 1, 2
      ) c
      cross join lateral (values
        ('class_' || c.class, c.requests), ('requests', c.requests), ('gateway_ms', c.gateway_ms), ('odoo_ms', c.odoo_ms),
        ('bytes_out', c.bytes_out)
      ) w (what, n)
      union all
      select bin, w.what, w.n from quantile cross join lateral (values ('p50', ms[1]), ('p95', ms[2]), ('p99', ms[3])) w (what, n)
      union all
      select bin, cause, requests from refused
      union all
      select bin, null, null from generate_series(
        date_bin(width, stat_series.since, origin), stat_series.until - interval '1 microsecond', width) as bin
    ), sums as (
      select bin,
        coalesce(sum(n) filter (where what = 'requests'), 0) as requests,
        coalesce(sum(n) filter (where what = 'class_2'), 0) as class_2,
        coalesce(sum(n) filter (where what = 'class_3'), 0) as class_3,
        coalesce(sum(n) filter (where what = 'class_4'), 0) as class_4,
        coalesce(sum(n) filter (where what = 'class_5'), 0) as class_5,
        sum(n) filter (where what = 'gateway_ms') / sum(n) filter (where what = 'requests') as avg_ms,
        sum(n) filter (where what = 'odoo_ms') / sum(n) filter (where what = 'requests') as odoo_ms,
        sum(n) filter (where what = 'p50') as p50,
        sum(n) filter (where what = 'p95') as p95,
        sum(n) filter (where what = 'p99') as p99,
        coalesce(sum(n) filter (where what = 'bytes_out'), 0) as bytes_out,
        coalesce(sum(n) filter (where what = 'throttled'), 0) as throttled,
        coalesce(sum(n) filter (where what = 'blocked'), 0) as blocked,
        coalesce(sum(n) filter (where what = 'unauthenticated'), 0) as unauthenticated,
        coalesce(sum(n) filter (where what = 'forbidden'), 0) as forbidden
      from figure group by bin
    )
    select jsonb_agg(jsonb_build_object(
      'at', gateway.ms(bin),
      'requests', requests, 'class_2', class_2, 'class_3', class_3, 'class_4', class_4, 'class_5', class_5,
      'errors', class_4 + class_5,
      'error_rate', round(((class_4 + class_5) / nullif(requests, 0))::numeric, 6),
      'avg_ms', round(avg_ms::numeric, 3), 'p50_ms', p50, 'p95_ms', p95, 'p99_ms', p99,
      'odoo_ms', round(odoo_ms::numeric, 3), 'overhead_ms', round((avg_ms - odoo_ms)::numeric, 3),
      'bytes_out', bytes_out, 'throttled', throttled, 'blocked', blocked, 'unauthenticated', unauthenticated,
      'forbidden', forbidden) order by bin)
    from sums
  );
end $$;

create function gateway.stat_top(
  since timestamp, until timestamp, who text[] default null, class smallint default null, facet text default 'route',
  take integer default 10
) returns jsonb
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
  set jit = off set enable_hashjoin = off set enable_mergejoin = off
  as $$
declare
  by_consumer boolean := facet = 'consumer' and who is not null;
begin
  return (
    with grouped as (
      select case when by_consumer then s.consumer else s.value end as value, sum(s.requests) as requests,
        coalesce(sum(s.requests) filter (where s.class >= 4), 0) as errors, sum(s.gateway_ms) as gateway_ms,
        sum(s.odoo_ms) as odoo_ms, sum(s.bytes_out) as bytes_out
      from gateway.stat_parts(stat_top.since, stat_top.until, 'month') p
      join gateway.request_stat s on s.step = p.step and s.at >= p.first and s.at < p.last
      where s.consumer = any (coalesce(who, '{*}'))
        and s.facet = case when by_consumer then 'total' else stat_top.facet end
        and (stat_top.class is null or s.class = stat_top.class)
      group by 1
      order by 2 desc, 1
      limit take
    )
    select coalesce(jsonb_agg(jsonb_build_object(
      'value', value, 'requests', requests, 'errors', errors, 'error_rate', round(errors / requests, 6),
      'avg_ms', round((gateway_ms / requests)::numeric, 3), 'odoo_ms', round((odoo_ms / requests)::numeric, 3),
      'bytes_out', bytes_out)
      || case when stat_top.facet = 'consumer'
        then jsonb_build_object('name', coalesce(c.name, value), 'user_id', c.user_id) else '{}' end
      order by requests desc, value), '[]')
    from grouped
    left join gateway.consumer c on stat_top.facet = 'consumer' and c.consumer = value
  );
end $$;

create function gateway.stat_heat_map(
  since timestamp, until timestamp, who text[] default null, class smallint default null, zone text default 'UTC'
) returns jsonb
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
  set jit = off set enable_hashjoin = off set enable_mergejoin = off
  as $$
begin
  return (
    with part as materialized (
      select * from gateway.stat_parts(stat_heat_map.since, stat_heat_map.until, 'hour')
    ), hourly as (
      select s.at, sum(s.requests) as requests
      from part p
      -- The partition by its name: then an index alone answers for a year.
      join gateway.request_stat_hour s on p.step = 'hour' and s.at >= p.first and s.at < p.last
      where s.consumer = any (coalesce(who, '{*}')) and s.facet = 'total'
        and (stat_heat_map.class is null or s.class = stat_heat_map.class)
      group by 1
      union all
      select date_trunc('hour', s.at), sum(s.requests)
      from part p
      join gateway.request_stat_minute s on p.step = 'minute' and s.at >= p.first and s.at < p.last
      where s.step = 'minute' and s.consumer = any (coalesce(who, '{*}')) and s.facet = 'total'
        and (stat_heat_map.class is null or s.class = stat_heat_map.class)
      group by 1
    ), cell as (
      select extract(isodow from there.at) as day, extract(hour from there.at) as hour, sum(requests) as requests
      from hourly cross join lateral (select hourly.at at time zone 'utc' at time zone zone as at) there
      group by 1, 2
    ), line as (
      select day, jsonb_agg(coalesce(requests, 0) order by hour) as hours
      from generate_series(1, 7) day cross join generate_series(0, 23) hour
      left join cell using (day, hour)
      group by day
    )
    select jsonb_agg(hours order by day) from line
  );
end $$;

create function gateway.stat_faults(
  since timestamp, until timestamp, who text[] default null, class smallint default null, before bigint default null,
  take integer default 50, owner integer default null
) returns jsonb
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select coalesce(jsonb_agg(to_jsonb(fault) order by fault.id desc), '[]')
    from (
      select id, gateway.ms(at) as at, request_id, consumer, credential, user_id, address, method, path, route, model,
        status, reason, message, gateway_ms
      from gateway.request_log l
      where l.status >= 400 and l.at >= stat_faults.since and l.at < stat_faults.until
        and (who is null or l.consumer = any (who))
        and (stat_faults.class is null or l.status / 100 = stat_faults.class)
        and (before is null or l.id < before)
        and (owner is null or l.user_id = owner)
      order by l.id desc
      limit least(take, 1000)
    ) fault
  $$;

create function gateway.stat_consumers(owner integer default null) returns jsonb
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select coalesce(jsonb_agg(jsonb_build_object(
      'consumer', consumer, 'name', name, 'user_id', user_id, 'last_seen', gateway.ms(last_seen)) order by name, consumer), '[]')
    from gateway.consumer
    where owner is null or user_id = owner
  $$;

create function gateway.stat_dashboard(
  since timestamp, until timestamp, who text[] default null, class smallint default null, zone text default 'UTC'
) returns jsonb
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
  as $$
declare
  span jsonb := gateway.stat_range(since, until);
  first timestamp := to_timestamp((span ->> 'since')::bigint / 1000) at time zone 'utc';
  last timestamp := to_timestamp((span ->> 'until')::bigint / 1000) at time zone 'utc';
begin
  return jsonb_build_object(
    'range', span,
    'totals', gateway.stat_totals(first, last, who, class),
    'previous', gateway.stat_totals(first - (last - first), first, who, class),
    'series', gateway.stat_series(first, last, who, class, (span ->> 'step')::integer, zone),
    'routes', gateway.stat_top(first, last, who, class, 'route', 10),
    'models', gateway.stat_top(first, last, who, class, 'model', 10),
    'methods', gateway.stat_top(first, last, who, class, 'method', 10),
    'statuses', gateway.stat_top(first, last, who, class, 'status', 100),
    'reasons', gateway.stat_top(first, last, who, class, 'reason', 100),
    'consumers', gateway.stat_top(first, last, who, class, 'consumer', 10),
    'heat_map', gateway.stat_heat_map(first, last, who, class, zone));
end $$;
