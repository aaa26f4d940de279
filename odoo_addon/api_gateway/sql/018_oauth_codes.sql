-- OAuth for people: apps that users have allowed to act for them (public.gateway_connected_app), the codes that those apps
-- trade for tokens, and clients that registered themselves.

alter table gateway.token drop constraint token_credential_check;
alter table gateway.token add constraint token_credential_check
  check (credential in ('login', 'client', 'gateway_key', 'odoo_key', 'app'));
alter table gateway.key_usage drop constraint key_usage_kind_check;
alter table gateway.key_usage add constraint key_usage_kind_check
  check (kind in ('login', 'client', 'gateway_key', 'odoo_key', 'app'));

-- The address that a token may be used at, with everything below it (RFC 8707); null: the whole gateway.
alter table gateway.token add column resource text;

-- Codes, written by Odoo when a user agrees, spent by a sidecar. User, scopes and company are the connected app's. `family`
-- is that of the tokens issued for it: a code that comes back ends them.
create table gateway.oauth_code (
  id bigint generated always as identity primary key,
  hash bytea not null unique check (length(hash) = 32),
  app_id bigint not null,
  redirect_uri text not null,
  challenge text not null,
  resource text,
  family uuid not null default gen_random_uuid(),
  created_at timestamp not null default (now() at time zone 'utc'),
  expires_at timestamp not null default (now() at time zone 'utc') + interval '60 seconds',
  spent_at timestamp
);
create index oauth_code_expires_at on gateway.oauth_code (expires_at);

-- Clients that registered themselves (RFC 7591), written by sidecars. One that nobody has allowed goes after a day.
create table gateway.oauth_registration (
  client_id text primary key,
  name text not null,
  redirect_uris text[] not null,
  address text not null,
  created_at timestamp not null default (now() at time zone 'utc')
);
create index oauth_registration_created_at on gateway.oauth_registration (created_at);

create function gateway.oauth_code(code_hash bytea)
  returns table (
    app_id bigint, client_id text, redirect_uri text, challenge text, resource text, family uuid,
    is_spent boolean, is_over boolean)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select
      c.app_id, a.client_id::text, c.redirect_uri, c.challenge, c.resource, c.family,
      c.spent_at is not null, c.expires_at <= gateway.utc_now()
    from gateway.oauth_code c
    join public.gateway_connected_app a on a.id = c.app_id
    where c.hash = code_hash
  $$;

-- True once. Called in the statement that stores the tokens, so that whoever finds the code spent finds them, too.
create function gateway.oauth_code_spend(code_hash bytea) returns boolean
  language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
    with spent as (
      update gateway.oauth_code c set spent_at = gateway.utc_now()
      where c.hash = code_hash and c.spent_at is null and c.expires_at > gateway.utc_now()
      returning 1
    )
    select exists (select from spent)
  $$;

-- A client that is known here; one with a metadata document is not. `source` as in public.gateway_connected_app.
create function gateway.oauth_client(wanted text) returns table (name text, redirect_uris text[], source text)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select a.name::text, array(select jsonb_array_elements_text(gateway.lines(a.redirect_uris))), 'registered'
    from public.gateway_app a
    where a.client_id = wanted and a.active
    union all
    select r.name, r.redirect_uris, 'dynamic'
    from gateway.oauth_registration r
    where r.client_id = wanted
  $$;

-- The client that a connected app is; no row when it was revoked.
create function gateway.oauth_client_of(app_id bigint) returns text
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select a.client_id::text from public.gateway_connected_app a where a.id = app_id and a.revoked_at is null $$;

-- False when there are too many: 20 an hour from one address, 1000 that nobody has allowed yet.
create function gateway.oauth_register(client_id text, client_name text, uris text[], from_address text) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
begin
  perform pg_advisory_xact_lock(hashtext('gateway.oauth_registration'));
  perform gateway.clean_oauth();
  if (select count(*) from gateway.oauth_registration r
      where r.address = from_address and r.created_at > gateway.utc_now() - interval '1 hour') >= 20
    or (select count(*) from gateway.oauth_registration r
        where not exists (select from public.gateway_connected_app a where a.client_id = r.client_id)) >= 1000
  then
    return false;
  end if;
  insert into gateway.oauth_registration (client_id, name, redirect_uris, address)
  values (client_id, client_name, uris, from_address);
  return true;
end $$;

-- Where browsers reach this Odoo.
create function gateway.odoo_url() returns text
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select p.value from public.ir_config_parameter p where p.key = 'web.base.url' $$;

-- A user's decision in the traffic log. There is no partition before the first sidecar has made one.
create function gateway.log_consent(
    of_consumer text, credential_name text, of_user integer, from_address text, browser text, text_of text)
  returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
  as $$
begin
  if to_regclass('gateway.request_log_' || to_char(gateway.utc_now(), 'YYYYMMDD')) is null then
    return;
  end if;
  insert into gateway.request_log
    (id, at, request_id, sidecar, consumer, credential, user_id, address, user_agent, method, path, route, status, message,
     level, cost, gateway_ms, bytes_in, bytes_out)
  values
    (nextval('gateway.request_log_id_seq'), gateway.utc_now(), gen_random_uuid()::text, 'odoo', of_consumer, credential_name,
     of_user, from_address, browser, 'POST', '/api_gateway/consent', '/api_gateway/consent', 303, text_of, 'metadata', 1, 0, 0, 0);
end $$;

-- Codes stay for a day, because one that comes back still has to be recognised.
create function gateway.clean_oauth() returns void
  language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
    delete from gateway.oauth_code c where c.expires_at < gateway.utc_now() - interval '1 day';
    delete from gateway.oauth_registration r
    where r.created_at < gateway.utc_now() - interval '1 day'
      and not exists (select from public.gateway_connected_app a where a.client_id = r.client_id);
  $$;

-- As in 012_bound_tokens.sql. Of an app: moves with its user's password and second factor.
create or replace function gateway.stamps(kind text, id bigint) returns jsonb
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select coalesce(jsonb_object_agg(found.stamp, found.ends), '{}')
    from (
      -- The column of a module that may not be installed: read as JSON, it is null where it does not exist.
      select
        left(encode(sha256(convert_to(
          coalesce(u.password, '') || coalesce(':' || (to_jsonb(u) ->> 'totp_secret'), ''), 'UTF8')), 'hex'), 32) as stamp,
        null::float8 as ends
      from public.res_users u
      where $1 = 'login' and u.id = $2
        or $1 = 'app' and u.id = (select a.user_id from public.gateway_connected_app a where a.id = $2)
      union all
      select left(encode(sha256(convert_to(coalesce(k.key, ''), 'UTF8')), 'hex'), 32), null
      from public.res_users_apikeys k
      where $1 = 'odoo_key' and k.id = $2
      union all
      select 'secret:' || s.id, extract(epoch from s.expires_at) * 1000
      from gateway.credential_secret s
      where s.kind = $1 and s.credential_id = $2 and (s.expires_at is null or s.expires_at > gateway.utc_now())
      union all
      select 'environment:' || k.environment_name, null
      from public.gateway_key k
      where $1 = 'gateway_key' and k.id = $2 and k.environment_name is not null
    ) as found
  $$;

-- As in 012_bound_tokens.sql, with apps, and the one company that a credential may work in; null: any of its user's.
drop function gateway.credential(text, bigint);
create function gateway.credential(kind text, id bigint)
  returns table (
    credential_id bigint, name text, user_id integer, login text, user_name text, user_active boolean,
    scopes jsonb, ips jsonb, expires_at timestamp, stamps jsonb, policy jsonb, company_id integer)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select
      found.id, found.name, u.id, u.login::text, partner.name::text, u.active,
      gateway.lines(found.scopes), coalesce(gateway.lines(found.ip_list), '[]'), found.expires_at,
      gateway.stamps($1, $2),
      gateway.policy(u.id, found.profile_id)
        || case when found.subject is not null then jsonb_build_object('subject', found.subject) else '{}' end,
      found.company_id
    from (
      select
        k.id::bigint, k.name::text, k.user_id, k.scopes::text, k.ip_list, k.expires_at, k.profile_id, k.subject::text,
        null::integer as company_id
      from public.gateway_key k
      where $1 = 'gateway_key' and k.id = $2 and k.active and k.revoked_at is null
      union all
      select c.id, c.name, c.user_id, c.scopes, c.ip_list, c.expires_at, c.profile_id, c.subject, null
      from public.gateway_client c
      where $1 = 'client' and c.id = $2 and c.active and c.revoked_at is null
      union all
      select k.id, k.name, k.user_id, null, null, k.expiration_date, null, null, null
      from public.res_users_apikeys k
      where $1 = 'odoo_key' and k.id = $2 and (k.scope is null or k.scope = 'rpc')
      union all
      select a.id, a.name, a.user_id, a.scopes, null, a.expires_at, null, null, a.company_id
      from public.gateway_connected_app a
      where $1 = 'app' and a.id = $2 and a.revoked_at is null
      union all
      select u.id, u.login, u.id, null, null, null, null, null, null
      from public.res_users u
      where $1 = 'login' and u.id = $2
    ) as found
    join public.res_users u on u.id = found.user_id
    left join public.res_partner partner on partner.id = u.partner_id
    where u.id <> 1 and (found.expires_at is null or found.expires_at > gateway.utc_now())
  $$;

-- As in 003_credentials.sql, with apps and what belongs to them.
create or replace function gateway.clean_tokens(batch integer) returns integer
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
declare
  removed integer;
begin
  delete from gateway.token t
  where t.id in (
    select o.id from gateway.token o
    where o.expires_at < gateway.utc_now() - interval '1 day'
    order by o.expires_at limit batch for update skip locked);
  get diagnostics removed = row_count;
  delete from gateway.credential_secret s where s.expires_at < gateway.utc_now();
  delete from gateway.secret s where s.expires_at < gateway.utc_now() - interval '1 day';
  delete from gateway.key_usage u
  where case u.kind
    when 'gateway_key' then not exists (select from public.gateway_key k where k.id = u.credential_id)
    when 'client' then not exists (select from public.gateway_client c where c.id = u.credential_id)
    when 'odoo_key' then not exists (select from public.res_users_apikeys k where k.id = u.credential_id)
    when 'app' then not exists (select from public.gateway_connected_app a where a.id = u.credential_id)
    else not exists (select from public.res_users o where o.id = u.credential_id)
  end;
  perform gateway.clean_oauth();
  return removed;
end $$;

create trigger gateway_changed after insert or update or delete on public.gateway_connected_app
  for each row execute function gateway.changed('app');

insert into gateway.contract (kind, name, privileges) values
  ('function', 'oauth_code', 'execute'),
  ('function', 'oauth_code_spend', 'execute'),
  ('function', 'oauth_client', 'execute'),
  ('function', 'oauth_client_of', 'execute'),
  ('function', 'oauth_register', 'execute'),
  ('function', 'odoo_url', 'execute');

insert into gateway.setting (name, value, default_value) values
  ('oauth.apps', '"registered"', '"registered"');
