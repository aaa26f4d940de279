-- Limits: throttle windows, blocked addresses and their violations.
-- The sidecar writes these tables, Odoo shows them and changes them through the functions here.

-- One row per subject (`user:6`, `gateway_key:4`, `client:3`, `login:203.0.113.7` …). A window starts with the first
-- request after the last one ended. Limits are those that were last asked under; 0: none in this window.
-- Half of each page is left free: a hot row's versions then stay on its page and out of the index.
create table gateway.throttle (
  subject text primary key,
  minute_start timestamp not null,
  hour_start timestamp not null,
  day_start timestamp not null,
  minute_hits integer not null,
  hour_hits integer not null,
  day_hits integer not null,
  minute_limit integer not null,
  hour_limit integer not null,
  day_limit integer not null,
  cost integer not null,
  granted integer not null
) with (
  fillfactor = 50,
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_cost_delay = 0
);

comment on column gateway.throttle.minute_hits is 'In the window before the last take(): what that granted comes on top.';
comment on column gateway.throttle.hour_hits is 'As minute_hits.';
comment on column gateway.throttle.day_hits is 'As minute_hits.';
comment on column gateway.throttle.cost is 'What each of the requests that were last asked for costs; an argument of take(), kept where its update can see it.';
comment on column gateway.throttle.granted is 'How much of what was last asked for was granted.';

-- These two have no SET clause and plain bodies, so that the planner puts them in place of the call.
-- What a window has granted by now, in the row as the last take() left it; a window without a limit counts nothing.
create function gateway.window_used(most integer, hits integer, granted integer, start timestamp, opens timestamp)
  returns integer language sql immutable
  as $$ select case when most > 0 and start > opens then hits + granted else 0 end $$;

-- Whole requests only: what is left of a window and too little for one more request stays there. Null: no limit.
create function gateway.grantable(asked integer, cost integer, minute_left integer, hour_left integer, day_left integer)
  returns integer language sql immutable
  as $$ select greatest(0, least(asked, minute_left, hour_left, day_left)) / cost * cost $$;

-- Charges what the windows of each subject still hold, and says how much that was. One statement for all of them, by the
-- database's clock: over any number of sidecars exactly the limit is granted, and a refused request is charged nowhere.
--
-- Arguments, one element per subject: each subject once, and all callers in the same order, which keeps them from
-- locking each other out; asked, a multiple of cost; cost of one request; limits per window, 0 for none.
-- Answers in the same order, for each {granted, then for minute, hour and day: what is left (meaningless without a
-- limit), the milliseconds until the window starts again}. One text of all, which a driver parses soonest.
--
-- Of a single subject the answer ends with the place of its row, `(block,offset)`. Given back with the next call, the row is
-- found at once. By its key, all its dead versions are gone through, which Postgres must keep while a long transaction of
-- Odoo's lasts: 100 ns each, hundreds more a second. A row that has moved since is looked for by its key. The two updates set
-- the same; SQL has no way to share that.
--
-- `asked` and `cost` reach the update through `excluded`: a join back to the arguments would be quadratic. The grant is
-- added to a window's hits by the next call, which needs it once instead of in each of them.
-- A crash of Postgres may lose the last 600 ms of hits (synchronous_commit); waiting for the disk would cost each
-- request more than Odoo needs to answer it.
create function gateway.take(
    subjects text[], asked integer[], costs integer[], minute integer[], hour integer[], day integer[],
    place tid default null)
  returns text
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
declare
  at timestamp := now() at time zone 'utc';
  m timestamp := at - interval '1 minute';
  h timestamp := at - interval '1 hour';
  d timestamp := at - interval '1 day';
  answer text;
begin
  perform set_config('synchronous_commit', 'off', true);
  if place is not null then
    with taken as (
      update gateway.throttle t set
        minute_start = case when t.minute_start > m then t.minute_start else at end,
        hour_start = case when t.hour_start > h then t.hour_start else at end,
        day_start = case when t.day_start > d then t.day_start else at end,
        minute_hits = gateway.window_used(t.minute_limit, t.minute_hits, t.granted, t.minute_start, m),
        hour_hits = gateway.window_used(t.hour_limit, t.hour_hits, t.granted, t.hour_start, h),
        day_hits = gateway.window_used(t.day_limit, t.day_hits, t.granted, t.day_start, d),
        granted = gateway.grantable(asked[1], costs[1],
          nullif(minute[1], 0) - gateway.window_used(t.minute_limit, t.minute_hits, t.granted, t.minute_start, m),
          nullif(hour[1], 0) - gateway.window_used(t.hour_limit, t.hour_hits, t.granted, t.hour_start, h),
          nullif(day[1], 0) - gateway.window_used(t.day_limit, t.day_hits, t.granted, t.day_start, d)),
        minute_limit = minute[1],
        hour_limit = hour[1],
        day_limit = day[1],
        cost = costs[1]
      where t.ctid = place and t.subject = subjects[1]
      returning t.*, t.ctid as place
    )
    select array[array[
      t.granted,
      t.minute_limit - t.minute_hits - t.granted, (date_part('epoch', t.minute_start - m) * 1000)::integer,
      t.hour_limit - t.hour_hits - t.granted, (date_part('epoch', t.hour_start - h) * 1000)::integer,
      t.day_limit - t.day_hits - t.granted, (date_part('epoch', t.day_start - d) * 1000)::integer
    ]]::text || t.place
    into answer
    from taken t;
    if found then
      return answer;
    end if;
  end if;
  with taken as (
    insert into gateway.throttle as t
    select a.subject, at, at, at, 0, 0, 0, a.minute, a.hour, a.day, a.cost, a.granted
    from (
      select a.*, gateway.grantable(a.asked, a.cost, nullif(a.minute, 0), nullif(a.hour, 0), nullif(a.day, 0)) as granted
      from unnest(subjects, asked, costs, minute, hour, day) with ordinality
        as a (subject, asked, cost, minute, hour, day, position)
    ) a
    order by a.position
    on conflict (subject) do update set
      minute_start = case when t.minute_start > m then t.minute_start else at end,
      hour_start = case when t.hour_start > h then t.hour_start else at end,
      day_start = case when t.day_start > d then t.day_start else at end,
      minute_hits = gateway.window_used(t.minute_limit, t.minute_hits, t.granted, t.minute_start, m),
      hour_hits = gateway.window_used(t.hour_limit, t.hour_hits, t.granted, t.hour_start, h),
      day_hits = gateway.window_used(t.day_limit, t.day_hits, t.granted, t.day_start, d),
      granted = gateway.grantable(excluded.granted, excluded.cost,
        nullif(excluded.minute_limit, 0) - gateway.window_used(t.minute_limit, t.minute_hits, t.granted, t.minute_start, m),
        nullif(excluded.hour_limit, 0) - gateway.window_used(t.hour_limit, t.hour_hits, t.granted, t.hour_start, h),
        nullif(excluded.day_limit, 0) - gateway.window_used(t.day_limit, t.day_hits, t.granted, t.day_start, d)),
      minute_limit = excluded.minute_limit,
      hour_limit = excluded.hour_limit,
      day_limit = excluded.day_limit,
      cost = excluded.cost
    returning t.*, t.ctid as place
  )
  select array_agg(array[
    t.granted,
    t.minute_limit - t.minute_hits - t.granted, (date_part('epoch', t.minute_start - m) * 1000)::integer,
    t.hour_limit - t.hour_hits - t.granted, (date_part('epoch', t.hour_start - h) * 1000)::integer,
    t.day_limit - t.day_hits - t.granted, (date_part('epoch', t.day_start - d) * 1000)::integer
  ])::text || case when count(*) = 1 then max(t.place)::text else '' end
  into answer
  from taken t;
  return answer;
end $$;

-- Odoo: one window of these subjects, or all with null, starts again with the next request. Run it in a READ COMMITTED
-- transaction of its own: a busy row would fail in Odoo's.
create function gateway.reset_throttle(subjects text[], only_window text default null) returns integer
  language plpgsql volatile set search_path = pg_catalog, pg_temp
  as $$
declare
  changed integer;
begin
  update gateway.throttle t set
    minute_start = case when coalesce(only_window, 'minute') = 'minute' then '-infinity' else t.minute_start end,
    hour_start = case when coalesce(only_window, 'hour') = 'hour' then '-infinity' else t.hour_start end,
    day_start = case when coalesce(only_window, 'day') = 'day' then '-infinity' else t.day_start end
  from (select subject from gateway.throttle where subject = any (subjects) order by subject for update) locked
  where t.subject = locked.subject;
  get diagnostics changed = row_count;
  -- Sidecars remember spent windows.
  insert into gateway.config_change (entity) values ('throttle');
  perform pg_notify('gateway', 'config');
  return changed;
end $$;

-- Odoo's cron: forgets up to `most` subjects whose windows have all ended; answers how many. No index on the starts: it
-- would have to be kept with every request. Rows that a sidecar has just taken are left to the next call.
create function gateway.clean_throttles(most integer) returns integer
  language plpgsql volatile set search_path = pg_catalog, pg_temp
  as $$
declare
  at timestamp := now() at time zone 'utc';
  gone integer;
begin
  delete from gateway.throttle t
  where t.ctid = any (array(
    select o.ctid from gateway.throttle o
    where (o.minute_limit = 0 or o.minute_start <= at - interval '1 minute')
      and (o.hour_limit = 0 or o.hour_start <= at - interval '1 hour')
      and (o.day_limit = 0 or o.day_start <= at - interval '1 day')
    limit most
    for update skip locked
  ));
  get diagnostics gone = row_count;
  return gone;
end $$;

-- How often an address was refused (limits, failed logins, bad keys). A network is one IPv4 address or one IPv6 /64.
create table gateway.ip_violation (
  network cidr primary key,
  start timestamp not null,
  hits integer not null
);

create table gateway.ip_block (
  id bigint generated always as identity primary key,
  network cidr not null unique,
  violations integer not null default 0,
  note text,
  blocked_by integer,
  blocked_at timestamp not null default (now() at time zone 'utc'),
  blocked_until timestamp
);

comment on column gateway.ip_block.violations is 'That led to it; 0: a manager blocked it.';
comment on column gateway.ip_block.blocked_by is 'res.users id, null: automatic.';
comment on column gateway.ip_block.blocked_until is 'Null: until a manager unblocks it.';

create trigger gateway_changed after insert or update or delete on gateway.ip_block
  for each row execute function gateway.changed('ip_block');

-- Counts violations, and blocks the networks that reach the setting. Sidecars call it with what they gathered in a
-- moment, each network once, sorted; which ones are never to be blocked they know themselves.
create function gateway.violate(networks cidr[], counts integer[]) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
declare
  at timestamp := now() at time zone 'utc';
  settings jsonb := gateway.settings();
  most integer := (settings ->> 'ip_block.violations')::integer;
  opens timestamp := at - (settings ->> 'ip_block.window_minutes')::integer * interval '1 minute';
  until timestamp := at + (settings ->> 'ip_block.minutes')::integer * interval '1 minute';
begin
  with counted as (
    insert into gateway.ip_violation as v
    select n.network, at, n.hits from unnest(networks, counts) as n (network, hits)
    order by n.network
    on conflict (network) do update set
      start = case when v.start > opens then v.start else at end,
      hits = case when v.start > opens then v.hits else 0 end + excluded.hits
    returning v.network, v.hits
  )
  insert into gateway.ip_block as b (network, violations, blocked_until)
  select c.network, c.hits, until from counted c
  where c.hits >= most
  order by c.network
  on conflict (network) do update set
    violations = excluded.violations,
    blocked_at = at,
    blocked_until = excluded.blocked_until,
    blocked_by = null,
    note = null
  where b.blocked_until <= at;
end $$;

-- Blocks in force: all, or those with these ids.
create function gateway.ip_blocks(only_ids bigint[] default null)
  returns table (id bigint, network text, seconds_left double precision)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select b.id, b.network::text, date_part('epoch', b.blocked_until - gateway.utc_now())
    from gateway.ip_block b
    where (b.blocked_until is null or b.blocked_until > gateway.utc_now())
      and (only_ids is null or b.id = any (only_ids))
  $$;

-- Odoo: a manager blocks a network, for good without minutes.
create function gateway.block_network(blocked cidr, minutes integer, user_id integer, why text) returns void
  language sql volatile set search_path = pg_catalog, pg_temp
  as $$
    insert into gateway.ip_block (network, blocked_until, blocked_by, note)
    values (blocked, gateway.utc_now() + minutes * interval '1 minute', user_id, why)
    on conflict (network) do update set
      violations = 0,
      blocked_at = gateway.utc_now(),
      blocked_until = excluded.blocked_until,
      blocked_by = excluded.blocked_by,
      note = excluded.note
  $$;

-- Odoo: what led to the blocks is forgotten with them, or the next violation would block again.
create function gateway.unblock_networks(ids bigint[]) returns void
  language sql volatile set search_path = pg_catalog, pg_temp
  as $$
    with gone as (
      delete from gateway.ip_block where id = any (ids) returning network
    )
    delete from gateway.ip_violation v using gone where v.network = gone.network
  $$;

-- Odoo's cron: violations whose window has ended, blocks that ended a week ago.
create function gateway.clean_ip_blocks() returns void
  language sql volatile set search_path = pg_catalog, pg_temp
  as $$
    delete from gateway.ip_violation
    where start < gateway.utc_now() - (gateway.settings() ->> 'ip_block.window_minutes')::integer * interval '1 minute';
    delete from gateway.ip_block where blocked_until < gateway.utc_now() - interval '7 days'
  $$;

insert into gateway.contract (kind, name, privileges) values
  ('function', 'take', 'execute'),
  ('function', 'violate', 'execute'),
  ('function', 'ip_blocks', 'execute');

insert into gateway.setting (name, value, default_value) values
  ('throttle.limit', '60', '60'),
  ('throttle.window', '"minute"', '"minute"'),
  ('throttle.anonymous', '120', '120'),
  ('throttle.login', '20', '20'),
  ('throttle.token', '60', '60'),
  ('throttle.failed', '30', '30'),
  ('throttle.concurrency', '0', '0'),
  ('throttle.cost.read', '1', '1'),
  ('throttle.cost.write', '1', '1'),
  ('throttle.cost.delete', '1', '1'),
  ('throttle.cost.call', '1', '1'),
  ('throttle.count_operations', 'true', 'true'),
  ('throttle.pass_without_database', 'false', 'false'),
  ('ip_block.enabled', 'true', 'true'),
  ('ip_block.violations', '100', '100'),
  ('ip_block.window_minutes', '10', '10'),
  ('ip_block.minutes', '60', '60'),
  ('ip_block.never', '""', '""');
