-- Compiled reads: Odoo compiles a read once, with the caller's rights in it, and the sidecar runs that SQL. Here is what
-- a plan depends on (read_versions), who may run it (the reader), and which way reads went.

insert into gateway.setting (name, value, default_value) values
  ('compiled.enabled', 'true', 'true'),
  ('compiled.except', '[]', '[]');

-- One row for each transaction that changed rights, visible with its commit. A counter in one row would make unrelated
-- transactions wait for each other.
create table gateway.read_signal (
  id bigint generated always as identity primary key,
  txid xid8 not null default pg_current_xact_id()
);
create index read_signal_txid on gateway.read_signal (txid);

-- Ends all plans with this transaction's commit. Odoo's workers learn of it in the same moment, by their own signal: Odoo
-- itself sends one a little after the commit, and for some changes not at all.
create function gateway.signal_reads() returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
begin
  if exists (select from gateway.read_signal s where s.txid = pg_current_xact_id()) then
    return;
  end if;
  insert into gateway.read_signal default values;
  if to_regclass('public.orm_signaling_default') is not null then
    insert into public.orm_signaling_default default values;
  end if;
end $$;

-- What all plans depend on: a plan whose text gives another value than when it was made is out of date. The four numbers are
-- those of Odoo's signals registry, default, stable and groups. Of read_signal it is all ids and not the last: a transaction
-- that began earlier may commit later.
create function gateway.read_versions() returns text
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
  as $$
begin
  return (select max(id) from public.orm_signaling_registry)
    || '.' || (select max(id) from public.orm_signaling_default)
    || '.' || (select max(id) from public.orm_signaling_stable)
    || '.' || (select max(id) from public.orm_signaling_groups)
    || '/' || coalesce((select string_agg(s.id::text, ',' order by s.id) from gateway.read_signal s), '');
end $$;

-- Called by Odoo's cron, so that the list of ids stays short. Ends all plans once more.
create function gateway.prune_read_signals() returns void
  language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
    delete from gateway.read_signal s
    where s.id in (
      select id from gateway.read_signal
      where txid < pg_snapshot_xmin(pg_current_snapshot()) and id < (select max(id) from gateway.read_signal)
      for update skip locked
    )
  $$;

-- Trigger: a row that decides about rights has changed. Arguments: the columns that matter on update (none: all).
create function gateway.rights_changed() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
  as $$
declare
  before jsonb;
  after jsonb;
begin
  if tg_op = 'UPDATE' then
    before := to_jsonb(old);
    after := to_jsonb(new);
    if (
      case when tg_nargs > 0
        then not exists (select from unnest(tg_argv) as c where before -> c is distinct from after -> c)
        else before = after
      end
    ) then
      return null;
    end if;
  end if;
  perform gateway.signal_reads();
  return null;
end $$;

create trigger gateway_rights_changed after insert or update or delete on public.ir_rule
  for each row execute function gateway.rights_changed();
create trigger gateway_rights_changed after insert or update or delete on public.ir_model_access
  for each row execute function gateway.rights_changed();
create trigger gateway_rights_changed after insert or update or delete on public.rule_group_rel
  for each row execute function gateway.rights_changed();
create trigger gateway_rights_changed after insert or update or delete on public.res_groups_users_rel
  for each row execute function gateway.rights_changed();
create trigger gateway_rights_changed after insert or update or delete on public.res_groups_implied_rel
  for each row execute function gateway.rights_changed();
create trigger gateway_rights_changed after insert or update or delete on public.res_company_users_rel
  for each row execute function gateway.rights_changed();
create trigger gateway_rights_changed after update or delete on public.res_company
  for each row execute function gateway.rights_changed();
create trigger gateway_rights_changed after update or delete on public.res_users
  for each row execute function gateway.rights_changed('active', 'share', 'partner_id', 'company_id');
create trigger gateway_rights_changed after insert or update or delete on gateway.never_exposed
  for each row execute function gateway.rights_changed();
create trigger gateway_rights_changed after insert or update or delete on gateway.setting
  for each row execute function gateway.rights_changed();

-- Trigger: of partners, those of users decide. By the statement: a row at a time would slow down imports.
create function gateway.users_partner_changed() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
  as $$
begin
  if exists (
    select from after_rows a
    join before_rows b using (id)
    where (a.parent_id, a.commercial_partner_id, a.company_id, a.tz, a.lang)
      is distinct from (b.parent_id, b.commercial_partner_id, b.company_id, b.tz, b.lang)
      and exists (select from public.res_users u where u.partner_id = a.id)
  ) then
    perform gateway.signal_reads();
  end if;
  return null;
end $$;
create trigger gateway_rights_changed after update on public.res_partner
  referencing old table as before_rows new table as after_rows
  for each statement execute function gateway.users_partner_changed();

-- The role that plans run as: named like the sidecar's own, with `_reader` at the end. It holds SELECT on the columns of plans,
-- which grant_read() gives it, and no more. The sidecar's role may become it and does not inherit from it.
alter table gateway.grantee add column reader name;

-- Takes all columns back. Plans that need them are compiled again.
create function gateway.revoke_reads(reader name) returns void
  language plpgsql set search_path = pg_catalog, pg_temp
  as $$
declare
  relation regclass;
begin
  perform pg_advisory_xact_lock(hashtext('gateway.grant_read'));
  for relation in
    select distinct a.attrelid::regclass
    from pg_attribute a cross join lateral aclexplode(a.attacl) acl
    where acl.grantee = (select oid from pg_roles where rolname = reader)
  loop
    execute format('revoke all on %s from %I', relation, reader);
  end loop;
end $$;

-- Makes a role's reader, or says what a person with more rights has to do. Without it, reads go Odoo's way.
create function gateway.make_reader(sidecar name) returns void
  language plpgsql set search_path = pg_catalog, pg_temp
  as $$
declare
  wanted name := left(sidecar, 56) || '_reader';
begin
  begin
    if not exists (select from pg_roles where rolname = wanted) then
      execute format('create role %I nologin', wanted);
    end if;
    if not pg_has_role(sidecar, wanted, 'member') then
      execute format('grant %I to %I', wanted, sidecar);
    end if;
    if (select rolinherit from pg_roles where rolname = sidecar) then
      execute format('alter role %I noinherit', sidecar);
    end if;
  exception when insufficient_privilege or reserved_name then
    raise warning 'Reads are not compiled for %: %. Run as a superuser, then grant_to again: create role %; grant % to %; alter role % noinherit;',
      sidecar, sqlerrm, wanted, wanted, sidecar, sidecar;
    update gateway.grantee set reader = null where role = sidecar;
    return;
  end;
  update gateway.grantee set reader = wanted where role = sidecar;
  perform gateway.revoke_reads(wanted);
  execute format('grant usage on schema gateway to %I', wanted);
  execute format('revoke all on all tables in schema gateway from %I', wanted);
  execute format('revoke all on all functions in schema gateway from %I', wanted);
  execute format('grant execute on function gateway.read_versions() to %I', wanted);
end $$;

-- Trigger: what is not to be exposed from now on must not stay readable.
create function gateway.revoke_all_reads() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
  as $$
begin
  perform gateway.revoke_reads(g.reader) from gateway.grantee g
  where exists (select from pg_roles r where r.rolname = g.reader);
  return null;
end $$;
create trigger gateway_revoke_reads after insert or update or delete on gateway.never_exposed
  for each statement execute function gateway.revoke_all_reads();

-- Odoo: gives readers these columns of one of Odoo's tables, for a plan that needs them. Raises where there is no reader, and
-- for tables of models that are never exposed.
create function gateway.grant_read(tbl text, cols text[]) returns void
  language plpgsql set search_path = pg_catalog, pg_temp
  as $$
declare
  readers name[] := array(
    select distinct g.reader from gateway.grantee g where exists (select from pg_roles r where r.rolname = g.reader));
  reader name;
begin
  if cardinality(readers) = 0 then
    raise insufficient_privilege using message = 'no sidecar has a role for compiled reads: see gateway.make_reader';
  end if;
  if exists (
    select from gateway.never_exposed n
    where tbl ~ ('^' || replace(replace(n.pattern, '.', '_'), '*', '.*') || '$')
  ) then
    raise insufficient_privilege using message = format('%s is never exposed', tbl);
  end if;
  perform pg_advisory_xact_lock(hashtext('gateway.grant_read'));
  -- Odoo's ALTERs and a GRANT change the same rows of the catalog.
  execute format('lock table public.%I in access share mode nowait', tbl);
  foreach reader in array readers loop
    execute format('grant select (%s) on public.%I to %I',
      (select string_agg(quote_ident(c), ', ') from unnest(cols) c), tbl, reader);
  end loop;
end $$;

-- Odoo: the columns of a table that every reader holds; empty where there is no reader.
create function gateway.readable(tbl text) returns text[]
  language sql stable set search_path = pg_catalog, pg_temp
  as $$
    select coalesce(array_agg(a.attname::text order by a.attnum), '{}')
    from pg_attribute a
    where a.attrelid = to_regclass(format('public.%I', tbl)) and a.attnum > 0 and not a.attisdropped
      and (
        select bool_and(has_column_privilege(r.oid, a.attrelid, a.attnum, 'select'))
        from gateway.grantee g join pg_roles r on r.rolname = g.reader
      )
  $$;

-- The reader of the sidecar that asks; null where there is none.
create function gateway.reader() returns text
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select g.reader::text from gateway.grantee g
    where session_user in (g.role, g.reader) and exists (select from pg_roles r where r.rolname = g.reader)
  $$;

-- Now grant_to() makes the reader as well.
alter function gateway.grant_to(name) rename to grant_contract_to;
create function gateway.grant_to(grantee name) returns void
  language plpgsql set search_path = pg_catalog, pg_temp
  as $$
begin
  perform gateway.grant_contract_to(grantee);
  perform gateway.make_reader(grantee);
  perform gateway.signal_reads();
end $$;

insert into gateway.contract (kind, name, privileges) values
  ('function', 'reader', 'execute'),
  ('function', 'read_versions', 'execute');

-- Which way a read went: `compiled`, or `odoo` with the reason behind a colon; null for what is no read of records.
alter table gateway.request_log add column way text;

-- As in 005_traffic.sql, with the way as one more facet of the figures and a column of the log.
create or replace function gateway.record_figures(
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
      minute bigint, consumer text, route text, model text, method text, status smallint, reason text, way text,
      requests bigint,
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
      ('reason', fact.reason), ('way', fact.way), ('consumer', case when who.consumer = '*' then fact.consumer end)
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

create or replace function gateway.record_log(sidecar_instance uuid, number bigint, rows gateway.request_log[]) returns boolean
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
    request_headers, request_body, response_headers, response_body, traceback, way
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
