-- The table above all actions shows, changes and deletes those that are hidden, and to-dos are named after one; devices and
-- passkeys are keys under another name; what renders fields takes objects and fetches addresses.
insert into gateway.never_exposed (pattern, builtin) values
  ('auth.passkey.key', true),
  ('auth.passkey.key.*', true),
  ('auth_totp.*', true),
  ('ir.actions.actions', true),
  ('ir.actions.server.*', true),
  ('ir.actions.todo', true),
  ('ir.qweb', true),
  ('ir.qweb.*', true),
  ('server.action.history.wizard', true)
on conflict (pattern) do update set builtin = true;
