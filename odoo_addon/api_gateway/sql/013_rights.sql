-- Further models that are never exposed. The table above all actions shows, changes and deletes the hidden ones, and to-dos
-- are named after an action. Second factors, trusted devices and passkeys are secrets. What renders fields takes objects
-- and fetches addresses.
insert into gateway.never_exposed (pattern, builtin) values
  ('auth.passkey.*', true),
  ('auth.totp.*', true),
  ('auth_totp.*', true),
  ('ir.actions.actions', true),
  ('ir.actions.server.*', true),
  ('ir.actions.todo', true),
  ('ir.qweb', true),
  ('ir.qweb.*', true),
  ('server.action.history.wizard', true)
on conflict (pattern) do update set builtin = true;
