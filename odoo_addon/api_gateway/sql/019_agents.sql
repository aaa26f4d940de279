-- AI agents: off until somebody turns them on; what they write is shown first.
insert into gateway.setting (name, value, default_value) values
  ('agent.enabled', 'false', 'false'),
  ('agent.writes', '"ask"', '"ask"'),
  ('agent.answer_bytes', '16384', '16384');

-- What governs a caller, with what its profile says of agents; null: as the settings say.
create or replace function gateway.policy(user_id integer, profile_id integer) returns jsonb
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select coalesce(
      (
        select jsonb_build_object(
          'profile_id', p.id,
          'name', p.name,
          'limits', jsonb_build_object(
            'minute', coalesce(p.minute_limit, 0), 'hour', coalesce(p.hour_limit, 0), 'day', coalesce(p.day_limit, 0)),
          'subject', p.subject,
          'ips', coalesce(gateway.lines(p.ip_list), '[]'),
          'log_level', p.log_level,
          'models', gateway.lines(p.model_names),
          'scopes', gateway.lines(p.scopes),
          'concurrency', nullif(p.max_concurrency, 0),
          'agent_access', to_jsonb(p) ->> 'agent_access',
          'agent_writes', to_jsonb(p) ->> 'agent_writes')
        from public.gateway_profile p
        where p.id = coalesce($2, (select u.gateway_profile_id from public.res_users u where u.id = $1))
      ),
      '{"profile_id": null, "name": null, "limits": null, "subject": "user", "ips": [], "log_level": null,
        "models": null, "scopes": null, "concurrency": null, "agent_access": null, "agent_writes": null}'::jsonb)
  $$;
