from . import gateway_ip_block_add, gateway_ip_block_never
from . import gateway_webhook_redeliver, gateway_webhook_secret
