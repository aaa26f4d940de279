-- A copy for testing must not speak for the original, and nobody must speak to it in the original's name.
-- Secrets go; new ones are made when they are asked for. Keys and clients stay, without their secrets: generate new ones.
-- A key of the environment loses its name there: the copy's environment may hold the original's secrets.
delete from gateway.secret;
delete from gateway.credential_secret;
delete from gateway.token;
delete from gateway.oauth_code;
update gateway_connected_app set revoked_at = now() at time zone 'utc' where revoked_at is null;
delete from gateway.live_ticket;
update gateway_key set environment_name = null where environment_name is not null;
-- Browsers would look for live figures at the original's sidecars.
update gateway.setting set value = default_value where name = 'sidecar.url';
delete from gateway.sidecar;
update gateway_webhook set active = false;
-- What was sent and answered holds people's data, and an answer kept for a repeated request is the original's.
delete from gateway.webhook_job;
delete from gateway.webhook_attempt;
delete from gateway.idempotency;
delete from gateway.request_log;
delete from gateway.used_address;
update gateway.key_usage set last_address = null where last_address is not null;
