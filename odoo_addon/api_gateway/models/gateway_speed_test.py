"""Access check, keys and results of the speed test. The browser does the measuring."""

import math
import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

from odoo.addons.base.models.res_users import check_identity

from ..tools.asker import own_code

LIFETIME = timedelta(minutes=10)
KEPT = timedelta(days=365)
KEY_PREFIX = "API Gateway speed test "
LONGEST_MS = 600_000
MOST_RUNS = 100
# The ways in which a read may be answered, as in the header `X-Gateway-Read`.
WAYS = ("compiled", "odoo")
# The parts of the median run's time, according to the header Server-Timing of the gateway's answers.
PHASES = ("network_ms", "gateway_ms", "auth_ms", "throttle_ms", "queue_ms", "odoo_ms", "orm_ms", "sql_ms", "shape_ms")
TIMES = ("first_ms", "p50_ms", "p95_ms", "p99_ms", *PHASES, "odoo_p50_ms", "odoo_p95_ms", "odoo_p99_ms")
# The models for the heavy test, which reads the first model of which the user can see a record.
HEAVY = {
    "sale.order": ["name", "date_order", "partner_id", "user_id", "state", "amount_untaxed", "amount_total"],
    "res.partner": ["name", "email", "phone", "country_id", "company_type", "create_date"],
}


class GatewaySpeedTest(models.Model):
    _name = "gateway.speed.test"
    _inherit = ["gateway.configuration"]
    _description = "Speed Test"
    _order = "id desc"
    _rec_name = "kind"

    user_id = fields.Many2one("res.users", required=True, readonly=True, index=True, ondelete="cascade")
    kind = fields.Selection([("light", "Light"), ("heavy", "Heavy")], "Test Type", required=True, readonly=True)
    state = fields.Selection([("ok", "OK"), ("failed", "Failed")], "Status", required=True, readonly=True)
    runs = fields.Integer(readonly=True, aggregator="sum")
    url = fields.Char("Address", readonly=True)
    details = fields.Char(readonly=True)
    way = fields.Selection(
        [("compiled", "Compiled"), ("odoo", "Through Odoo")],
        "Way of Reading",
        readonly=True,
        help="Compiled: Postgres answered directly. Through Odoo: the ORM read the records.",
    )
    first_ms = fields.Float("First Call (ms)", readonly=True, aggregator="avg", help="With connection and login.")
    p50_ms = fields.Float("Latency (ms)", readonly=True, aggregator="avg", help="The median of all runs.")
    p95_ms = fields.Float("95 % (ms)", readonly=True, aggregator="avg")
    p99_ms = fields.Float("99 % (ms)", readonly=True, aggregator="avg")
    network_ms = fields.Float("Network (ms)", readonly=True, aggregator="avg")
    gateway_ms = fields.Float("Gateway (ms)", readonly=True, aggregator="avg")
    auth_ms = fields.Float("Authentication (ms)", readonly=True, aggregator="avg")
    throttle_ms = fields.Float("Limits (ms)", readonly=True, aggregator="avg")
    queue_ms = fields.Float("Queue (ms)", readonly=True, aggregator="avg")
    odoo_ms = fields.Float("Odoo (ms)", readonly=True, aggregator="avg", help="Without the ORM.")
    orm_ms = fields.Float("ORM (ms)", readonly=True, aggregator="avg")
    sql_ms = fields.Float("Postgres (ms)", readonly=True, aggregator="avg", help="For reads that Odoo has compiled.")
    shape_ms = fields.Float("Shaping (ms)", readonly=True, aggregator="avg")
    odoo_p50_ms = fields.Float("Odoo's own API (ms)", readonly=True, aggregator="avg")
    odoo_p95_ms = fields.Float("Odoo's own API, 95 % (ms)", readonly=True, aggregator="avg")
    odoo_p99_ms = fields.Float("Odoo's own API, 99 % (ms)", readonly=True, aggregator="avg")

    @api.model
    @check_identity
    def confirm_identity(self):
        """Asks for the password, as Odoo does before it creates a key, unless the user has just entered it."""
        return {"type": "ir.actions.act_window_close"}

    @api.model
    @check_identity
    def prepare(self):
        """Creates credentials for ten minutes: a gateway key that may only read, and an Odoo API key for comparison.

        :return: `{url, database, key, odoo_key, odoo_key_name, heavy: {model, fields}}`; url is null while no sidecar
            is alive and none is configured
        """
        self._check_user()
        with own_code():
            key = self._key()
        name = KEY_PREFIX + secrets.token_hex(4)
        expires_at = fields.Datetime.now() + LIFETIME
        return {
            "url": next(iter(self.env["gateway.stat"]._live_urls()), None),
            "database": self.env.cr.dbname,
            "key": key._set_secret(),
            "odoo_key": self.env["res.users.apikeys"].sudo()._generate("rpc", name, expires_at),
            "odoo_key_name": name,
            "heavy": next(
                {"model": model, "fields": names}
                for model, names in HEAVY.items()
                if model == "res.partner" or self._sees_any(model)
            ),
        }

    def _sees_any(self, model):
        return (
            model in self.env and self.env[model].has_access("read") and bool(self.env[model].search_count([], limit=1))
        )

    @api.model
    def finish(self, odoo_key_name):
        """Ends the credentials of `prepare` early."""
        self._check_user()
        if str(odoo_key_name).startswith(KEY_PREFIX):
            keys = self.env["res.users.apikeys"].sudo()
            keys.search([("user_id", "=", self.env.uid), ("name", "=", odoo_key_name)])._remove()
        with own_code():
            self._limit(self._keys(), fields.Datetime.now())

    @api.model
    def record(self, values):
        """Stores a result from the browser. Refuses numbers out of range and unknown fields.

        :return: the id
        """
        self._check_user()
        times = {name: values.get(name) or 0.0 for name in TIMES}
        runs = values.get("runs")
        if (
            not all(type(ms) in (int, float) and math.isfinite(ms) and 0 <= ms <= LONGEST_MS for ms in times.values())
            or type(runs) is not int
            or not 0 <= runs <= MOST_RUNS
            or values.get("kind") not in ("light", "heavy")
            or values.get("state") not in ("ok", "failed")
            or (values.get("way") or WAYS[0]) not in WAYS
        ):
            raise ValidationError(self.env._("This is not a result of a speed test."))
        checked = {
            **times,
            "user_id": self.env.uid,
            "kind": values["kind"],
            "state": values["state"],
            "runs": runs,
            "url": str(values.get("url") or "")[:200],
            "details": str(values.get("details") or "")[:500],
            "way": values.get("way") or False,
        }
        with own_code():
            return self.sudo().create(checked).id

    def _key(self):
        """The user's own key for this page. It is always the same key, so the figures show a single caller."""
        key = self._keys()[:1]
        if not key:
            # The key may only read, and has all restrictions of its user.
            values = {"name": "Speed Test", "user_id": self.env.uid, "is_speed_test": True, "scopes": "read"}
            key = key.create(values)
        self._limit(key, fields.Datetime.now() + LIFETIME)
        return key

    def _limit(self, keys, expires_at):
        keys.write({"expires_at": expires_at})
        keys.write({"warned_days": 1})  # nobody has to renew it

    def _keys(self):
        keys = self.env["gateway.key"].sudo().with_context(tracking_disable=True, mail_create_nolog=True)
        return keys.search([("user_id", "=", self.env.uid), ("is_speed_test", "=", True)], order="id")

    def _check_user(self):
        if not self.env.user.has_group("api_gateway.group_user"):
            raise AccessError(self.env._("Only users of the API Gateway may test its speed."))

    @api.autovacuum
    def _remove_old(self):
        old = self.sudo().search([("create_date", "<", fields.Datetime.now() - KEPT)], limit=10_000)
        old.unlink()
