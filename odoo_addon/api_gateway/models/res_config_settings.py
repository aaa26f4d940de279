"""Settings → API Gateway. The values are stored in `gateway.setting`, and every sidecar notices a change at once."""

import json
import re
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools.asker import check_group
from ..tools.narrowing import check_ip_list, lines
from ..tools.settings import settings

MODEL_PATTERN = re.compile(r"[a-z_][a-z0-9_.]*\*?")
MOST = 2_147_483_647


# Fields with the attribute `gateway_setting` are stored in the gateway's setting of that name. `least` and `most` limit
# numbers and the length of strings, `scale` is the factor from the field's unit to the stored one, `gateway_list`
# stores lines as a list.
class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    gateway_sidecar_url = fields.Char(
        "Address of the Gateway",
        gateway_setting="sidecar.url",
        most=2000,
        help="The gateway's address for callers and browsers. Empty: the addresses that the sidecars report.",
    )

    gateway_limit_default = fields.Integer("Default GET Limit", gateway_setting="limit.default", least=1, most=100_000)
    gateway_limit_max = fields.Integer("Largest GET Limit", gateway_setting="limit.max", least=1, most=100_000)
    gateway_body_max_mib = fields.Integer(
        "Largest Body", gateway_setting="body.max_bytes", least=1, most=512, scale=1024 * 1024
    )
    gateway_answer_max_mib = fields.Integer(
        "Largest Answer", gateway_setting="answer.max_bytes", least=1, most=512, scale=1024 * 1024
    )
    gateway_file_max_mib = fields.Integer(
        "Largest File", gateway_setting="file.max_bytes", least=1, most=1024, scale=1024 * 1024
    )
    gateway_answer_max_records = fields.Integer(
        "Records of Relations", gateway_setting="answer.max_records", least=1, most=1_000_000
    )
    gateway_batch_max = fields.Integer("Largest Batch", gateway_setting="batch.max", least=1, most=10_000)
    gateway_compiled_enabled = fields.Boolean("Compiled Reads", gateway_setting="compiled.enabled")
    gateway_compiled_except = fields.Text(
        "Models Always Read by Odoo", gateway_setting="compiled.except", gateway_list=True, most=20_000
    )
    gateway_cors_origins = fields.Text(
        "Web Pages That May Call",
        gateway_setting="cors.origins",
        gateway_list=True,
        most=20_000,
        help="One origin per line, such as https://shop.example.com. Use * to allow all.",
    )

    gateway_token_access_minutes = fields.Integer(
        "Access Token Lifetime", gateway_setting="token.access_s", least=1, most=1440, scale=60
    )
    gateway_token_refresh_hours = fields.Integer(
        "Refresh Token Lifetime", gateway_setting="token.refresh_s", least=1, most=2160, scale=3600
    )
    gateway_token_family_days = fields.Integer(
        "Longest Login", gateway_setting="token.family_s", least=1, most=365, scale=86_400
    )
    gateway_token_issuer = fields.Char("Issuer of Tokens", gateway_setting="token.issuer", least=1, most=200)
    gateway_oauth_apps = fields.Selection(
        [
            ("registered", "Only registered apps"),
            ("documents", "Also apps that have their own web address"),
            ("anyone", "Any app that registers itself"),
        ],
        "Apps That May Ask Users",
        gateway_setting="oauth.apps",
    )
    gateway_key_inactive_users = fields.Boolean("Keys of Archived Users", gateway_setting="key.inactive_users")
    gateway_key_grace_hours = fields.Integer(
        "Grace Period of Rotated Keys", gateway_setting="key.grace_hours", least=0, most=720
    )

    gateway_throttle_limit = fields.Integer("Global Rate Limit", gateway_setting="throttle.limit", least=0, most=MOST)
    gateway_throttle_window = fields.Selection(
        [("minute", "minute"), ("hour", "hour"), ("day", "day")], "Rate Window", gateway_setting="throttle.window"
    )
    gateway_throttle_anonymous = fields.Integer(
        "Requests without a Credential", gateway_setting="throttle.anonymous", least=0, most=MOST
    )
    gateway_throttle_login = fields.Integer("Logins", gateway_setting="throttle.login", least=0, most=MOST)
    gateway_throttle_token = fields.Integer("Token Requests", gateway_setting="throttle.token", least=0, most=MOST)
    gateway_throttle_failed = fields.Integer(
        "Refused Credentials", gateway_setting="throttle.failed", least=0, most=MOST
    )
    gateway_throttle_concurrency = fields.Integer(
        "Requests at a Time", gateway_setting="throttle.concurrency", least=0, most=MOST
    )
    gateway_throttle_cost_read = fields.Integer("Read", gateway_setting="throttle.cost.read", least=1, most=10_000)
    gateway_throttle_cost_write = fields.Integer("Write", gateway_setting="throttle.cost.write", least=1, most=10_000)
    gateway_throttle_cost_delete = fields.Integer(
        "Delete", gateway_setting="throttle.cost.delete", least=1, most=10_000
    )
    gateway_throttle_cost_call = fields.Integer("Call", gateway_setting="throttle.cost.call", least=1, most=10_000)
    gateway_throttle_count_operations = fields.Boolean(
        "Charge Each Operation", gateway_setting="throttle.count_operations"
    )
    gateway_throttle_pass_without_database = fields.Boolean(
        "Known Callers Pass while Postgres Is Down", gateway_setting="throttle.pass_without_database"
    )

    gateway_ip_block_enabled = fields.Boolean("Block Addresses", gateway_setting="ip_block.enabled")
    gateway_ip_block_violations = fields.Integer(
        "Violations", gateway_setting="ip_block.violations", least=1, most=1_000_000
    )
    gateway_ip_block_window_minutes = fields.Integer(
        "Violation Period (Minutes)", gateway_setting="ip_block.window_minutes", least=1, most=1440
    )
    gateway_ip_block_minutes = fields.Integer(
        "Block Duration (Minutes)", gateway_setting="ip_block.minutes", least=1, most=527_040
    )
    gateway_ip_block_never = fields.Text("Never Blocked", gateway_setting="ip_block.never", most=100_000)

    gateway_agent_enabled = fields.Boolean("AI Agents", gateway_setting="agent.enabled")
    gateway_agent_writes = fields.Selection(
        [("allowed", "At once"), ("ask", "After a person has agreed to the changes"), ("never", "Never")],
        "Agents Change Data",
        gateway_setting="agent.writes",
    )
    gateway_agent_answer_kib = fields.Integer(
        "Largest Answer to an Agent", gateway_setting="agent.answer_bytes", least=2, most=1024, scale=1024
    )

    gateway_rpc_xmlrpc = fields.Boolean("XML-RPC", gateway_setting="rpc.xmlrpc")
    gateway_rpc_jsonrpc = fields.Boolean("JSON-RPC", gateway_setting="rpc.jsonrpc")
    gateway_rpc_json2 = fields.Boolean("JSON-2", gateway_setting="rpc.json2")
    gateway_rpc_passwords = fields.Boolean("Passwords", gateway_setting="rpc.passwords")
    gateway_rpc_count_direct = fields.Boolean("Count Direct Calls", gateway_setting="rpc.count_direct")

    gateway_never_exposed = fields.Text(
        "Models Never Exposed", help="Technical names. A * at the end matches any ending."
    )
    gateway_never_exposed_builtin = fields.Char(readonly=True)

    gateway_log_level = fields.Selection(
        [("errors", "Errors"), ("metadata", "Metadata"), ("payloads", "Payloads")],
        "Log Level",
        gateway_setting="log.level",
    )
    gateway_log_retention_days = fields.Integer(
        "Log Retention", gateway_setting="log.retention_days", least=1, most=3650
    )
    gateway_log_body_kib = fields.Integer(
        "Largest Logged Body", gateway_setting="log.body_bytes", least=0, most=1024, scale=1024
    )
    gateway_stat_minute_hours = fields.Integer(
        "Figures by the Minute", gateway_setting="stat.minute_hours", least=26, most=8760
    )
    gateway_stat_hour_days = fields.Integer("Figures by the Hour", gateway_setting="stat.hour_days", least=2, most=3650)
    gateway_stat_day_days = fields.Integer("Figures by the Day", gateway_setting="stat.day_days", least=31, most=36_500)

    gateway_webhook_timeout_seconds = fields.Float(
        "Time to Answer", gateway_setting="webhook.timeout_seconds", least=1, most=60
    )
    gateway_webhook_concurrency = fields.Integer(
        "Requests at Once", gateway_setting="webhook.concurrency", least=1, most=100
    )
    gateway_webhook_max_attempts = fields.Integer("Attempts", gateway_setting="webhook.max_attempts", least=1, most=100)
    gateway_webhook_retry_first_seconds = fields.Float(
        "First Retry", gateway_setting="webhook.retry_first_seconds", least=0.1, most=86_400
    )
    gateway_webhook_retry_longest_seconds = fields.Float(
        "Longest Wait", gateway_setting="webhook.retry_longest_seconds", least=0.1, most=604_800
    )
    gateway_webhook_breaker_failures = fields.Integer(
        "Failures in a Row", gateway_setting="webhook.breaker_failures", least=1, most=10_000
    )
    gateway_webhook_breaker_longest_seconds = fields.Float(
        "Longest Pause of an Endpoint", gateway_setting="webhook.breaker_longest_seconds", least=0.1, most=86_400
    )
    gateway_webhook_pause_after_hours = fields.Float(
        "Pause after", gateway_setting="webhook.pause_after_hours", least=0.1, most=8760
    )
    gateway_webhook_secret_overlap_hours = fields.Float(
        "Overlap of Signing Secrets", gateway_setting="webhook.secret_overlap_hours", least=0, most=8760
    )
    gateway_webhook_egress_allow = fields.Text(
        "Reachable Addresses Inside Your Network",
        gateway_setting="webhook.egress_allow",
        gateway_list=True,
        most=100_000,
    )
    gateway_webhook_retention_days = fields.Integer(
        "Keep Events", gateway_setting="webhook.retention_days", least=1, most=3650
    )
    gateway_changes_retention_days = fields.Integer(
        "Keep Changes", gateway_setting="changes.retention_days", least=1, most=3650
    )

    def _valid_field_parameter(self, field, name):
        return name in (
            "gateway_setting",
            "gateway_list",
            "least",
            "most",
            "scale",
        ) or super()._valid_field_parameter(field, name)

    @api.model
    def _gateway_fields(self):
        """`{field: setting}` of all fields that represent a setting."""
        return {field: field.gateway_setting for field in self._fields.values() if hasattr(field, "gateway_setting")}

    @api.model
    def get_values(self):
        values = super().get_values()
        stored = settings(self.env.cr)
        for field, name in self._gateway_fields().items():
            values[field.name] = _shown(field, stored[name])
        self.env.cr.execute("select array(select pattern from gateway.never_exposed where builtin)")
        [builtin] = self.env.cr.fetchone()
        values["gateway_never_exposed"] = "\n".join(self._gateway_never_exposed())
        values["gateway_never_exposed_builtin"] = ", ".join(sorted(builtin))
        return values

    def set_values(self):
        before = self.get_values()
        result = super().set_values()
        changed = {
            field: name
            for field, name in self._gateway_fields().items()
            if (self[field.name] or False) != (before[field.name] or False)
        }
        exposes = (self.gateway_never_exposed or "") != before["gateway_never_exposed"]
        if changed or exposes:
            check_group(
                self.env,
                "base.group_system",
                self.env._("Only an administrator may change the API Gateway's settings."),
            )
        for field, name in changed.items():
            value = self._gateway_stored(field)
            self.env.cr.execute("update gateway.setting set value = %s where name = %s", (json.dumps(value), name))
        if self.gateway_limit_default > self.gateway_limit_max:
            raise ValidationError(self.env._("The default GET limit must not be above the largest GET limit."))
        if self.gateway_webhook_retry_first_seconds > self.gateway_webhook_retry_longest_seconds:
            raise ValidationError(self.env._("The first retry of webhooks must not wait longer than the longest wait."))
        if exposes:
            self._gateway_set_never_exposed(lines(self.gateway_never_exposed))
        return result

    def _gateway_stored(self, field):
        """The value of a field in the setting's format. Raises ValidationError if it is out of bounds."""
        value = self[field.name]
        label = self.fields_get([field.name], ["string"])[field.name]["string"]
        if field.type in ("integer", "float"):
            if not field.least <= value <= field.most:
                raise ValidationError(
                    self.env._(
                        "%(setting)s must be from %(least)s to %(most)s.",
                        setting=label,
                        least=field.least,
                        most=field.most,
                    )
                )
            return value * getattr(field, "scale", 1)
        if field.type in ("char", "text"):
            value = (value or "").strip()
            if not getattr(field, "least", 0) <= len(value) <= field.most:
                raise ValidationError(
                    self.env._(
                        "%(setting)s must have %(least)s to %(most)s characters.",
                        setting=label,
                        least=getattr(field, "least", 0),
                        most=field.most,
                    )
                )
            self._gateway_check_text(field.name, value)
            return lines(value) if getattr(field, "gateway_list", False) else value
        return value

    def _gateway_check_text(self, name, value):
        if name in ("gateway_ip_block_never", "gateway_webhook_egress_allow"):
            check_ip_list(self.env, value)
        elif name == "gateway_sidecar_url" and value:
            check_address(self.env, value)
        elif name == "gateway_compiled_except":
            check_models(self.env, lines(value))
        elif name == "gateway_cors_origins":
            for origin in lines(value):
                if origin != "*" and not _is_origin(origin):
                    raise ValidationError(self.env._('"%s" is not an origin such as https://shop.example.com.', origin))

    @api.model
    def _gateway_never_exposed(self):
        self.env.cr.execute("select pattern from gateway.never_exposed where not builtin order by pattern")
        return [pattern for (pattern,) in self.env.cr.fetchall()]

    def _gateway_set_never_exposed(self, patterns):
        check_models(self.env, patterns)
        cr = self.env.cr
        cr.execute("delete from gateway.never_exposed where not builtin and pattern <> all (%s)", (patterns,))
        cr.execute(
            "insert into gateway.never_exposed (pattern) select unnest(%s::text[]) on conflict do nothing", (patterns,)
        )


def check_models(env, patterns):
    """Raises ValidationError unless they are names of models, or prefixes with `*` at the end."""
    for pattern in patterns:
        if not MODEL_PATTERN.fullmatch(pattern) or len(pattern) > 200:
            raise ValidationError(env._('"%s" is not a technical name such as hr.employee or hr.*.', pattern))


def check_address(env, address):
    """Raises ValidationError unless this could be the gateway's address."""
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        good = False
    if not good or parts.query or parts.fragment or re.search(r"\s", address):
        raise ValidationError(env._('"%s" is not an address such as https://api.example.com.', address))


def _is_origin(text):
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and text == f"{parts.scheme}://{parts.netloc}"
    except ValueError:
        return False


def _shown(field, value):
    """A setting in its field's format. An invalid one is shown as empty, because the sidecars then use the default."""
    if getattr(field, "gateway_list", False):
        return "\n".join(map(str, value)) if isinstance(value, list) else ""
    if field.type == "integer":
        return round(value / getattr(field, "scale", 1)) if isinstance(value, (int, float)) else 0
    if field.type == "float":
        return float(value) if isinstance(value, (int, float)) else 0.0
    if field.type == "boolean":
        return value is True
    return value if isinstance(value, str) else ""
