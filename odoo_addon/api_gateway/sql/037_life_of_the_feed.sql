-- What a reader of the change feed may lose without noticing: rules of inherited models, and numbers that a restored backup gives
-- again.

-- A digest of what decides which records of a model a user sees: its groups and companies, the model's access rights, and the
-- record rules of the model and of those that it inherits by delegation (a product has those of its template).
create or replace function gateway.rights_digest(wanted_user integer, wanted_model text) returns text
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    with recursive ruling as (
      select m.id from public.ir_model m where m.model = wanted_model
      union
      select i.parent_id from public.ir_model_inherit i join ruling r on r.id = i.model_id where i.parent_field_id is not null
    )
    select md5(concat_ws('|',
      (select u.active::text || u.company_id from public.res_users u where u.id = wanted_user),
      (select string_agg(r.gid::text, ',' order by r.gid) from public.res_groups_users_rel r where r.uid = wanted_user),
      (select string_agg(r.cid::text, ',' order by r.cid) from public.res_company_users_rel r where r.user_id = wanted_user),
      (select md5(string_agg(i.gid || '>' || i.hid, ',' order by i.gid, i.hid)) from public.res_groups_implied_rel i),
      (select string_agg(concat_ws(':', a.id, a.active, a.group_id, a.perm_read), ',' order by a.id)
       from public.ir_model_access a join public.ir_model m on m.id = a.model_id where m.model = wanted_model),
      (select md5(string_agg(concat_ws(':', r.id, r.active, r.perm_read, r.domain_force, g.group_id), ',' order by r.id, g.group_id))
       from public.ir_rule r
       left join public.rule_group_rel g on g.rule_group_id = r.id
       where r.model_id in (select id from ruling))))
  $$;

-- Changes when the database is restored or a standby takes over. Numbers that were given after the backup may then be given again,
-- to other changes.
create function gateway.feed_life() returns text
  language plpgsql stable set search_path = pg_catalog, pg_temp
  as $$
declare
  own text := (select d.oid::text from pg_database d where d.datname = current_database());
begin
  -- The timeline.
  return own || '-' || left(pg_walfile_name(pg_current_wal_lsn()), 8);
exception when others then
  return own; -- some hosted databases do not say
end $$;

insert into gateway.contract (kind, name, privileges) values
  ('function', 'feed_life', 'execute');
