from . import gateway_webhook_redeliver, gateway_webhook_secret
