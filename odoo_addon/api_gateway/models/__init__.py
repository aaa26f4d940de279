# Of two classes that extend the same model, the one imported later runs first, so refused changes are not captured.
from . import base_webhooks, base
from . import (
    gateway_configuration,
    gateway_schema,
    gateway_sidecar,
    ir_actions_report,
    ir_attachment,
    ir_fields_converter,
    ir_http,
    ir_model,
    ir_rule,
    ir_ui_view,
    mail_account_links,
    mail_alias,
    mail_document_links,
    mail_render_mixin,
)
from . import (
    gateway_profile,
    gateway_credential,
    gateway_credential_widening,
    gateway_key,
    gateway_key_check,
    gateway_agent_page,
    gateway_key_page,
    gateway_key_scopes,
    gateway_client,
    gateway_secret_show,
    gateway_token,
    gateway_app,
    gateway_connected_app,
    res_partner,
    res_users,
    res_users_apikeys,
)
from . import (
    gateway_use,
    gateway_protocol_use,
    gateway_request_log,
    gateway_stat,
    gateway_stat_dashboard,
    gateway_request_source,
)
from . import (
    gateway_webhook_health,
    gateway_webhook_preview,
    gateway_webhook,
    gateway_webhook_attempt,
    gateway_webhook_header,
    gateway_webhook_job,
)
from . import gateway_synced_model
from . import gateway_alert_rule, gateway_alert
from . import gateway_ip_block, gateway_profile_usage, gateway_throttle
from . import gateway_resource, gateway_resource_grant
from . import (
    gateway_health,
    gateway_sidecar_diagnosis,
    gateway_signing_secret,
    gateway_speed_test,
    res_config_settings,
)
