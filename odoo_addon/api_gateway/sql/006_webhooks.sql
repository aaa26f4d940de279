-- Webhooks: an outbox that Odoo fills in the transaction of the change, and that sidecars (or Odoo's cron) empty.
--
-- A job is due when `run_at` has passed. Claiming moves `run_at` to the end of a lease, so a claimer that dies needs no
-- cleaning up: its jobs are simply due again. Jobs of one record go out in the order of their ids, which is the order of
-- the commits: whoever changes a record next waits for the row lock, and takes its job's id after that.

create table gateway.webhook_job (
  id bigint generated always as identity primary key,
  -- the receiver's `webhook-id`: the same over all attempts
  event_id uuid not null default gen_random_uuid(),
  txid xid8 not null default pg_current_xact_id(),
  webhook_id integer not null,
  event text not null check (event in ('create', 'write', 'unlink', 'test')),
  model text not null,
  res_id bigint not null,
  changed text[] not null default '{}',
  previous jsonb,
  -- only of a deleted record: all others are read when they are delivered
  record_values jsonb,
  state text not null default 'queued' check (state in ('queued', 'delivered', 'dead')),
  attempts integer not null default 0,
  run_at timestamp not null default (clock_timestamp() at time zone 'utc'),
  -- who has claimed it, until `run_at`
  holder uuid,
  -- what was sent, from the first attempt on: later ones repeat it byte by byte
  body text,
  status integer,
  error text,
  created_at timestamp not null default (clock_timestamp() at time zone 'utc'),
  finished_at timestamp
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000, autovacuum_analyze_threshold = 2000);

create index webhook_job_due on gateway.webhook_job (webhook_id, run_at, id) where state = 'queued' and event <> 'test';
create index webhook_job_test on gateway.webhook_job (webhook_id) where state = 'queued' and event = 'test';
create index webhook_job_order on gateway.webhook_job (webhook_id, res_id, id) where state = 'queued' and event <> 'test';
create unique index webhook_job_once on gateway.webhook_job (txid, webhook_id, res_id)
  where state = 'queued' and event <> 'test';
create index webhook_job_dead on gateway.webhook_job (webhook_id, id) where state = 'dead';
create index webhook_job_created_at on gateway.webhook_job (created_at);

create table gateway.webhook_attempt (
  id bigint generated always as identity primary key,
  job_id bigint not null,
  webhook_id integer not null,
  started_at timestamp not null,
  ms integer not null,
  status integer,
  error text,
  -- the first KB of the answer
  response text,
  -- null: Odoo's cron
  sidecar uuid
);
create index webhook_attempt_job on gateway.webhook_attempt (job_id);
create index webhook_attempt_started_at on gateway.webhook_attempt (started_at);
create index webhook_attempt_webhook on gateway.webhook_attempt (webhook_id, started_at);

-- How an endpoint fares. `open_until`: the circuit is open, one probe may go when it has passed.
create table gateway.webhook_state (
  webhook_id integer primary key,
  delivered bigint not null default 0,
  failed bigint not null default 0,
  failures integer not null default 0,
  failing_since timestamp,
  opens integer not null default 0,
  open_until timestamp,
  probing boolean not null default false,
  paused_at timestamp,
  pause_reason text,
  announced_at timestamp,
  last_success_at timestamp,
  last_failure_at timestamp,
  last_error text
) with (fillfactor = 50);

insert into gateway.setting (name, value, default_value) values
  ('webhook.timeout_seconds', '10', '10'),
  ('webhook.concurrency', '10', '10'),
  ('webhook.max_attempts', '10', '10'),
  ('webhook.retry_first_seconds', '5', '5'),
  ('webhook.retry_longest_seconds', '14400', '14400'),
  ('webhook.breaker_failures', '10', '10'),
  ('webhook.breaker_longest_seconds', '300', '300'),
  ('webhook.pause_after_hours', '24', '24'),
  ('webhook.secret_overlap_hours', '24', '24'),
  ('webhook.egress_allow', '[]', '[]'),
  ('webhook.retention_days', '30', '30');

-- A value that makes no sense is as good as none: the default holds.
create function gateway.setting_number(wanted text) returns double precision
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select coalesce(
      (select number
       from (select case when jsonb_typeof(value) = 'number' then (value #>> '{}')::double precision end) as given(number)
       where number >= 0),
      (default_value #>> '{}')::double precision)
    from gateway.setting
    where name = wanted
  $$;

create function gateway.webhook_hint() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp
  as $$
begin
  perform pg_notify('gateway', 'webhook');
  return null;
end $$;
create trigger webhook_hint after insert on gateway.webhook_job
  for each statement execute function gateway.webhook_hint();

-- Everything a deliverer must know, secrets included; signing secrets newest first. Archived webhooks and those whose owner
-- is archived are left out: their jobs wait. Header values belong to the database they were typed into.
create function gateway.webhooks()
  returns table (
    id integer, name text, url text, model text, user_id integer, lang text, fields text[], concurrency integer,
    secrets bytea[], headers jsonb)
  language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
    select
      w.id, w.name, w.url, w.model_name, w.user_id, p.lang,
      array(
        select f.name::text
        from public.gateway_webhook_payload_field r
        join public.ir_model_fields f on f.id = r.field_id
        where r.webhook_id = w.id
        order by f.name),
      coalesce(nullif(w.concurrency, 0), gateway.setting_number('webhook.concurrency')::integer),
      array(select s.value from gateway.secrets('webhook:' || w.id) s),
      coalesce((
        select jsonb_agg(
          jsonb_build_object('name', h.name, 'value', convert_from(s.value, 'utf8')) order by h.sequence, h.id)
        from public.gateway_webhook_header h
        left join gateway.secret s
          on s.purpose = 'webhook_header:' || h.id and s.database_uuid = gateway.database_uuid()
        where h.webhook_id = w.id), '[]')
    from public.gateway_webhook w
    join public.res_users u on u.id = w.user_id and u.active
    join public.res_partner p on p.id = u.partner_id
    where w.active
    order by w.id
  $$;

-- Takes up to `room` due jobs of each webhook for `lease_seconds`. Of one record either the oldest waiting job is among
-- them or none is, so whoever holds them keeps their order by delivering each record's jobs one after the other.
create function gateway.webhook_claim(claimer uuid, webhook_ids integer[], room integer[], lease_seconds integer)
  returns table (
    id bigint, event_id uuid, webhook_id integer, event text, model text, res_id bigint, changed text[],
    previous jsonb, record_values jsonb, attempts integer, body text, created_at timestamp)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
#variable_conflict use_column
declare
  moment timestamp := clock_timestamp() at time zone 'utc';
begin
  return query
  with
  -- An endpoint whose circuit was open gets one probe; the row's lock decides between several claimers.
  probe as (
    update gateway.webhook_state s
    set open_until = moment + interval '15 seconds', probing = true
    where s.webhook_id = any (webhook_ids)
      and s.open_until <= moment
      and s.paused_at is null
      and exists (
        select from gateway.webhook_job j
        where j.webhook_id = s.webhook_id and j.state = 'queued' and j.event <> 'test' and j.run_at <= moment)
    returning s.webhook_id
  ),
  asked as (
    select a.webhook_id, case when s.open_until is null then a.room else 1 end as room
    from unnest(webhook_ids, room) as a(webhook_id, room)
    left join gateway.webhook_state s on s.webhook_id = a.webhook_id
    where s.paused_at is null
      and (s.open_until is null or a.webhook_id in (select p.webhook_id from probe p))
  ),
  due as (
    select j.*
    from asked a
    cross join lateral (
      select j.id, j.webhook_id, j.res_id
      from gateway.webhook_job j
      where j.webhook_id = a.webhook_id and j.state = 'queued' and j.event <> 'test' and j.run_at <= moment
      order by j.run_at, j.id
      limit a.room
      for update skip locked
    ) j
  ),
  -- Of each record, the oldest job that this claim does not take: younger ones wait behind it.
  blocker as (
    select r.webhook_id, r.res_id, b.id, b.run_at, b.holder
    from (select distinct d.webhook_id, d.res_id from due d) r
    cross join lateral (
      select e.id, e.run_at, e.holder
      from gateway.webhook_job e
      left join due d on d.id = e.id
      where e.webhook_id = r.webhook_id
        and e.res_id = r.res_id
        and e.state = 'queued'
        and e.event <> 'test'
        and d.id is null
      order by e.id
      limit 1
    ) b
  ),
  blocked as (
    select d.id, b.run_at, b.holder
    from due d
    join blocker b on b.webhook_id = d.webhook_id and b.res_id = d.res_id and b.id < d.id
  ),
  -- A test stands outside the order, and goes out to a paused endpoint too: it is how a manager tries the repair.
  test as (
    select j.id
    from gateway.webhook_job j
    where j.webhook_id = any (webhook_ids) and j.state = 'queued' and j.event = 'test' and j.run_at <= moment
    for update skip locked
  ),
  -- Set aside until the older one's next try, so that a backlog is not looked through again and again. One that is being
  -- delivered will wake it; the second is for a wake that happened while this statement ran.
  set_aside as (
    update gateway.webhook_job j
    set run_at = case when b.holder is null then b.run_at else least(b.run_at, moment + interval '1 second') end
    from blocked b
    where j.id = b.id and b.run_at > moment
  ),
  claimed as (
    update gateway.webhook_job j
    set holder = claimer, run_at = moment + make_interval(secs => lease_seconds)
    from (
      select d.id from due d where not exists (select from blocked b where b.id = d.id)
      union all
      select t.id from test t
    ) mine
    where j.id = mine.id
    returning j.id, j.event_id, j.webhook_id, j.event, j.model, j.res_id, j.changed, j.previous, j.record_values,
      j.attempts, j.body, j.created_at
  )
  select c.* from claimed c order by c.id;
end $$;

create function gateway.webhook_renew(claimer uuid, job_ids bigint[], lease_seconds integer) returns void
  language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
    update gateway.webhook_job
    set run_at = (clock_timestamp() at time zone 'utc') + make_interval(secs => lease_seconds)
    where id = any (job_ids) and holder = claimer and state = 'queued'
  $$;

-- Records what became of claimed jobs: [{job, outcome, ms?, status?, error?, response?, body?, retry_after?, gone?}].
-- `delivered`; `failed`: tried again after first × 4^attempts seconds (± 20 %, at most the longest), dead after the last
-- attempt; `released`: given back untried, due again after `retry_after` seconds. A failure reported after the lease was
-- lost leaves the job to its new holder. `gone`: the receiver asks to be left alone (410), the webhook is paused.
create function gateway.webhook_finish(claimer uuid, sidecar uuid, results jsonb) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
declare
  moment timestamp := clock_timestamp() at time zone 'utc';
  first_delay double precision := gateway.setting_number('webhook.retry_first_seconds');
  longest_delay double precision := gateway.setting_number('webhook.retry_longest_seconds');
  most_attempts integer := gateway.setting_number('webhook.max_attempts');
  breaker_failures integer := gateway.setting_number('webhook.breaker_failures');
  breaker_longest double precision := gateway.setting_number('webhook.breaker_longest_seconds');
  pause_after interval := make_interval(secs => 3600 * gateway.setting_number('webhook.pause_after_hours'));
begin
  -- The state rows first, in order: every caller that locks both locks them before jobs, so none waits in a circle.
  insert into gateway.webhook_state as s (
    webhook_id, delivered, failed, failures, failing_since, paused_at, pause_reason, last_success_at, last_failure_at, last_error)
  select
    j.webhook_id,
    count(*) filter (where r.outcome = 'delivered'),
    count(*) filter (where r.outcome = 'failed'),
    case when bool_or(r.outcome = 'delivered') then 0 else count(*) end,
    case when not bool_or(r.outcome = 'delivered') then moment end,
    case when bool_or(r.gone) then moment end,
    case when bool_or(r.gone) then 'gone' end,
    case when bool_or(r.outcome = 'delivered') then moment end,
    case when bool_or(r.outcome = 'failed') then moment end,
    (array_agg(r.error order by r.job desc) filter (where r.outcome = 'failed'))[1]
  from jsonb_to_recordset(results) as r(job bigint, outcome text, error text, gone boolean)
  join gateway.webhook_job j on j.id = r.job
  where r.outcome <> 'released' and j.event <> 'test'
  group by j.webhook_id
  order by j.webhook_id
  on conflict (webhook_id) do update set
    delivered = s.delivered + excluded.delivered,
    failed = s.failed + excluded.failed,
    failures = case when excluded.delivered > 0 then 0 else s.failures + excluded.failures end,
    failing_since = case when excluded.delivered > 0 then null else coalesce(s.failing_since, excluded.failing_since) end,
    opens = case
      when excluded.delivered > 0 then 0
      when s.failures + excluded.failures >= breaker_failures and (s.open_until is null or s.probing) then s.opens + 1
      else s.opens
    end,
    open_until = case
      when excluded.delivered > 0 then null
      when s.failures + excluded.failures >= breaker_failures and (s.open_until is null or s.probing)
        then moment + make_interval(secs => least(breaker_longest, first_delay * 2 ^ least(s.opens, 20)) * (0.8 + 0.4 * random()))
      else s.open_until
    end,
    probing = false,
    paused_at = case
      when s.paused_at is not null or excluded.paused_at is not null then coalesce(s.paused_at, excluded.paused_at)
      when excluded.delivered = 0 and s.failing_since < moment - pause_after then moment
    end,
    pause_reason = case
      when s.paused_at is not null or excluded.paused_at is not null then coalesce(s.pause_reason, excluded.pause_reason)
      when excluded.delivered = 0 and s.failing_since < moment - pause_after then 'failing'
    end,
    last_success_at = coalesce(excluded.last_success_at, s.last_success_at),
    last_failure_at = coalesce(excluded.last_failure_at, s.last_failure_at),
    last_error = coalesce(excluded.last_error, s.last_error);

  insert into gateway.webhook_attempt (job_id, webhook_id, started_at, ms, status, error, response, sidecar)
  select j.id, j.webhook_id, moment - make_interval(secs => coalesce(r.ms, 0) / 1000.0), coalesce(r.ms, 0),
    r.status, r.error, r.response, webhook_finish.sidecar
  from jsonb_to_recordset(results) as r(job bigint, outcome text, ms integer, status integer, error text, response text)
  join gateway.webhook_job j on j.id = r.job
  where r.outcome <> 'released';

  with finished as (
    update gateway.webhook_job j
    set
      state = case
        when r.outcome = 'delivered' then 'delivered'
        when r.outcome = 'failed' and (j.attempts + 1 >= most_attempts or j.event = 'test') then 'dead'
        else 'queued'
      end,
      attempts = j.attempts + case when r.outcome = 'released' then 0 else 1 end,
      run_at = moment + make_interval(secs => case r.outcome
        when 'delivered' then 0
        when 'released' then coalesce(r.retry_after, 0)
        else greatest(
          least(longest_delay, first_delay * 4 ^ least(j.attempts, 20)) * (0.8 + 0.4 * random()),
          least(longest_delay, coalesce(r.retry_after, 0)))
      end),
      holder = null,
      body = coalesce(j.body, r.body),
      status = case when r.outcome = 'released' then j.status else r.status end,
      error = case when r.outcome = 'released' then j.error else r.error end,
      finished_at = case
        when r.outcome = 'delivered' then moment
        when r.outcome = 'failed' and (j.attempts + 1 >= most_attempts or j.event = 'test') then moment
      end
    from jsonb_to_recordset(results) as r(
      job bigint, outcome text, status integer, error text, body text, retry_after double precision)
    where j.id = r.job
      and (r.outcome = 'delivered' and j.state in ('queued', 'dead') or j.state = 'queued' and j.holder = claimer)
    returning j.webhook_id, j.res_id, j.state
  ),
  next as (
    select n.id
    from (select distinct f.webhook_id, f.res_id from finished f where f.state <> 'queued') f
    cross join lateral (
      select q.id
      from gateway.webhook_job q
      where q.webhook_id = f.webhook_id
        and q.res_id = f.res_id
        and q.state = 'queued'
        and q.event <> 'test'
        and q.holder is null
        and q.attempts = 0
        and q.run_at > moment
      order by q.id
      limit 100
      for update skip locked
    ) n
  )
  update gateway.webhook_job j set run_at = moment from next where j.id = next.id;
  if found then
    perform pg_notify('gateway', 'webhook');
  end if;
end $$;

-- Sends again, with the same id and body. Of a webhook: all of a state (`delivered`, `dead` or, null, both) since a time.
create function gateway.webhook_redeliver(job_ids bigint[]) returns integer
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
declare
  done integer;
begin
  update gateway.webhook_job
  set state = 'queued', attempts = 0, holder = null, finished_at = null, run_at = clock_timestamp() at time zone 'utc'
  where id = any (job_ids) and (state <> 'queued' or holder is null);
  get diagnostics done = row_count;
  perform pg_notify('gateway', 'webhook');
  return done;
end $$;

create function gateway.webhook_redeliver_since(wanted_webhook integer, since timestamp, wanted_state text) returns integer
  language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
    select gateway.webhook_redeliver(coalesce(array_agg(id), '{}'))
    from gateway.webhook_job
    where webhook_id = wanted_webhook
      and created_at >= since
      and state in ('delivered', 'dead')
      and (wanted_state is null or state = wanted_state)
  $$;

create function gateway.webhook_pause(wanted_webhook integer) returns void
  language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
    insert into gateway.webhook_state as s (webhook_id, paused_at, pause_reason, announced_at)
    values (wanted_webhook, gateway.utc_now(), 'manual', gateway.utc_now())
    on conflict (webhook_id) do update
    set paused_at = excluded.paused_at, pause_reason = 'manual', announced_at = excluded.announced_at
    where s.paused_at is null
  $$;

create function gateway.webhook_resume(wanted_webhook integer) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
begin
  update gateway.webhook_state
  set paused_at = null, pause_reason = null, announced_at = null,
    failures = 0, failing_since = null, opens = 0, open_until = null, probing = false
  where webhook_id = wanted_webhook;
  perform pg_notify('gateway', 'webhook');
end $$;

-- Pauses that no manager has been told of yet; telling is the caller's.
create function gateway.webhook_announce()
  returns table (webhook_id integer, reason text, failing_since timestamp, last_error text)
  language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
    update gateway.webhook_state s
    set announced_at = gateway.utc_now()
    where s.paused_at is not null and s.announced_at is null
    returning s.webhook_id, s.pause_reason, s.failing_since, s.last_error
  $$;

-- The living secrets end after the overlap, a new one begins: receivers get both signatures meanwhile.
create function gateway.webhook_rotate(wanted_webhook integer) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
begin
  delete from gateway.secret where purpose = 'webhook:' || wanted_webhook and expires_at is not null;
  update gateway.secret
  set expires_at = gateway.utc_now() + make_interval(secs => 3600 * gateway.setting_number('webhook.secret_overlap_hours'))
  where purpose = 'webhook:' || wanted_webhook;
  perform gateway.secrets('webhook:' || wanted_webhook);
end $$;

-- Removes up to `most` finished jobs and attempts that are past retention; says how many went.
create function gateway.webhook_cleanup(most integer) returns integer
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  as $$
declare
  horizon timestamp := gateway.utc_now() - make_interval(secs => 86400 * gateway.setting_number('webhook.retention_days'));
  jobs integer;
  attempts integer;
begin
  delete from gateway.webhook_job where id in (
    select j.id from gateway.webhook_job j
    where j.created_at < horizon and j.finished_at < horizon
    order by j.created_at
    limit most
    for update skip locked);
  get diagnostics jobs = row_count;
  delete from gateway.webhook_attempt where id in (
    select a.id from gateway.webhook_attempt a where a.started_at < horizon order by a.started_at limit most);
  get diagnostics attempts = row_count;
  return jobs + attempts;
end $$;

create function gateway.webhook_deleted() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
  as $$
begin
  delete from gateway.webhook_job where webhook_id = old.id and state = 'queued';
  delete from gateway.webhook_state where webhook_id = old.id;
  delete from gateway.secret where purpose = 'webhook:' || old.id;
  return null;
end $$;
create trigger gateway_webhook_deleted after delete on public.gateway_webhook
  for each row execute function gateway.webhook_deleted();

create function gateway.webhook_header_deleted() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
  as $$
begin
  delete from gateway.secret where purpose = 'webhook_header:' || old.id;
  return null;
end $$;
create trigger gateway_webhook_header_deleted after delete on public.gateway_webhook_header
  for each row execute function gateway.webhook_header_deleted();

create trigger gateway_changed after insert or update or delete on public.gateway_webhook
  for each row execute function gateway.changed(
    'webhook', 'active', 'name', 'url', 'model_name', 'user_id', 'concurrency');
create trigger gateway_changed after insert or update or delete on public.gateway_webhook_header
  for each row execute function gateway.changed('webhook');
create trigger gateway_changed after insert or delete on public.gateway_webhook_payload_field
  for each row execute function gateway.changed('webhook');

insert into gateway.contract (kind, name, privileges) values
  ('function', 'webhooks', 'execute'),
  ('function', 'webhook_claim', 'execute'),
  ('function', 'webhook_renew', 'execute'),
  ('function', 'webhook_finish', 'execute');
