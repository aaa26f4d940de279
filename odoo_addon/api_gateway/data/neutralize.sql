-- A copy for testing must not speak for the original, and nobody must speak to it in the original's name.
-- Secrets go; new ones are made when they are asked for. Keys and clients stay, without their secrets: generate new ones.
delete from gateway.secret;
delete from gateway.credential_secret;
delete from gateway.token;
delete from gateway.live_ticket;
-- Browsers would look for live figures at the original's sidecars.
update gateway.setting set value = default_value where name = 'sidecar.url';
delete from gateway.sidecar;
update gateway_webhook set active = false;
delete from gateway.webhook_job where state = 'queued';
