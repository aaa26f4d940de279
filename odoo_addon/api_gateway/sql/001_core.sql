-- The core of the contract between Odoo and the sidecar: settings, secrets, changes, heartbeats, the internal channel.
-- Times are `timestamp` in UTC (see docs/architecture.md). Odoo's own tables are read only inside functions with string
-- bodies: a view or a BEGIN ATOMIC body would block Odoo's ALTERs.

-- What grant_to() gives a sidecar's role, as data: migrations add rows, tests compare them with what a role can really do.
create table gateway.contract (
  kind text not null check (kind in ('table', 'function')),
  name text not null,
  privileges text not null,
  primary key (kind, name)
);

create table gateway.grantee (
  role name primary key,
  granted_at timestamp not null default (now() at time zone 'utc')
);

-- Secrets never pass through the ORM: `config_parameter` fields can be read by any settings call.
-- A row serves only the database it was made for, so a duplicate cannot speak for the original.
create table gateway.secret (
  id bigint generated always as identity primary key,
  purpose text not null,
  kid text not null default gen_random_uuid()::text,
  value bytea not null,
  database_uuid text not null,
  created_at timestamp not null default (now() at time zone 'utc'),
  expires_at timestamp,
  unique (purpose, kid)
);

-- Business settings, live. Defaults are inserted by the migration that introduces a setting.
create table gateway.setting (
  name text primary key,
  value jsonb not null,
  default_value jsonb not null
);

-- Models that no route, method, expansion, domain or nested write reaches. `*` at the end matches any rest.
create table gateway.never_exposed (
  pattern text primary key,
  builtin boolean not null default false
);

-- Insert-only: one shared counter row would serialise unrelated Odoo transactions, max(id) would miss late commits.
create table gateway.config_change (
  id bigint generated always as identity primary key,
  txid xid8 not null default pg_current_xact_id(),
  entity text not null,
  entity_id bigint,
  changed_at timestamp not null default (now() at time zone 'utc')
);
create index config_change_txid on gateway.config_change (txid);

-- Heartbeats, one row per running sidecar and database; written by the sidecar.
create table gateway.sidecar (
  id bigint generated always as identity primary key,
  instance uuid not null unique,
  name text not null,
  host text not null,
  pid integer not null,
  address text not null,
  version text not null,
  schema_version integer not null,
  started_at timestamp not null default (now() at time zone 'utc'),
  seen_at timestamp not null default (now() at time zone 'utc'),
  state jsonb not null default '{}'
);

-- Nonces of writes on the internal channel, inserted by Odoo in the write's own transaction: none replays.
create table gateway.channel_nonce (
  nonce text primary key,
  used_at timestamp not null default (now() at time zone 'utc')
);
create index channel_nonce_used_at on gateway.channel_nonce (used_at);

create function gateway.utc_now() returns timestamp language sql stable
  as $$ select now() at time zone 'utc' $$;

create function gateway.database_uuid() returns text language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select value from public.ir_config_parameter where key = 'database.uuid' $$;

create function gateway.database() returns table (name text, uuid text, schema_version integer)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select current_database()::text, gateway.database_uuid(), (select max(number) from gateway.migration) $$;

-- 244 bits from the server's strong random source, without an extension.
create function gateway.random_secret() returns bytea language sql volatile set search_path = pg_catalog, pg_temp
  as $$ select decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex') $$;

-- The living secrets of a purpose, newest first; makes the first one, also after the database was duplicated.
create function gateway.secrets(wanted text)
  returns table (kid text, value bytea, created_at timestamp, expires_at timestamp)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
begin
  if not exists (
    select from gateway.secret s
    where s.purpose = wanted and s.database_uuid = gateway.database_uuid() and s.expires_at is null
  ) then
    perform pg_advisory_xact_lock(hashtext('gateway.secret'), hashtext(wanted));
    insert into gateway.secret (purpose, value, database_uuid)
    select wanted, gateway.random_secret(), gateway.database_uuid()
    where not exists (
      select from gateway.secret s
      where s.purpose = wanted and s.database_uuid = gateway.database_uuid() and s.expires_at is null
    );
  end if;
  return query
    select s.kid, s.value, s.created_at, s.expires_at
    from gateway.secret s
    where s.purpose = wanted
      and s.database_uuid = gateway.database_uuid()
      and (s.expires_at is null or s.expires_at > gateway.utc_now())
    order by s.expires_at is not null, s.id desc;
end $$;

create function gateway.settings() returns jsonb
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select coalesce(jsonb_object_agg(name, value), '{}') from gateway.setting $$;

create function gateway.never_exposed_models() returns text[]
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select coalesce(array_agg(pattern order by pattern), '{}') from gateway.never_exposed $$;

-- Odoo's own API keys that share an 8-character index; the hash is checked by the sidecar.
create function gateway.odoo_keys(key_index text)
  returns table (id integer, user_id integer, name text, hash text, scope text, expires_at timestamp)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select k.id, k.user_id, k.name, k.key, k.scope, k.expiration_date
    from public.res_users_apikeys k
    where k.index = key_index
  $$;

create function gateway.odoo_user(user_id integer)
  returns table (id integer, login text, name text, active boolean, share boolean)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select u.id, u.login, p.name, u.active, coalesce(u.share, false)
    from public.res_users u left join public.res_partner p on p.id = u.partner_id
    where u.id = odoo_user.user_id -- qualified: res_partner has a user_id of its own
  $$;

-- Where Odoo's caches stand: a sidecar drops metadata when one of these moves.
create function gateway.signals() returns jsonb
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
  as $$
declare
  signal text;
  latest bigint;
  found jsonb := '{}';
begin
  foreach signal in array array['registry', 'default', 'stable', 'groups', 'templates'] loop
    if to_regclass('public.orm_signaling_' || signal) is not null then
      execute format('select max(id) from public.%I', 'orm_signaling_' || signal) into latest;
      found := found || jsonb_build_object(signal, latest);
    end if;
  end loop;
  return found;
end $$;

-- What changed since a snapshot's horizon, late commits included: a transaction that was still running then has a
-- number at or above it. The caller keeps `horizon` for its next call and skips ids it has seen.
create function gateway.poll(since xid8) returns table (horizon xid8, changes jsonb, signals jsonb)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select
      pg_snapshot_xmin(pg_current_snapshot()),
      coalesce(
        (select jsonb_agg(jsonb_build_object('id', c.id, 'entity', c.entity, 'entity_id', c.entity_id) order by c.id)
         from gateway.config_change c where c.txid >= since),
        '[]'),
      gateway.signals()
  $$;

-- Trigger: records that a row which a sidecar caches has changed, and hints. Arguments: entity, then the columns that
-- matter on update (none: all). Names are arguments, not `update of` lists, which would block Odoo's ALTERs.
create function gateway.changed() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
  as $$
declare
  before jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  after jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
begin
  if tg_op = 'UPDATE' and (
    case when tg_nargs > 1
      then not exists (select from unnest(tg_argv[1:]) as c where before -> c is distinct from after -> c)
      else before = after
    end
  ) then
    return null;
  end if;
  insert into gateway.config_change (entity, entity_id)
  values (tg_argv[0], (coalesce(after, before) ->> 'id')::bigint);
  perform pg_notify('gateway', 'config');
  return null;
end $$;

create trigger gateway_changed after insert or update or delete on gateway.setting
  for each row execute function gateway.changed('setting');
create trigger gateway_changed after insert or update or delete on gateway.never_exposed
  for each row execute function gateway.changed('never_exposed');
create trigger gateway_changed after insert or update or delete on gateway.secret
  for each row execute function gateway.changed('secret');
create trigger gateway_changed after update or delete on public.res_users
  for each row execute function gateway.changed('user', 'active', 'login', 'password', 'share', 'partner_id');
create trigger gateway_changed after insert or update or delete on public.res_users_apikeys
  for each row execute function gateway.changed('odoo_key');

-- Gives a login role exactly what the contract names. Run by the database's owner, again after every migration.
create function gateway.grant_to(grantee name) returns void
  language plpgsql set search_path = pg_catalog, pg_temp
  as $$
declare
  entry gateway.contract;
  overload record;
begin
  revoke all on all tables in schema gateway from public;
  revoke all on all functions in schema gateway from public;
  execute format('revoke all on all tables in schema gateway from %I', grantee);
  execute format('revoke all on all functions in schema gateway from %I', grantee);
  execute format('revoke all on all sequences in schema gateway from %I', grantee);
  execute format('grant connect on database %I to %I', current_database(), grantee);
  execute format('grant usage on schema gateway to %I', grantee);
  for entry in select * from gateway.contract loop
    if entry.kind = 'table' then
      execute format('grant %s on gateway.%I to %I', entry.privileges, entry.name, grantee);
    else
      for overload in
        select p.oid::regprocedure as signature from pg_proc p
        where p.pronamespace = 'gateway'::regnamespace and p.proname = entry.name
      loop
        execute format('grant %s on function %s to %I', entry.privileges, overload.signature, grantee);
      end loop;
    end if;
  end loop;
  insert into gateway.grantee (role) values (grantee) on conflict do nothing;
  -- Odoo creates its databases open to every role; only their owner can close them.
  begin
    execute format('revoke create, temporary on database %I from public', current_database());
    revoke create on schema public from public;
  exception when insufficient_privilege then
    raise warning 'The database or its schema "public" belongs to another role than %. Run as its owner: revoke create, temporary on database %I from public; revoke create on schema public from public;', current_user, current_database();
  end;
end $$;

insert into gateway.contract (kind, name, privileges) values
  ('table', 'migration', 'select'),
  ('table', 'sidecar', 'select, insert, update, delete'),
  ('function', 'utc_now', 'execute'),
  ('function', 'database', 'execute'),
  ('function', 'secrets', 'execute'),
  ('function', 'settings', 'execute'),
  ('function', 'never_exposed_models', 'execute'),
  ('function', 'odoo_keys', 'execute'),
  ('function', 'odoo_user', 'execute'),
  ('function', 'signals', 'execute'),
  ('function', 'poll', 'execute');

insert into gateway.never_exposed (pattern, builtin) values
  ('res.users.apikeys', true),
  ('res.users.apikeys.*', true),
  ('res.users.identitycheck', true),
  ('change.password.*', true),
  ('ir.config_parameter', true),
  ('res.config.settings', true),
  ('ir.actions.server', true),
  ('ir.cron', true),
  ('ir.cron.*', true),
  ('ir.rule', true),
  ('ir.model.access', true),
  ('ir.mail_server', true),
  ('gateway.*', true);

insert into gateway.setting (name, value, default_value) values
  ('limit.default', '80', '80'),
  ('limit.max', '1000', '1000'),
  ('body.max_bytes', '10485760', '10485760');

-- Odoo's cron: what the channel and the heartbeats leave behind.
create function gateway.tidy() returns void language sql volatile set search_path = pg_catalog, pg_temp
  as $$
    delete from gateway.channel_nonce where used_at < gateway.utc_now() - interval '1 hour';
    delete from gateway.config_change where changed_at < gateway.utc_now() - interval '1 hour';
    delete from gateway.sidecar where seen_at < gateway.utc_now() - interval '1 day'
  $$;
