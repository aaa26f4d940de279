-- For Odoo: ends these tokens at once. The trigger tells the sidecars, which own the table.
create function gateway.revoke_tokens_by_id(ids bigint[]) returns integer
  language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
    with revoked as (
      update gateway.token t set revoked_at = gateway.utc_now() where t.id = any (ids) and t.revoked_at is null returning 1
    )
    select count(*)::integer from revoked
  $$;
