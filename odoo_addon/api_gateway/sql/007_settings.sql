-- The settings page: where sidecars are reached, and how tokens are signed.

insert into gateway.setting (name, value, default_value) values
  ('sidecar.url', '""', '""');

-- Odoo: what is told of the secrets that tokens are signed with, never the secrets themselves. Times are UTC.
-- {since, tokens: those that live, last_expires_at: of them, old: [{since, until}]}
create function gateway.signing_state() returns jsonb
  language sql stable set search_path = pg_catalog, pg_temp
  as $$
    with living as (
      select s.created_at, s.expires_at from gateway.secret s
      where s.purpose = 'jwt'
        and s.database_uuid = gateway.database_uuid()
        and (s.expires_at is null or s.expires_at > gateway.utc_now())
    ),
    tokens as (
      select count(*) as living, max(t.expires_at) as last_expires_at from gateway.token t
      where t.expires_at > gateway.utc_now() and t.revoked_at is null and t.spent_at is null
    )
    select jsonb_build_object(
      'since', (select max(l.created_at) from living l where l.expires_at is null),
      'old', coalesce(
        (select jsonb_agg(jsonb_build_object('since', l.created_at, 'until', l.expires_at) order by l.expires_at desc)
         from living l where l.expires_at is not null),
        '[]'),
      'tokens', t.living,
      'last_expires_at', t.last_expires_at)
    from tokens t
  $$;

-- Odoo: signs tokens with a new secret from now on. `keep`: what was issued lives out, so the old secrets stay as long as
-- the longest token does; a sidecar may sign with the old one for a moment more. Otherwise every token ends at once.
-- Run it in a READ COMMITTED transaction of its own: sidecars write tokens all the time.
create function gateway.rotate_signing(keep boolean) returns void
  language plpgsql volatile set search_path = pg_catalog, pg_temp
  as $$
declare
  overlap_s integer := 0;
begin
  if keep then
    select 60 + ceil(greatest(
      gateway.setting_number('token.access_s'),
      gateway.setting_number('token.refresh_s'),
      date_part('epoch', max(t.expires_at) - gateway.utc_now())))
    into overlap_s
    from gateway.token t;
  else
    update gateway.token t set revoked_at = gateway.utc_now()
    where t.revoked_at is null and t.expires_at > gateway.utc_now();
  end if;
  perform gateway.rotate_secret('jwt', overlap_s);
end $$;
