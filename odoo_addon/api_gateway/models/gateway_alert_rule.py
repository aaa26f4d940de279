import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..tools import alert_readings
from ..tools.alert_readings import EVERYONE
from ..tools.asker import own_code

_logger = logging.getLogger(__name__)

MANAGER = "api_gateway.group_manager"
ALERT = "gateway.alert"


class GatewayAlertRule(models.Model):
    """When an alert opens and closes, and who gets it. A cron reads the figures every minute."""

    _name = "gateway.alert.rule"
    _inherit = ["gateway.configuration", "mail.thread"]
    _description = "API Alert Rule"
    _order = "name, id"

    name = fields.Char(required=True, translate=True, tracking=True)
    active = fields.Boolean(default=True, tracking=True)
    metric = fields.Selection(
        [
            ("server_errors", "Share of server errors (5xx)"),
            ("refusals", "Share of refused requests (4xx)"),
            ("throttled", "Requests over a limit (429)"),
            ("dead_letters", "Dead letters of webhooks"),
            ("sidecar_gone", "No sidecar is alive"),
            ("key_expires", "A key or client expires"),
        ],
        required=True,
        default="server_errors",
        tracking=True,
    )
    callers = fields.Selection(
        [("all", "All callers together"), ("each", "Each caller separately"), ("one", "One caller")],
        required=True,
        default="each",
        tracking=True,
        help="Each caller separately: a failing program opens its own alert, even if busier programs have no errors.",
    )
    consumer = fields.Selection(selection="_list_consumers", string="Caller", tracking=True)
    threshold = fields.Float("Opens at", required=True, default=10, digits=(16, 1), tracking=True)
    closes_below = fields.Float(
        compute="_compute_closes_below",
        store=True,
        readonly=False,
        digits=(16, 1),
        tracking=True,
        help="Lower than the opening threshold, so that an alert does not open and close all the time.",
    )
    minutes = fields.Integer("Within", required=True, default=5, tracking=True)
    least_requests = fields.Integer(
        "Of at Least",
        default=20,
        tracking=True,
        help="If there are fewer requests, a share means little, so no alert opens.",
    )
    unit = fields.Char(compute="_compute_unit")
    threshold_text = fields.Char("Opens at", compute="_compute_threshold_text")

    with_activity = fields.Boolean("Activity", tracking=True)
    with_mail = fields.Boolean("E-mail", tracking=True)
    user_ids = fields.Many2many(
        "res.users",
        "gateway_alert_rule_user",
        "rule_id",
        "user_id",
        string="For",
        default=lambda self: self.env.user if self.env.user.has_group(MANAGER) else None,
        domain=lambda self: [("all_group_ids", "in", self.env.ref(MANAGER).ids)],
        help="Managers of the API Gateway.",
    )
    webhook_ids = fields.Many2many(
        "gateway.webhook",
        "gateway_alert_rule_webhook",
        "rule_id",
        "webhook_id",
        string="Webhooks",
        domain=[("model_name", "=", ALERT)],
        help="Webhooks of the model API Alert. They send an event when an alert opens, and another when it closes.",
    )
    muted_until = fields.Datetime(
        copy=False, tracking=True, help="Until this time, alerts are recorded but not delivered."
    )
    is_muted = fields.Boolean(compute="_compute_is_muted")
    alert_ids = fields.One2many(ALERT, "rule_id", "Alerts")
    open_count = fields.Integer("Open", compute="_compute_open_count")

    @api.model
    def _list_consumers(self):
        if not self.env.user.has_group(MANAGER):
            return []
        found = self.env["gateway.stat"].consumers()
        return [
            (entry["consumer"], f"{entry['name']} ({entry['user_name']})" if entry["user_name"] else entry["name"])
            for entry in found
        ]

    @api.depends("threshold", "metric")
    def _compute_closes_below(self):
        for rule in self:
            rule.closes_below = rule.threshold if rule._is_moment() else rule.threshold / 2

    @api.depends("metric")
    def _compute_unit(self):
        names = {
            "server_errors": self.env._("%"),
            "refusals": self.env._("%"),
            "throttled": self.env._("requests"),
            "dead_letters": self.env._("events"),
            "sidecar_gone": self.env._("minutes"),
            "key_expires": self.env._("days left"),
        }
        for rule in self:
            rule.unit = names.get(rule.metric)

    @api.depends("threshold", "unit")
    def _compute_threshold_text(self):
        for rule in self:
            rule.threshold_text = rule._amount(rule.threshold)

    def _amount(self, value):
        """A value of the rule's metric with its unit: `62.1 %`."""
        number = f"{value:.1f}".removesuffix(".0")
        one = {
            "throttled": self.env._("1 request"),
            "dead_letters": self.env._("1 event"),
            "sidecar_gone": self.env._("1 minute"),
            "key_expires": self.env._("1 day left"),
        }
        return (one.get(self.metric) if number == "1" else None) or f"{number} {self.unit}"

    @api.depends("muted_until")
    def _compute_is_muted(self):
        now = fields.Datetime.now()
        for rule in self:
            rule.is_muted = bool(rule.muted_until) and rule.muted_until > now

    def _compute_open_count(self):
        counts = dict(
            self.env[ALERT]._read_group([("rule_id", "in", self.ids), ("state", "=", "open")], ["rule_id"], ["__count"])
        )
        for rule in self:
            rule.open_count = counts.get(rule, 0)

    @api.constrains("threshold", "closes_below", "minutes", "metric", "callers", "consumer", "user_ids", "webhook_ids")
    def _check_rule(self):
        for rule in self:
            if not rule.threshold > 0 or not 0 < rule.closes_below <= rule.threshold:
                raise ValidationError(
                    self.env._(
                        "Both thresholds must be above zero, and the closing one must not be above the opening one."
                    )
                )
            if rule._is_share() and rule.threshold > 100:
                raise ValidationError(self.env._("A share is at most 100 %."))
            if not 1 <= rule.minutes <= 24 * 60:
                raise ValidationError(self.env._("The period of a rule is 1 to 1440 minutes (a day)."))
            if rule._is_of_callers() and rule.callers == "one" and not rule.consumer:
                raise ValidationError(self.env._("Choose the caller that the rule watches."))
            strangers = rule.user_ids.filtered(lambda user: not user.has_group(MANAGER))
            if strangers:
                raise ValidationError(
                    self.env._("%s may not see alerts. Choose managers of the API Gateway.", strangers[0].name)
                )
            if any(webhook.model_name != ALERT for webhook in rule.webhook_ids):
                raise ValidationError(self.env._("Alerts go to webhooks of the model API Alert."))

    def _is_share(self):
        return self.metric in ("server_errors", "refusals")

    def _is_of_callers(self):
        return self._is_share() or self.metric == "throttled"

    def _is_moment(self):
        """Whether the metric needs no lower threshold for closing: a key is either renewed or not, and a sidecar is
        either back or not."""
        return self.metric in ("sidecar_gone", "key_expires")

    @api.ondelete(at_uninstall=False)
    def _unlink_alerts(self):
        # If Postgres deleted the alerts by cascade, their activities would remain.
        with own_code():
            alerts = self.env[ALERT].sudo().search([("rule_id", "in", self.ids)])
            alerts.filtered(lambda alert: alert.state == "open")._close()
            alerts.unlink()

    # --- Actions

    def action_mute_hour(self):
        self._mute(timedelta(hours=1))

    def action_mute_day(self):
        self._mute(timedelta(days=1))

    def action_unmute(self):
        self.write({"muted_until": False})

    def _mute(self, time):
        self.write({"muted_until": fields.Datetime.now() + time})

    def action_view_alerts(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("api_gateway.gateway_alert_action")
        return {**action, "domain": [("rule_id", "=", self.id)], "context": {}}

    # --- The check

    @api.model
    def _cron_check(self):
        """Called by a cron every minute: opens, renews and closes alerts, and delivers those that were opened or
        closed."""
        for rule in self.search([("active", "=", True)]):
            try:
                with self.env.cr.savepoint():
                    rule._check_now()
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                raise
            except Exception:  # a rule that fails must not silence the others
                _logger.exception("alert rule %s could not be checked", rule.id)
        self.env[ALERT].search([("state", "=", "open"), ("rule_id.active", "=", False)])._close()
        self.env[ALERT]._forget_old()

    def _check_now(self):
        open_ones = self.env[ALERT].search([("rule_id", "=", self.id), ("state", "=", "open")])
        known = {alert.subject: alert for alert in open_ones}
        readings = alert_readings.read(self.env, self, known.keys())
        for subject, value in readings.items():
            alert = known.get(subject)
            if alert and self._holds(value):
                alert._repeat(value)
            elif not alert and self._opens(value):
                known[subject] = self.env[ALERT]._open(self, subject, value)
        over = [alert for subject, alert in known.items() if not self._holds(readings.get(subject))]
        self.env[ALERT].union(*over)._close()
        if not self.is_muted:
            self.env[ALERT].search([("rule_id", "=", self.id), ("state", "=", "open"), ("is_sent", "=", False)])._send()

    def _opens(self, value):
        return value <= self.threshold if self.metric == "key_expires" else value >= self.threshold

    def _holds(self, value):
        """Whether an open alert stays open. It closes if there is no reading."""
        if value is None:
            return False
        return self._opens(value) if self._is_moment() else value >= self.closes_below

    def _subject_name(self, subject):
        """The name of a subject; None for all callers together."""
        if subject == EVERYONE:
            return None
        if self.metric == "key_expires":
            kind, _, number = subject.partition(":")
            model = {"gateway_key": "gateway.key", "client": "gateway.client", "odoo_key": "res.users.apikeys"}[kind]
            return self.env[model].sudo().browse(int(number)).name
        entries = [entry for entry in self.env["gateway.stat"]._consumers_of(None) if entry["consumer"] == subject]
        self.env["gateway.stat"]._name_consumers(entries)
        return entries[0]["name"] if entries else subject
