-- The page Speed Test measures the gateway, not its user's limits.

-- As in 018_oauth_codes.sql. The key of the speed test has limits of its own, which only keep it from being a way around
-- those of its user: the page needs far less, and the key lives for ten minutes. All other bounds are its user's.
create or replace function gateway.credential(kind text, id bigint)
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
        || case when found.subject is not null then jsonb_build_object('subject', found.subject) else '{}' end
        || case when found.is_speed_test
          then '{"subject": "key", "limits": {"minute": 1200, "hour": 0, "day": 0}, "concurrency": null}'::jsonb
          else '{}' end,
      found.company_id
    from (
      select
        k.id::bigint, k.name::text, k.user_id, k.scopes::text, k.ip_list, k.expires_at, k.profile_id, k.subject::text,
        null::integer as company_id, coalesce(k.is_speed_test, false) as is_speed_test
      from public.gateway_key k
      where $1 = 'gateway_key' and k.id = $2 and k.active and k.revoked_at is null
      union all
      select c.id, c.name, c.user_id, c.scopes, c.ip_list, c.expires_at, c.profile_id, c.subject, null, false
      from public.gateway_client c
      where $1 = 'client' and c.id = $2 and c.active and c.revoked_at is null
      union all
      select k.id, k.name, k.user_id, null, null, k.expiration_date, null, null, null, false
      from public.res_users_apikeys k
      where $1 = 'odoo_key' and k.id = $2 and (k.scope is null or k.scope = 'rpc')
      union all
      select a.id, a.name, a.user_id, a.scopes, null, a.expires_at, null, null, a.company_id, false
      from public.gateway_connected_app a
      where $1 = 'app' and a.id = $2 and a.revoked_at is null
      union all
      select u.id, u.login, u.id, null, null, null, null, null, null, false
      from public.res_users u
      where $1 = 'login' and u.id = $2
    ) as found
    join public.res_users u on u.id = found.user_id
    left join public.res_partner partner on partner.id = u.partner_id
    where u.id <> 1 and (found.expires_at is null or found.expires_at > gateway.utc_now())
  $$;
