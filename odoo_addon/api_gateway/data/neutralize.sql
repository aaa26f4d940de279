-- A copy for testing must not send anything in the original's name, and the original's credentials must not work on it.
-- The gateway creates its own new secrets when it needs them. Keys and clients remain without secrets: generate new ones.
-- A key from the environment loses its name there, because the copy's environment may contain the original's secrets.
delete from gateway.secret;
delete from gateway.credential_secret;
delete from gateway.token;
delete from gateway.oauth_code;
update gateway_connected_app set revoked_at = now() at time zone 'utc' where revoked_at is null;
delete from gateway.live_ticket;
update gateway_key set environment_name = null where environment_name is not null;
-- Otherwise browsers would ask the original's sidecars for live figures.
update gateway.setting set value = default_value where name = 'sidecar.url';
delete from gateway.sidecar;
update gateway_webhook set active = false;
-- These tables contain personal data, and answers for repeated requests to the original.
delete from gateway.webhook_job;
delete from gateway.webhook_attempt;
delete from gateway.idempotency;
delete from gateway.request_log;
delete from gateway.used_address;
update gateway.key_usage set last_address = null where last_address is not null;
