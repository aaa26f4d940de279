-- The change feed: which records of the synced models changed, in an order that a reader can go on in.
--
-- Triggers on Odoo's tables note each change in `change_inbox`, in the change's own transaction. Numbers of a sequence do not
-- follow the order of commits, so a reader that goes on behind the last number it saw would miss what commits late. The number
-- that readers go by is therefore given when a committed row is seen, by one stamper at a time (`stamp_changes`). A
-- transaction that stays open for an hour gets its numbers after that hour, and holds up no other.
--
-- `change` keeps one row for each record, with its newest number: what changed twice is read once. It holds no values. They are
-- read when they are delivered, as the caller.

create table gateway.synced_model (
  model text primary key,
  -- The number before the first change that is surely noted.
  since bigint not null
);

create table gateway.change_inbox (
  id bigint generated always as identity primary key,
  model text not null,
  res_id bigint not null,
  deleted boolean not null,
  noted_at timestamp not null default gateway.utc_now()
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000);

create table gateway.change (
  model text not null,
  res_id bigint not null,
  number bigint not null,
  deleted boolean not null,
  stamped_at timestamp not null,
  primary key (model, res_id)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 2000);

create unique index change_number on gateway.change (model, number);
create index change_stamped_at on gateway.change (stamped_at);

-- One row. `last`: the newest number; `forgotten`: the newest number that retention has deleted a row of.
create table gateway.change_state (
  is_only boolean primary key default true check (is_only),
  last bigint not null default 0,
  forgotten bigint not null default 0
);
insert into gateway.change_state default values;

insert into gateway.setting (name, value, default_value) values
  ('changes.retention_days', '30', '30');

create function gateway.change_hint() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp
  as $$
begin
  perform pg_notify('gateway', 'change');
  return null;
end $$;
create trigger change_hint after insert on gateway.change_inbox
  for each statement execute function gateway.change_hint();

-- On a synced model's table: (model). On the table of a model that it inherits by delegation: (model, table, column), where the
-- column of the model's own table leads to the changed row. Sees whatever changes rows: the ORM, SQL, cascades.
create function gateway.note_change() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
  as $$
begin
  if tg_nargs > 1 then
    execute format(
      'insert into gateway.change_inbox (model, res_id, deleted)
       select %L, own.id, false from changed_rows parent join public.%I own on own.%I = parent.id',
      tg_argv[0], tg_argv[1], tg_argv[2]);
  else
    insert into gateway.change_inbox (model, res_id, deleted) select tg_argv[0], id, tg_op = 'DELETE' from changed_rows;
  end if;
  return null;
end $$;

-- For Odoo, which owns the tables. `parents`: [{"table": …, "column": …}] of the models that it inherits by delegation.
create function gateway.watch_changes(wanted_model text, wanted_table text, parents jsonb) returns void
  language plpgsql volatile set search_path = pg_catalog, pg_temp
  as $$
declare
  event text;
  parent record;
begin
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

create function gateway.unwatch_changes(wanted_model text) returns void
  language plpgsql volatile set search_path = pg_catalog, pg_temp
  as $$
declare
  watch record;
begin
  for watch in
    select t.tgname, t.tgrelid::regclass as relation
    from pg_trigger t
    where t.tgfoid = 'gateway.note_change()'::regprocedure
      and split_part(encode(t.tgargs, 'escape'), '\000', 1) = wanted_model
  loop
    execute format('drop trigger %I on %s', watch.tgname, watch.relation);
  end loop;
  delete from gateway.synced_model where model = wanted_model;
  delete from gateway.change_inbox where model = wanted_model;
  delete from gateway.change where model = wanted_model;
end $$;

-- Gives numbers to up to `most` noted changes; returns how many it took.
create function gateway.stamp_changes(most integer) returns integer
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
    where i.id in (select n.id from gateway.change_inbox n order by n.id limit most)
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

-- What a user's sight of a model's records hangs on, as a digest: its groups and companies, the model's access rights and
-- record rules.
create function gateway.rights_digest(wanted_user integer, wanted_model text) returns text
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select md5(concat_ws('|',
      (select u.active::text || u.company_id from public.res_users u where u.id = wanted_user),
      (select string_agg(r.gid::text, ',' order by r.gid) from public.res_groups_users_rel r where r.uid = wanted_user),
      (select string_agg(r.cid::text, ',' order by r.cid) from public.res_company_users_rel r where r.user_id = wanted_user),
      (select md5(string_agg(i.gid || '>' || i.hid, ',' order by i.gid, i.hid)) from public.res_groups_implied_rel i),
      (select string_agg(concat_ws(':', a.id, a.active, a.group_id, a.perm_read), ',' order by a.id)
       from public.ir_model_access a join public.ir_model m on m.id = a.model_id where m.model = wanted_model),
      (select md5(string_agg(concat_ws(':', r.id, r.active, r.perm_read, r.domain_force, g.group_id), ',' order by r.id, g.group_id))
       from public.ir_rule r
       join public.ir_model m on m.id = r.model_id
       left join public.rule_group_rel g on g.rule_group_id = r.id
       where m.model = wanted_model)))
  $$;

-- Changes of a model behind a number, oldest first, and where the feed stands. `synced` null: nobody has chosen the model.
-- `oldest`: a reader that stands before it may have missed changes.
create function gateway.changes(wanted_model text, wanted_user integer, behind bigint, most integer)
  returns table (synced boolean, last bigint, oldest bigint, rights text, changes jsonb)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select
      m.model is not null,
      s.last,
      greatest(s.forgotten, m.since),
      gateway.rights_digest(wanted_user, wanted_model),
      coalesce((
        select jsonb_agg(jsonb_build_array(c.number, c.res_id, c.deleted) order by c.number)
        from (
          select c.number, c.res_id, c.deleted
          from gateway.change c
          where c.model = wanted_model and c.number > behind
          order by c.number
          limit most
        ) c), '[]')
    from gateway.change_state s
    left join gateway.synced_model m on m.model = wanted_model
  $$;

-- Deletes up to `most` rows that are past their retention; returns how many.
create function gateway.clean_changes(most integer) returns integer
  language plpgsql volatile set search_path = pg_catalog, pg_temp
  as $$
declare
  horizon timestamp := gateway.utc_now() - make_interval(secs => 86400 * gateway.setting_number('changes.retention_days'));
  removed integer;
begin
  perform from gateway.change_state for update;
  with old as (
    delete from gateway.change c
    where (c.model, c.res_id) in (
      select o.model, o.res_id from gateway.change o where o.stamped_at < horizon order by o.stamped_at limit most)
    returning c.number
  ),
  forgotten as (
    update gateway.change_state s set forgotten = greatest(s.forgotten, (select max(number) from old)) where exists (select from old)
  )
  select count(*) into removed from old;
  return removed;
end $$;

insert into gateway.contract (kind, name, privileges) values
  ('function', 'stamp_changes', 'execute'),
  ('function', 'changes', 'execute');
