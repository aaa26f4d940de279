-- Resources: public names over models, as managers define them.

-- All of them, ready to be served: {path: {model, app, label, domain, order, fields: [{name, field, read, write, required,
-- format, values, nested: {model, fields: […]} | null}]}}.
create function gateway.resources() returns jsonb
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    with line as (
      select
        l.resource_id,
        l.nested_id,
        l.sequence,
        l.id,
        jsonb_build_object(
          'name', l.name, 'field', l.field_name, 'read', coalesce(l.is_readable, false),
          'write', coalesce(l.is_writable, false), 'required', coalesce(l.is_required, false),
          'format', l.text_format, 'values', l.value_map
        ) as described
      from public.gateway_resource_line l
    ), nested as (
      select
        r.id,
        jsonb_build_object(
          'model', r.model_name,
          'fields', coalesce(jsonb_agg(n.described order by n.sequence, n.id) filter (where n.id is not null), '[]')
        ) as described
      from public.gateway_resource r left join line n on n.resource_id = r.id
      group by r.id
    )
    select coalesce(jsonb_object_agg(r.name, jsonb_build_object(
      'model', r.model_name,
      'app', r.app_name,
      'label', coalesce(r.label ->> 'en_US', r.name),
      'domain', coalesce(r.domain_json, '[]'),
      'order', r."order",
      'fields', (
        select coalesce(jsonb_agg(
          l.described || jsonb_build_object('nested', (select n.described from nested n where n.id = l.nested_id))
          order by l.sequence, l.id), '[]')
        from line l where l.resource_id = r.id
      )
    )), '{}')
    from public.gateway_resource r
    where r.active and not coalesce(r.is_nested, false)
  $$;

create trigger gateway_changed after insert or update or delete on public.gateway_resource
  for each row execute function gateway.changed('resource');
create trigger gateway_changed after insert or update or delete on public.gateway_resource_line
  for each row execute function gateway.changed('resource');

insert into gateway.contract (kind, name, privileges) values ('function', 'resources', 'execute');
