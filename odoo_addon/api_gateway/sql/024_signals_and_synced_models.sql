-- Pruned signals never bring an ended plan back; models that are uninstalled leave the change feed.

-- Called by Odoo's cron, so that the list of ids stays short. Ends all plans: it begins with a number that no plan
-- knows. Without it, the ids that stay could be those of a plan that an earlier, later committed id had ended.
create or replace function gateway.prune_read_signals() returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
begin
  if (select count(*) from gateway.read_signal) > 100 then
    insert into gateway.read_signal default values;
    delete from gateway.read_signal s where s.txid < pg_snapshot_xmin(pg_current_snapshot());
  end if;
end $$;

-- Trigger: a model has left the list, also by the uninstalling of its module, which no method of the list's model sees.
create or replace function gateway.synced_model_left() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp
  as $$
begin
  perform gateway.unwatch_changes(old.model_name);
  return null;
end $$;
drop trigger if exists gateway_synced_model_left on public.gateway_synced_model;
create trigger gateway_synced_model_left after delete on public.gateway_synced_model
  for each row execute function gateway.synced_model_left();
drop trigger if exists gateway_synced_model_moved on public.gateway_synced_model;
create trigger gateway_synced_model_moved after update on public.gateway_synced_model
  for each row when (old.model_name is distinct from new.model_name) execute function gateway.synced_model_left();
