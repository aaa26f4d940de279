from . import base, gateway_schema, gateway_sidecar, ir_http
