-- What changed and when, for the marks on the dashboard's time axis. The tables themselves keep only their present state.
create table gateway.event (
  id bigint generated always as identity primary key,
  at timestamp not null default (now() at time zone 'utc'),
  kind text not null check (kind in ('upgraded', 'started', 'setting', 'created', 'rotated', 'revoked')),
  subject text not null
);
create index event_at on gateway.event (at);
comment on column gateway.event.subject is
  'upgraded: the version of the addon; started: the sidecar''s name; setting: the setting''s name; otherwise the credential as in the figures, such as gateway_key:7.';

create function gateway.note_setting() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
  as $$
begin
  insert into gateway.event (kind, subject) values ('setting', new.name);
  return null;
end $$;
create trigger gateway_noted after update on gateway.setting
  for each row when (old.value is distinct from new.value) execute function gateway.note_setting();

create function gateway.note_sidecar() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
  as $$
begin
  insert into gateway.event (at, kind, subject) values (new.started_at, 'started', new.name);
  return null;
end $$;
create trigger gateway_noted after insert on gateway.sidecar
  for each row execute function gateway.note_sidecar();

-- Argument: the kind of credential, as in the figures. The columns are read as JSON, because a reference would block Odoo's ALTERs.
create function gateway.note_credential() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
  as $$
declare
  before jsonb := case when tg_op = 'UPDATE' then to_jsonb(old) end;
  after jsonb := to_jsonb(new);
begin
  -- The page Speed Test renews its keys all the time.
  if coalesce((after ->> 'is_speed_test')::boolean, false) then return null; end if;
  insert into gateway.event (kind, subject)
  select happened.kind, tg_argv[0] || ':' || (after ->> 'id')
  from (values
    ('created', before is null),
    -- The first secret is part of the creation.
    ('rotated', before ->> 'rotated_at' is not null and before ->> 'rotated_at' is distinct from after ->> 'rotated_at'),
    ('revoked', before is not null and before ->> 'revoked_at' is null and after ->> 'revoked_at' is not null)
  ) happened (kind, is_true)
  where happened.is_true;
  return null;
end $$;
create trigger gateway_noted after insert or update on public.gateway_key
  for each row execute function gateway.note_credential('gateway_key');
create trigger gateway_noted after insert or update on public.gateway_client
  for each row execute function gateway.note_credential('client');

-- What is known about the time before this migration.
insert into gateway.event (at, kind, subject)
select k.at, k.kind, k.subject
from (
  select create_date, 'created', 'gateway_key:' || id from public.gateway_key where is_speed_test is not true
  union all select rotated_at, 'rotated', 'gateway_key:' || id from public.gateway_key
    where is_speed_test is not true and rotated_at > create_date + interval '1 minute'
  union all select revoked_at, 'revoked', 'gateway_key:' || id from public.gateway_key where is_speed_test is not true
  union all select create_date, 'created', 'client:' || id from public.gateway_client
  union all select rotated_at, 'rotated', 'client:' || id from public.gateway_client
    where rotated_at > create_date + interval '1 minute'
  union all select revoked_at, 'revoked', 'client:' || id from public.gateway_client
  union all select started_at, 'started', name from gateway.sidecar
) k (at, kind, subject)
where k.at > gateway.utc_now() - interval '400 days'
order by k.at;

-- A sidecar that restarts again and again must not fill the table.
create or replace function gateway.tidy() returns void language sql volatile set search_path = pg_catalog, pg_temp
  as $$
    delete from gateway.channel_nonce where used_at < gateway.utc_now() - interval '1 hour';
    delete from gateway.config_change where changed_at < gateway.utc_now() - interval '1 hour';
    delete from gateway.sidecar where seen_at < gateway.utc_now() - interval '1 day';
    delete from gateway.idempotency where created_at < gateway.utc_now() - interval '24 hours';
    delete from gateway.event
    where at < gateway.utc_now() - interval '400 days' or id <= (select max(id) - 20000 from gateway.event)
  $$;
