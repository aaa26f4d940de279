-- Credentials: profiles, gateway keys, OAuth2 clients, tokens, and who used them last.
-- Keys and clients are Odoo models in `public`; their secrets are not: no ORM read, export or RPC reaches these tables.

-- Hashes of gateway keys and client secrets, written by Odoo. Random secrets of 190 bits and more need no slow hash.
-- A rotated secret keeps its row, with the end of its grace period.
create table gateway.credential_secret (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('gateway_key', 'client')),
  credential_id bigint not null,
  hash bytea not null unique check (length(hash) = 32),
  created_at timestamp not null default (now() at time zone 'utc'),
  expires_at timestamp
);
create index credential_secret_credential on gateway.credential_secret (kind, credential_id);

-- Every token that was issued, written by the sidecars. A token that has no row is refused, so a stolen signing secret
-- alone mints nothing. `credential` is what it stands for and dies with.
create table gateway.token (
  id bigint generated always as identity primary key,
  jti text not null unique,
  type text not null check (type in ('access', 'refresh')),
  family uuid not null,
  credential text not null check (credential in ('login', 'client', 'gateway_key', 'odoo_key')),
  credential_id bigint not null,
  user_id integer not null,
  scopes text,
  stamp text,
  address text,
  issued_at timestamp not null default (now() at time zone 'utc'),
  expires_at timestamp not null,
  spent_at timestamp,
  revoked_at timestamp
);
create index token_family on gateway.token (family);
create index token_credential on gateway.token (credential, credential_id);
create index token_expires_at on gateway.token (expires_at);

create trigger gateway_changed after update or delete on gateway.token
  for each row execute function gateway.changed('token', 'revoked_at', 'expires_at');

-- Last use and counts, batched by the sidecars, so that no request writes to Odoo's rows.
create table gateway.key_usage (
  kind text not null check (kind in ('login', 'client', 'gateway_key', 'odoo_key')),
  credential_id bigint not null,
  use_count bigint not null default 0,
  last_used_at timestamp,
  last_address text,
  primary key (kind, credential_id)
);

-- Lines of a text field; null when there is none. '' means "no list", never "nobody".
create function gateway.lines(value text) returns jsonb
  language sql immutable set search_path = pg_catalog, pg_temp
  as $$
    select jsonb_agg(line order by position)
    from (
      select btrim(part) as line, position
      from regexp_split_to_table(coalesce(value, ''), '[[:space:],]+') with ordinality as parts (part, position)
    ) as listed
    where line <> ''
  $$;

-- What governs a credential: its own profile, else its user's; with neither, nulls, and the global limit applies.
-- An archived profile still governs those who have it: hiding it from the choice must not widen anyone's rights.
create function gateway.policy(user_id integer, profile_id integer) returns jsonb
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select coalesce(
      (
        select jsonb_build_object(
          'profile_id', p.id,
          'name', p.name,
          'limits', jsonb_build_object(
            'minute', coalesce(p.minute_limit, 0), 'hour', coalesce(p.hour_limit, 0), 'day', coalesce(p.day_limit, 0)),
          'subject', p.subject,
          'ips', coalesce(gateway.lines(p.ip_list), '[]'),
          'log_level', p.log_level,
          'models', gateway.lines(p.model_names),
          'scopes', gateway.lines(p.scopes),
          'concurrency', nullif(p.max_concurrency, 0))
        from public.gateway_profile p
        where p.id = coalesce($2, (select u.gateway_profile_id from public.res_users u where u.id = $1))
      ),
      '{"profile_id": null, "name": null, "limits": null, "subject": "user", "ips": [], "log_level": null,
        "models": null, "scopes": null, "concurrency": null}'::jsonb)
  $$;

-- One credential with its user and policy, as it stands now; no row when it is gone, revoked, archived or expired.
-- `stamp` changes with the user's password: login tokens are bound to it.
create function gateway.credential(kind text, id bigint)
  returns table (
    credential_id bigint, name text, user_id integer, login text, user_name text, user_active boolean,
    scopes jsonb, ips jsonb, expires_at timestamp, stamp text, policy jsonb)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select
      found.id, found.name, u.id, u.login::text, partner.name::text, u.active,
      gateway.lines(found.scopes), coalesce(gateway.lines(found.ip_list), '[]'), found.expires_at,
      case when $1 = 'login'
        then left(encode(sha256(convert_to(coalesce(u.password, ''), 'UTF8')), 'hex'), 32)
      end,
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

-- A gateway key by the SHA-256 of what was presented. `secret_ends` is the end of a rotated key's grace period.
create function gateway.gateway_key(key_hash bytea) returns table (credential_id bigint, secret_ends timestamp)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select s.credential_id, s.expires_at
    from gateway.credential_secret s
    where s.kind = 'gateway_key' and s.hash = key_hash and (s.expires_at is null or s.expires_at > gateway.utc_now())
  $$;

-- The gateway key whose secret comes from the environment under this name.
create function gateway.environment_key(wanted text) returns table (credential_id bigint)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select k.id::bigint from public.gateway_key k where k.environment_name = wanted $$;

-- An OAuth2 client with the living hashes of its secret; more than one during a rotation.
create function gateway.client(wanted text) returns table (credential_id bigint, hashes bytea[])
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select c.id::bigint, (
      select coalesce(array_agg(s.hash order by s.id desc), '{}')
      from gateway.credential_secret s
      where s.kind = 'client' and s.credential_id = c.id and (s.expires_at is null or s.expires_at > gateway.utc_now()))
    from public.gateway_client c
    where c.client_id = wanted
  $$;

create function gateway.record_usage(kinds text[], ids bigint[], counts bigint[], used_at timestamp[], addresses text[])
  returns void language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
    insert into gateway.key_usage as usage (kind, credential_id, use_count, last_used_at, last_address)
    select * from unnest(kinds, ids, counts, used_at, addresses) as used (kind, id, count, at, address)
    order by kind, id
    on conflict (kind, credential_id) do update set
      use_count = usage.use_count + excluded.use_count,
      last_used_at = greatest(usage.last_used_at, excluded.last_used_at),
      last_address = case
        when usage.last_used_at is null or excluded.last_used_at >= usage.last_used_at then excluded.last_address
        else usage.last_address
      end
  $$;

-- Signs with a new secret from now on. Tokens under the old ones hold for `overlap_s` seconds; 0 ends them at once.
create function gateway.rotate_secret(wanted text, overlap_s integer) returns void
  language plpgsql volatile set search_path = pg_catalog, pg_temp
  as $$
begin
  perform pg_advisory_xact_lock(hashtext('gateway.secret'), hashtext(wanted));
  update gateway.secret s
  set expires_at = least(coalesce(s.expires_at, 'infinity'), gateway.utc_now() + make_interval(secs => overlap_s))
  where s.purpose = wanted and (s.expires_at is null or s.expires_at > gateway.utc_now());
  insert into gateway.secret (purpose, value, database_uuid)
  values (wanted, gateway.random_secret(), gateway.database_uuid());
end $$;

-- For Odoo: ends what was issued for a credential. The trigger tells the sidecars.
create function gateway.revoke_tokens(of_credential text, ids bigint[]) returns integer
  language sql volatile set search_path = pg_catalog, pg_temp
  as $$
    with revoked as (
      update gateway.token t set revoked_at = gateway.utc_now()
      where t.credential = of_credential and t.credential_id = any (ids)
        and t.revoked_at is null and t.expires_at > gateway.utc_now()
      returning 1
    )
    select count(*)::integer from revoked
  $$;

-- Removes tokens a day after their end (a replay of a fresher one still has to be recognised) and dead secrets.
-- Gives the number of tokens removed; call again while it equals the batch.
create function gateway.clean_tokens(batch integer) returns integer
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
    else not exists (select from public.res_users o where o.id = u.credential_id)
  end;
  return removed;
end $$;

-- A credential that is deleted, by whatever means, takes its secrets along. (Its row in key_usage is hot: an Odoo
-- transaction that touched it would have to be retried. clean_tokens() sweeps those.)
create function gateway.forget_credential() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
  as $$
begin
  delete from gateway.credential_secret s where s.kind = tg_argv[0] and s.credential_id = old.id;
  return null;
end $$;

create trigger gateway_forget after delete on public.gateway_key
  for each row execute function gateway.forget_credential('gateway_key');
create trigger gateway_forget after delete on public.gateway_client
  for each row execute function gateway.forget_credential('client');

create trigger gateway_changed after insert or update or delete on public.gateway_profile
  for each row execute function gateway.changed('profile');
create trigger gateway_changed after insert or update or delete on public.gateway_key
  for each row execute function gateway.changed('gateway_key');
create trigger gateway_changed after insert or update or delete on public.gateway_client
  for each row execute function gateway.changed('client');

-- The user's profile belongs to what a sidecar caches of a user.
drop trigger gateway_changed on public.res_users;
create trigger gateway_changed after update or delete on public.res_users
  for each row execute function gateway.changed(
    'user', 'active', 'login', 'password', 'share', 'partner_id', 'gateway_profile_id');

-- What credential() says of a user replaces it.
delete from gateway.contract where kind = 'function' and name = 'odoo_user';
drop function gateway.odoo_user(integer);

insert into gateway.contract (kind, name, privileges) values
  ('table', 'token', 'select, insert, update'),
  ('function', 'lines', 'execute'),
  ('function', 'policy', 'execute'),
  ('function', 'credential', 'execute'),
  ('function', 'gateway_key', 'execute'),
  ('function', 'environment_key', 'execute'),
  ('function', 'client', 'execute'),
  ('function', 'record_usage', 'execute');

insert into gateway.setting (name, value, default_value) values
  ('token.issuer', '"odoo-api-gateway"', '"odoo-api-gateway"'),
  ('token.access_s', '3600', '3600'),
  ('token.refresh_s', '604800', '604800'),
  ('key.inactive_users', 'false', 'false'),
  ('key.grace_hours', '24', '24');
