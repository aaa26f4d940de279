-- Bounds of one answer: its size, and how many records the relations in it may bring.

insert into gateway.setting (name, value, default_value) values
  ('answer.max_bytes', '33554432', '33554432'),
  ('answer.max_records', '50000', '50000');
