from . import gateway_access_check, gateway_shrink, gateway_upgrade_check
