-- Second factors: the secret of one that is being set up, trusted devices, passkeys.
insert into gateway.never_exposed (pattern, builtin) values
  ('auth_totp.*', true),
  ('auth.totp.*', true),
  ('auth.passkey.*', true)
on conflict (pattern) do update set builtin = true;
