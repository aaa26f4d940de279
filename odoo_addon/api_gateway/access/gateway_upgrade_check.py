"""Shows a manager, before an upgrade, which credentials use something that another instance does not have."""

import base64
import http.client
import json
import time
from urllib.parse import quote

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..executor.binaries import kind
from ..models.res_config_settings import check_address
from ..tools.breaking import break_of, wanted_models
from ..tools.settings import settings
from ..webhooks.connection import request
from ..webhooks.egress import parse_allowed

MOST_MODELS = 300
TIMEOUT_S = 10
TOTAL_S = 60
MOST_BYTES = 500_000
COMPARED = {"type", "relation", "readonly", "selection", "choices_vary"}
# The maximum size of a file with a pulled schema.
MOST_FILE_BYTES = 20_000_000


class GatewayUpgradeCheck(models.TransientModel):
    _name = "gateway.upgrade.check"
    _inherit = ["gateway.configuration"]
    _description = "Upgrade Check"

    source = fields.Selection(
        [("gateway", "Another gateway"), ("file", "A pulled schema")],
        "Compare With",
        required=True,
        default="gateway",
    )
    url = fields.Char("Gateway Address")
    api_key = fields.Char(
        "Key",
        compute="_compute_api_key",
        inverse="_inverse_api_key",
        help="A key of the other instance that may read the models. It is used once and never stored.",
    )
    file = fields.Binary("schema.json", attachment=False, help="Written by: npx odoo-gateway-client pull")
    days = fields.Selection([("30", "30 days"), ("90", "90 days")], "Used in the Last", required=True, default="90")
    schema = fields.Json(readonly=True)
    line_ids = fields.One2many("gateway.upgrade.check.line", "check_id", readonly=True)
    state = fields.Selection([("new", "New"), ("done", "Compared")], readonly=True, default="new")
    broken = fields.Integer("Credentials That Would Break", readonly=True)
    checked = fields.Integer("Credentials Compared", readonly=True)
    not_compared = fields.Text(readonly=True)

    def _compute_display_name(self):
        self.display_name = self.env._("Upgrade Check")

    @api.depends("url")
    def _compute_api_key(self):
        self.api_key = False

    def _inverse_api_key(self):
        """Uses the key at once. A stored field would keep another instance's key in this database."""
        for check in self:
            if check.api_key and check.source == "gateway":
                check.schema = {"from": check.url, "models": check._fetched(check.url, check.api_key)}

    def action_compare(self):
        self.ensure_one()
        self.check_access("write")
        if self.source == "file":
            self.schema = {"from": "file", "models": _pulled(self.env, self.file)}
        elif not self.schema or self.schema["from"] != self.url:
            raise UserError(self.env._("Enter the address of the other instance's gateway, and a key."))
        self._compare()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "current",
        }

    def _uses(self):
        return self.env["gateway.use"].search(
            [("requests_30" if self.days == "30" else "requests", ">", 0)], order="consumer, model, action, name"
        )

    def _compare(self):
        uses, schema = self._uses(), self.schema["models"]
        found, seen = [], set()
        for use in uses:
            broken = break_of(schema, self._own, (use.model, use.action, use.name or ""))
            # If a field is gone, each use of one of its choices is broken, too.
            if broken and (use.consumer, broken, use.action) not in seen:
                seen.add((use.consumer, broken, use.action))
                found.append((use, broken))
        self.line_ids.unlink()
        self.env["gateway.upgrade.check.line"].create(
            [
                {
                    "check_id": self.id,
                    "consumer": use.consumer,
                    "credential": use.credential or use.consumer,
                    "user_id": use.user_id.id,
                    "model": broken.model,
                    "name": broken.name,
                    "action": use.action,
                    "problem": self._problem(broken),
                    "requests": use.requests_30 if self.days == "30" else use.requests,
                    "last_day": use.last_day,
                }
                for use, broken in found
            ]
        )
        self.state = "done"
        self.checked = len(set(uses.mapped("consumer")))
        self.broken = len({use.consumer for use, _ in found})
        unknown = sorted({use.model for use in uses} - set(schema))
        self.not_compared = ", ".join(unknown) or False

    def _problem(self, broken):
        text = {
            "model": self.env._("The model is gone."),
            "field": self.env._("The field is gone."),
            "type": self.env._("The field has another type."),
            "readonly": self.env._("The field is read-only."),
            "choice": self.env._("The choice is gone."),
            "method": self.env._("The method is gone."),
        }[broken.kind]
        if not broken.detail:
            return text
        if broken.kind == "type":
            return f"{text} {broken.detail}"
        return f"{text} {self.env._('Is it now “%s”?', broken.detail)}"

    def _own(self, model, name):
        field = self.env[model]._fields.get(name) if model in self.env else None
        return field and (kind(field), bool(field.readonly))

    def _fetched(self, url, key):
        """The schema of the models that are used, from the other gateway. Raises UserError."""
        check_address(self.env, url or "")
        uses = [(use.model, use.action, use.name or "") for use in self.env["gateway.use"].search([])]
        allowed = parse_allowed(settings(self.env.cr)["webhook.egress_allow"])
        schema, refused, ends_at = {}, set(), time.monotonic() + TOTAL_S
        while missing := sorted(wanted_models(uses, schema) - schema.keys() - refused):
            for model in missing:
                if len(schema) + len(refused) >= MOST_MODELS or time.monotonic() > ends_at:
                    return schema
                known = self._ask(url.rstrip("/"), key, model, allowed)
                if known is False:
                    refused.add(model)
                else:
                    schema[model] = known
        return schema

    def _ask(self, url, key, model, allowed):
        """The model in the other instance; None if it does not exist there, False if the key may not read it."""
        path = f"{url}/api/v1/{quote(model, safe='')}/schema?methods=true"
        headers = {"Accept": "application/json", "Authorization": f"Bearer {key}".encode().decode("latin-1")}
        try:
            with request("GET", path, headers, None, allowed, TIMEOUT_S) as answer:
                status, text = answer.status, answer.beginning(MOST_BYTES)
            body = json.loads(text)
            reason = "" if status == 200 else body["error"]["reason"]
            if status == 200:
                return {"fields": _fields(body["data"]["fields"]), "methods": list(body["data"]["methods"])}
        except (OSError, http.client.HTTPException) as exc:
            raise UserError(self.env._("%(url)s did not answer: %(fault)s", url=url, fault=str(exc)[:300])) from exc
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise UserError(self.env._("%s is not a gateway of this version or a newer one.", url)) from exc
        if reason == "odoo.model":
            return None
        if reason in ("odoo.access", "odoo.exposure", "scope.insufficient"):
            return False
        raise UserError(self.env._("%(url)s refused the key: %(reason)s", url=url, reason=str(reason)[:100]))


class GatewayUpgradeCheckLine(models.TransientModel):
    _name = "gateway.upgrade.check.line"
    _inherit = ["gateway.configuration"]
    _description = "Broken Use of a Credential"
    _order = "credential, consumer, model, name, action"

    check_id = fields.Many2one("gateway.upgrade.check", required=True, ondelete="cascade", index=True)
    consumer = fields.Char(readonly=True)
    credential = fields.Char("Key", readonly=True)
    user_id = fields.Many2one("res.users", readonly=True)
    model = fields.Char(readonly=True)
    name = fields.Char("Field, Choice or Method", readonly=True)
    action = fields.Selection(
        [("read", "Read"), ("write", "Write"), ("delete", "Delete"), ("call", "Call"), ("choice", "Choice")],
        readonly=True,
    )
    problem = fields.Char("There", readonly=True)
    requests = fields.Integer(readonly=True)
    last_day = fields.Date("Last Used", readonly=True)


def _pulled(env, file):
    """The schema in a `schema.json` that `pull` has written. Raises UserError."""
    try:
        if not file or len(file) > MOST_FILE_BYTES:
            raise ValueError
        found = json.loads(base64.b64decode(file))["models"]
        return {model: {"fields": _fields(described), "methods": None} for model, described in found.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise UserError(env._("Choose the file schema.json that “pull” has written.")) from exc


def _fields(described):
    """The parts of each field's description that are compared. Raises TypeError and others if this is not a schema."""
    return {name: _field(**{key: field[key] for key in COMPARED & field.keys()}) for name, field in described.items()}


def _field(type, relation=None, readonly=False, selection=None, choices_vary=False):  # noqa: A002
    if not isinstance(type, str) or not isinstance(relation, str | None):
        raise TypeError
    known = {"type": type, "relation": relation, "readonly": readonly is True}
    if selection is None or choices_vary:
        return known
    # A pulled schema has no labels.
    return {**known, "selection": [str(choice[0] if isinstance(choice, list) else choice) for choice in selection]}
