from . import gateway_access_check, gateway_upgrade_check
