-- How the dashboard's browser gets to a sidecar's live figures: Odoo gives a ticket, the sidecar takes it, once.

-- Only hashes: who reads the table cannot open a socket with it. `database_uuid`: a duplicate's tickets are its own.
create table gateway.live_ticket (
  hash bytea primary key,
  user_id integer not null,
  origin text not null,
  database_uuid text not null,
  expires_at timestamp not null
);
create index live_ticket_expires_at on gateway.live_ticket (expires_at);

-- Odoo: a ticket for this user and for pages of this origin. Run as the database's owner, not by sidecars.
create function gateway.live_ticket_make(ticket text, wanted_user integer, page_origin text) returns void
  language sql volatile set search_path = pg_catalog, pg_temp
  as $$
    delete from gateway.live_ticket where expires_at < gateway.utc_now();
    insert into gateway.live_ticket (hash, user_id, origin, database_uuid, expires_at)
    values (sha256(convert_to(ticket, 'UTF8')), wanted_user, page_origin, gateway.database_uuid(),
      gateway.utc_now() + interval '30 seconds');
  $$;

-- Whose figures a user may watch: {user_id, manager}; null when the user is archived or in none of the two groups.
create function gateway.live_viewer(wanted_user integer) returns jsonb
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    with recursive member (gid) as (
      select gid from public.res_groups_users_rel where uid = wanted_user
      union
      select i.hid from public.res_groups_implied_rel i join member m on m.gid = i.gid
    ), named as (
      select d.name from member m
      join public.ir_model_data d on d.model = 'res.groups' and d.module = 'api_gateway' and d.res_id = m.gid
    )
    select jsonb_build_object('user_id', u.id, 'manager', exists (select from named where name = 'group_manager'))
    from public.res_users u
    where u.id = wanted_user and u.active and exists (select from named where name = 'group_user')
  $$;

-- Spends a ticket, also one that is shown by the wrong page: the viewer, or null.
create function gateway.live_ticket_take(ticket_hash bytea, page_origin text) returns jsonb
  language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
    with taken as (
      delete from gateway.live_ticket where hash = ticket_hash returning *
    )
    select gateway.live_viewer(t.user_id)
    from taken t
    where t.origin = page_origin and t.expires_at > gateway.utc_now() and t.database_uuid = gateway.database_uuid()
  $$;

-- What the sidecars' sockets are checked against anew. By statement: an upgrade of Odoo writes thousands of rows.
create trigger gateway_changed after insert or update or delete on public.res_groups_users_rel
  for each statement execute function gateway.changed('group');
create trigger gateway_changed after insert or update or delete on public.res_groups_implied_rel
  for each statement execute function gateway.changed('group');

insert into gateway.contract (kind, name, privileges) values
  ('function', 'live_viewer', 'execute'),
  ('function', 'live_ticket_take', 'execute');
