-- Events of webhooks carry the number that a synced model's change has in the change feed.

-- The numbers of records' newest changes. Nothing of models that are not synced. Changes that wait in the inbox have none yet.
create function gateway.change_numbers(wanted_model text, wanted_ids bigint[]) returns table (res_id bigint, number bigint)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select c.res_id, c.number from gateway.change c where c.model = wanted_model and c.res_id = any (wanted_ids)
  $$;

insert into gateway.contract (kind, name, privileges) values
  ('function', 'change_numbers', 'execute');
