-- Upserts that create take the row of their key's bucket, so that two with the same key never both create. Rows are only updated:
-- Postgres then makes the later transaction begin again, and it finds the record.
create table gateway.upsert_bucket (
  bucket integer primary key,
  turn bigint not null default 0
) with (fillfactor = 50);

insert into gateway.upsert_bucket (bucket) select generate_series(0, 4095);
