-- A copy for testing must not speak for the original: its secrets go, and new ones are made when they are asked for.
delete from gateway.secret;
delete from gateway.sidecar;
update gateway_webhook set active = false;
delete from gateway.webhook_job where state = 'queued';
