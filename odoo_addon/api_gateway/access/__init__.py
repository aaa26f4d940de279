from . import gateway_access_check
