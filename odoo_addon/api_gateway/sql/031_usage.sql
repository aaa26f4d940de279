-- What each credential uses: models, fields, methods, and choices of selections. Never other values: this is kept for months, and
-- shows what an upgrade would break, and which rights a credential does not need.
create table gateway.used (
  id bigint generated always as identity,
  consumer text not null,
  model text not null,
  action text not null check (action in ('read', 'write', 'delete', 'call', 'choice')),
  name text not null,
  day date not null,
  requests bigint not null,
  primary key (consumer, model, action, name, day)
);
create index used_day on gateway.used (day);
comment on column gateway.used.consumer is 'As in the figures.';
comment on column gateway.used.name is
  'read, write: a field or a path through relations, or empty for the records themselves; call: a method; choice: state=sale; delete: a list whose records were deleted, or empty.';

-- Adds to today's counts. A credential has at most 3,000 rows a day; requests beyond that add only to rows that exist.
--   uses  [{"consumer", "model", "action", "name", "requests"}]
create function gateway.record_used(uses jsonb) returns void
  language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
    with asked as (
      select left(u.consumer, 200) as consumer, left(u.model, 128) as model, u.action, left(u.name, 200) as name,
        sum(u.requests) as requests
      from jsonb_to_recordset(uses) as u (consumer text, model text, action text, name text, requests bigint)
      group by 1, 2, 3, 4
    ), filled as (
      select k.consumer, count(u.*) as rows
      from (select distinct consumer from asked) k
      left join gateway.used u on u.consumer = k.consumer and u.day = gateway.utc_now()::date
      group by k.consumer
    )
    insert into gateway.used as known (consumer, model, action, name, day, requests)
    select a.consumer, a.model, a.action, a.name, gateway.utc_now()::date, a.requests
    from asked a
    join filled f on f.consumer = a.consumer
    where f.rows < 3000 or exists (
      select from gateway.used u
      where (u.consumer, u.model, u.action, u.name, u.day) = (a.consumer, a.model, a.action, a.name, gateway.utc_now()::date))
    order by a.consumer, a.model, a.action, a.name  -- the same order everywhere, or sidecars deadlock
    on conflict (consumer, model, action, name, day) do update set requests = known.requests + excluded.requests
  $$;

-- For GET /api/v1/usage.  wanted: a consumer, or null for all
create function gateway.used_by(wanted text, days integer, most integer)
  returns table (consumer text, credential text, model text, action text, name text, requests bigint, last_day text)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select u.consumer, coalesce(max(c.name), ''), u.model, u.action, u.name, sum(u.requests)::bigint, max(u.day)::text
    from gateway.used u
    left join gateway.consumer c on c.consumer = u.consumer
    where u.day > gateway.utc_now()::date - days and (wanted is null or u.consumer = wanted)
    group by u.consumer, u.model, u.action, u.name
    order by u.consumer, u.model, u.action, u.name
    limit most
  $$;

insert into gateway.contract (kind, name, privileges) values
  ('function', 'record_used', 'execute'),
  ('function', 'used_by', 'execute');
