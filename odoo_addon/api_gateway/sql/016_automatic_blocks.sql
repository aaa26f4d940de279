-- Who blocked an address: the gateway itself, or a manager. Verified callers pass what the gateway blocked, for they may
-- share the address with a guesser; a manager's block holds for everyone.
alter table gateway.ip_block add column is_automatic boolean not null default false;

update gateway.ip_block set is_automatic = true where blocked_by is null and violations > 0;

comment on column gateway.ip_block.is_automatic is 'The gateway blocked it; false: a manager did.';
comment on column gateway.ip_block.blocked_by is 'res.users id of the manager; null: automatic.';

create or replace function gateway.violate(networks cidr[], counts integer[]) returns void
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
  insert into gateway.ip_block as b (network, violations, blocked_until, is_automatic)
  select c.network, c.hits, until, true from counted c
  where c.hits >= most
  order by c.network
  on conflict (network) do update set
    violations = excluded.violations,
    blocked_at = at,
    blocked_until = excluded.blocked_until,
    blocked_by = null,
    note = null,
    is_automatic = true
  where b.blocked_until <= at;
end $$;

create or replace function gateway.block_network(blocked cidr, minutes integer, user_id integer, why text) returns void
  language sql volatile set search_path = pg_catalog, pg_temp
  as $$
    insert into gateway.ip_block (network, blocked_until, blocked_by, note)
    values (blocked, gateway.utc_now() + minutes * interval '1 minute', user_id, why)
    on conflict (network) do update set
      violations = 0,
      blocked_at = gateway.utc_now(),
      blocked_until = excluded.blocked_until,
      blocked_by = excluded.blocked_by,
      note = excluded.note,
      is_automatic = false
  $$;

drop function gateway.ip_blocks(bigint[]);
create function gateway.ip_blocks(only_ids bigint[] default null)
  returns table (id bigint, network text, seconds_left double precision, is_automatic boolean)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select b.id, b.network::text, date_part('epoch', b.blocked_until - gateway.utc_now()), b.is_automatic
    from gateway.ip_block b
    where (b.blocked_until is null or b.blocked_until > gateway.utc_now())
      and (only_ids is null or b.id = any (only_ids))
  $$;
