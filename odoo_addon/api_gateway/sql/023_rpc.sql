-- Odoo's own protocols: served to callers with keys; with passwords where a manager allows it.
insert into gateway.setting (name, value, default_value) values
  ('rpc.xmlrpc', 'true', 'true'),
  ('rpc.jsonrpc', 'true', 'true'),
  ('rpc.json2', 'true', 'true'),
  ('rpc.passwords', 'false', 'false'),
  ('rpc.count_direct', 'false', 'false');

-- Which clients still speak these protocols, to the gateway or to Odoo itself: one row per day and kind of call.
create table gateway.protocol_use (
  id bigint generated always as identity,
  day date not null,
  source text not null check (source in ('gateway', 'odoo')),
  protocol text not null check (protocol in ('xmlrpc', 'xmlrpc.2', 'jsonrpc', 'json2')),
  consumer text not null,
  user_id integer not null,
  client text not null,
  model text not null,
  method text not null,
  requests bigint not null,
  failed bigint not null,
  last_at timestamp not null,
  primary key (day, source, protocol, consumer, client, model, method)
);
comment on column gateway.protocol_use.consumer is 'As in the figures. Of direct calls: user:<id>.';
comment on column gateway.protocol_use.client is 'User-Agent.';

-- Adds to today's counts. Callers choose their User-Agent: behind 5,000 rows in a day, new ones are counted as one client, *.
--   uses  [{"source", "protocol", "consumer", "user_id", "client", "model", "method", "requests", "failed"}]
create function gateway.add_protocol_uses(uses jsonb) returns void
  language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
    with is_full as (
      select count(*) >= 5000 as yes from gateway.protocol_use where day = gateway.utc_now()::date
    ), asked as (
      select u.source, u.protocol, left(u.consumer, 200) as consumer, u.user_id, left(u.client, 200) as client,
        left(u.model, 128) as model, left(u.method, 128) as method, u.requests, u.failed
      from jsonb_to_recordset(uses) as u (
        source text, protocol text, consumer text, user_id integer, client text, model text, method text,
        requests bigint, failed bigint)
    ), fitting as (
      select a.source, a.protocol, a.consumer, a.user_id, a.requests, a.failed, shown.client, shown.model, shown.method
      from asked a
      cross join is_full
      cross join lateral (
        select
          not is_full.yes or exists (
            select from gateway.protocol_use p
            where (p.day, p.source, p.protocol, p.consumer, p.client, p.model, p.method)
              = (gateway.utc_now()::date, a.source, a.protocol, a.consumer, a.client, a.model, a.method)) as fits
      ) as room
      cross join lateral (
        select case when fits then a.client else '*' end as client, case when fits then a.model else '' end as model,
          case when fits then a.method else '' end as method
      ) as shown
    )
    insert into gateway.protocol_use as p
      (day, source, protocol, consumer, user_id, client, model, method, requests, failed, last_at)
    select gateway.utc_now()::date, source, protocol, consumer, max(user_id), client, model, method,
      sum(requests), sum(failed), gateway.utc_now()
    from fitting
    group by source, protocol, consumer, client, model, method
    order by source, protocol, consumer, client, model, method  -- the same order everywhere, or sidecars deadlock
    on conflict (day, source, protocol, consumer, client, model, method) do update set
      requests = p.requests + excluded.requests, failed = p.failed + excluded.failed, last_at = excluded.last_at
  $$;

alter table gateway.request_flush drop constraint request_flush_stream_check;
alter table gateway.request_flush add check (stream in ('figures', 'log', 'protocols'));

-- A sidecar's batch. Returns false if it was counted before.
create function gateway.record_protocols(sidecar_instance uuid, number bigint, uses jsonb) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  if not gateway.flush_once(sidecar_instance, 'protocols', number) then
    return false;
  end if;
  perform gateway.add_protocol_uses(uses);
  return true;
end $$;

insert into gateway.contract (kind, name, privileges) values
  ('function', 'record_protocols', 'execute');
