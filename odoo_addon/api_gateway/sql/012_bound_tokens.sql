-- Tokens are bound to the secret they were issued for. A login ends after a set time, however often it is refreshed.

-- When the login, exchange or grant that a token descends from was made.
alter table gateway.token add column begun_at timestamp;
update gateway.token t
set begun_at = (select min(o.issued_at) from gateway.token o where o.family = t.family);
alter table gateway.token alter column begun_at set default (now() at time zone 'utc'), alter column begun_at set not null;

insert into gateway.setting (name, value, default_value) values
  ('token.family_s', '2592000', '2592000');

-- What proves a credential now: its stamp, and when that ends (milliseconds since 1970, null: not by itself). A token
-- carries the stamp of what it was issued for and holds for as long as that is listed here.
--   login        moves with the password and the second factor
--   odoo_key     the stored hash
--   gateway_key  `secret:<id>` of each living secret; `environment:<name>` when the sidecar's environment has it
--   client       `secret:<id>` of each living secret
create function gateway.stamps(kind text, id bigint) returns jsonb
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

-- As in 003_credentials.sql, with every living stamp instead of one.
drop function gateway.credential(text, bigint);
create function gateway.credential(kind text, id bigint)
  returns table (
    credential_id bigint, name text, user_id integer, login text, user_name text, user_active boolean,
    scopes jsonb, ips jsonb, expires_at timestamp, stamps jsonb, policy jsonb)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select
      found.id, found.name, u.id, u.login::text, partner.name::text, u.active,
      gateway.lines(found.scopes), coalesce(gateway.lines(found.ip_list), '[]'), found.expires_at,
      gateway.stamps($1, $2),
      gateway.policy(u.id, found.profile_id)
        || case when found.subject is not null then jsonb_build_object('subject', found.subject) else '{}' end
    from (
      select k.id::bigint, k.name::text, k.user_id, k.scopes::text, k.ip_list, k.expires_at, k.profile_id, k.subject::text
      from public.gateway_key k
      where $1 = 'gateway_key' and k.id = $2 and k.active and k.revoked_at is null
      union all
      select c.id, c.name, c.user_id, c.scopes, c.ip_list, c.expires_at, c.profile_id, c.subject
      from public.gateway_client c
      where $1 = 'client' and c.id = $2 and c.active and c.revoked_at is null
      union all
      select k.id, k.name, k.user_id, null, null, k.expiration_date, null, null
      from public.res_users_apikeys k
      where $1 = 'odoo_key' and k.id = $2 and (k.scope is null or k.scope = 'rpc')
      union all
      select u.id, u.login, u.id, null, null, null, null, null
      from public.res_users u
      where $1 = 'login' and u.id = $2
    ) as found
    join public.res_users u on u.id = found.user_id
    left join public.res_partner partner on partner.id = u.partner_id
    where u.id <> 1 and (found.expires_at is null or found.expires_at > gateway.utc_now())
  $$;

-- Names the row of the secret, too.
drop function gateway.gateway_key(bytea);
create function gateway.gateway_key(key_hash bytea) returns table (credential_id bigint, secret_id bigint, secret_ends timestamp)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select s.credential_id, s.id, s.expires_at
    from gateway.credential_secret s
    where s.kind = 'gateway_key' and s.hash = key_hash and (s.expires_at is null or s.expires_at > gateway.utc_now())
  $$;

drop function gateway.client(text);
create function gateway.client(wanted text) returns table (credential_id bigint, secret_ids bigint[], hashes bytea[])
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select c.id::bigint, coalesce(living.ids, '{}'), coalesce(living.hashes, '{}')
    from public.gateway_client c
    cross join lateral (
      select array_agg(s.id order by s.id desc) as ids, array_agg(s.hash order by s.id desc) as hashes
      from gateway.credential_secret s
      where s.kind = 'client' and s.credential_id = c.id and (s.expires_at is null or s.expires_at > gateway.utc_now())
    ) as living
    where c.client_id = wanted
  $$;

-- Existing tokens are bound to the secret of their credential that ends first. The database does not know the secrets of
-- the environment: tokens issued for one of those end.
update gateway.token t
set stamp = (select s.key from jsonb_each(gateway.stamps(t.credential, t.credential_id)) s
             order by nullif(s.value, 'null')::float8 nulls last, s.key limit 1)
where t.credential <> 'login' and t.expires_at > gateway.utc_now();

-- A secret that changes, by whatever means, changes its credential.
create function gateway.secret_changed() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
  as $$
begin
  insert into gateway.config_change (entity, entity_id)
  values (coalesce(new.kind, old.kind), coalesce(new.credential_id, old.credential_id));
  perform pg_notify('gateway', 'config');
  return null;
end $$;
create trigger gateway_changed after insert or update or delete on gateway.credential_secret
  for each row execute function gateway.secret_changed();

-- A second factor belongs to what a sidecar caches of a user.
drop trigger gateway_changed on public.res_users;
create trigger gateway_changed after update or delete on public.res_users
  for each row execute function gateway.changed(
    'user', 'active', 'login', 'password', 'totp_secret', 'share', 'partner_id', 'gateway_profile_id');
