insert into gateway.setting (name, value, default_value) values
  ('file.max_bytes', '268435456', '268435456');
