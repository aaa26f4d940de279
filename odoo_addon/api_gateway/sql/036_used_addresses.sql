-- Where each credential is used from, for 90 days, so that it can be narrowed to these addresses.
create table gateway.used_address (
  consumer text not null,
  address text not null,
  day date not null,
  requests bigint not null,
  primary key (consumer, address, day)
);
create index used_address_day on gateway.used_address (day);
comment on column gateway.used_address.consumer is 'As in the figures.';
comment on column gateway.used_address.address is '*: other addresses of that day.';

-- Adds to today's counts. After 200 addresses in a day, a credential's others are counted together.
--   uses  [{"consumer", "address", "requests"}]
create function gateway.record_used_addresses(uses jsonb) returns void
  language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
    with asked as (
      select left(u.consumer, 200) as consumer, left(u.address, 50) as address, sum(u.requests) as requests
      from jsonb_to_recordset(uses) as u (consumer text, address text, requests bigint)
      group by 1, 2
    ), ranked as (
      select a.consumer, a.requests, a.address, u.address is not null as is_known,
        row_number() over (partition by a.consumer, u.address is null order by a.address) as place
      from asked a
      left join gateway.used_address u on (u.consumer, u.address, u.day) = (a.consumer, a.address, gateway.utc_now()::date)
    ), filled as (
      select k.consumer, count(u.*) as rows
      from (select distinct consumer from asked) k
      left join gateway.used_address u on u.consumer = k.consumer and u.day = gateway.utc_now()::date
      group by k.consumer
    ), fitting as (
      select r.consumer, case when r.is_known or f.rows + r.place <= 200 then r.address else '*' end as address, r.requests
      from ranked r
      join filled f on f.consumer = r.consumer
    )
    insert into gateway.used_address as known (consumer, address, day, requests)
    select consumer, address, gateway.utc_now()::date, sum(requests)
    from fitting
    group by consumer, address
    order by consumer, address  -- the same order everywhere, or sidecars deadlock
    on conflict (consumer, address, day) do update set requests = known.requests + excluded.requests
  $$;

insert into gateway.contract (kind, name, privileges) values
  ('function', 'record_used_addresses', 'execute');
