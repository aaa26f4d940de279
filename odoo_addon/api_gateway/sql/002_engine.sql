-- The engine: answers of writes that carried an `Idempotency-Key`.

-- Written by Odoo in the write's own transaction, so a write and its answer are kept together or not at all.
create table gateway.idempotency (
  consumer text not null,
  key text not null,
  method text not null,
  path text not null,
  -- SHA-256 of query and body: the same key with other content is a mistake.
  fingerprint text not null,
  -- What the operations gave, raw; null only inside the transaction that is still running.
  results jsonb,
  created_at timestamp not null default (now() at time zone 'utc'),
  primary key (consumer, key, method, path)
);
create index idempotency_created_at on gateway.idempotency (created_at);

insert into gateway.setting (name, value, default_value) values
  ('batch.max', '1000', '1000'),
  ('cors.origins', '["*"]', '["*"]');

create or replace function gateway.tidy() returns void language sql volatile set search_path = pg_catalog, pg_temp
  as $$
    delete from gateway.channel_nonce where used_at < gateway.utc_now() - interval '1 hour';
    delete from gateway.config_change where changed_at < gateway.utc_now() - interval '1 hour';
    delete from gateway.sidecar where seen_at < gateway.utc_now() - interval '1 day';
    delete from gateway.idempotency where created_at < gateway.utc_now() - interval '24 hours'
  $$;
