-- A model that comes back into the change feed, and one that leaves it while changes are numbered.

-- Each start has a number of its own, so readers with a token from before it have to start over: changes in between were not
-- noted.
create or replace function gateway.watch_changes(wanted_model text, wanted_table text, parents jsonb) returns void
  language plpgsql volatile set search_path = pg_catalog, pg_temp
  as $$
declare
  event text;
  parent record;
begin
  -- First, because the stamper takes this row before rows of the inbox.
  update gateway.change_state set last = last + 1;
  perform gateway.unwatch_changes(wanted_model);
  foreach event in array array['insert', 'update', 'delete'] loop
    execute format(
      'create trigger %I after %s on public.%I referencing %s table as changed_rows
         for each statement execute function gateway.note_change(%L)',
      'gateway_change_' || event, event, wanted_table, case event when 'delete' then 'old' else 'new' end, wanted_model);
  end loop;
  for parent in select * from jsonb_to_recordset(parents) as p("table" text, "column" text) loop
    execute format(
      'create trigger %I after update on public.%I referencing new table as changed_rows
         for each statement execute function gateway.note_change(%L, %L, %L)',
      left('gateway_change_' || wanted_table, 63), parent."table", wanted_model, wanted_table, parent."column");
  end loop;
  -- The lock that `create trigger` took is held until this commits: what commits later was noted.
  insert into gateway.synced_model (model, since) select wanted_model, last from gateway.change_state
  on conflict (model) do update set since = excluded.since;
end $$;

-- Passes over rows that a transaction is deleting, as the uninstalling of a synced model's module does, which may take long.
-- If it is rolled back, they get their numbers later.
create or replace function gateway.stamp_changes(most integer) returns integer
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
declare
  number_before bigint;
  noted integer;
  given integer;
begin
  if not exists (select from gateway.change_inbox) then
    return 0;
  end if;
  -- One at a time; what the one before has committed is seen by the next statement.
  select last into number_before from gateway.change_state for update;
  with taken as (
    delete from gateway.change_inbox i
    where i.id in (select n.id from gateway.change_inbox n order by n.id limit most for update skip locked)
    returning i.id, i.model, i.res_id, i.deleted
  ),
  newest as (
    select distinct on (t.model, t.res_id) t.model, t.res_id, t.deleted, t.id from taken t order by t.model, t.res_id, t.id desc
  ),
  stamped as (
    insert into gateway.change as c (model, res_id, number, deleted, stamped_at)
    select n.model, n.res_id, number_before + row_number() over (order by n.id), n.deleted, gateway.utc_now()
    from newest n
    join gateway.synced_model s on s.model = n.model
    on conflict (model, res_id) do update
      set number = excluded.number, deleted = excluded.deleted, stamped_at = excluded.stamped_at
    returning 1
  )
  select (select count(*) from taken), (select count(*) from stamped) into noted, given;
  update gateway.change_state set last = number_before + given;
  return noted;
end $$;
