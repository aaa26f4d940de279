import uuid
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.fields import Domain

from ..tools.domain import parse_domain
from ..webhooks.deliver import render_event
from ..webhooks.values import read_values

KEPT = timedelta(days=366)
MOST_SHOWN = 100
MOST_NAMED = 3
ACTIVITY = "mail.mail_activity_data_warning"


class GatewayAlert(models.Model):
    """The alerts of rules: those that are open, and the history. Only the rules' cron writes them."""

    _name = "gateway.alert"
    _inherit = ["gateway.configuration", "mail.thread", "mail.activity.mixin"]
    _description = "API Alert"
    _order = "id desc"
    # Managers can only read alerts. They may still write messages about an alert, and mark its activity as done.
    _mail_post_access = "read"

    name = fields.Char("Alert", compute="_compute_name")
    rule_id = fields.Many2one("gateway.alert.rule", required=True, readonly=True, index=True, ondelete="cascade")
    metric = fields.Selection(related="rule_id.metric")
    subject = fields.Char(
        required=True, readonly=True, help="Identifies the caller or the credential, as in the figures."
    )
    subject_name = fields.Char("About", readonly=True)
    state = fields.Selection([("open", "Open"), ("closed", "Closed")], required=True, default="open", readonly=True)
    opened_at = fields.Datetime("Opened", required=True, readonly=True)
    closed_at = fields.Datetime("Closed", readonly=True)
    value = fields.Float("At Opening", readonly=True, digits=(16, 1), aggregator=None)
    last_value = fields.Float("Now", readonly=True, digits=(16, 1), aggregator=None)
    worst_value = fields.Float("Worst", readonly=True, digits=(16, 1), aggregator=None)
    value_text = fields.Char("At Opening", compute="_compute_texts")
    last_text = fields.Char("Now", compute="_compute_texts")
    worst_text = fields.Char("Worst", compute="_compute_texts")
    times = fields.Integer(
        "Checks", readonly=True, help="The number of checks (one a minute) that have found the problem."
    )
    is_sent = fields.Boolean("Delivered", readonly=True, help="Not set if the rule was muted.")

    _open_once = models.UniqueIndex("(rule_id, subject) WHERE state = 'open'")

    @api.depends("rule_id.name", "subject_name")
    @api.depends_context("lang")
    def _compute_name(self):
        for alert in self:
            about = alert.subject_name
            alert.name = f"{alert.rule_id.name}: {about}" if about else alert.rule_id.name

    @api.depends("value", "last_value", "worst_value", "rule_id.unit")
    def _compute_texts(self):
        for alert in self:
            for name in ("value", "last", "worst"):
                value = alert["value" if name == "value" else f"{name}_value"]
                alert[f"{name}_text"] = alert.rule_id._amount(value)

    @api.model
    def _open(self, rule, subject, value):
        return self.create(
            {
                "rule_id": rule.id,
                "subject": subject,
                "subject_name": rule._subject_name(subject),
                "opened_at": fields.Datetime.now(),
                "value": value,
                "last_value": value,
                "worst_value": value,
                "times": 1,
            }
        )

    def _repeat(self, value):
        worst = min if self.rule_id.metric == "key_expires" else max
        self.write({"last_value": value, "worst_value": worst(self.worst_value, value), "times": self.times + 1})

    def _close(self):
        for alert in self:
            alert.write({"state": "closed", "closed_at": fields.Datetime.now()})
            alert.activity_unlink([ACTIVITY])
            if alert.is_sent:
                alert._post_to_webhooks("write", ["closed_at", "state"])

    @api.model
    def _forget_old(self):
        self.search([("closed_at", "<", fields.Datetime.now() - KEPT)], limit=1000).unlink()

    def _send(self):
        for alert in self:
            rule = alert.rule_id
            for user in rule.user_ids.filtered(lambda user: user.has_group("api_gateway.group_manager")):
                own = alert.with_context(lang=user.lang)
                if rule.with_activity:
                    # Odoo sends no mail of its own about the activity: the rule says whether a mail is sent.
                    own.with_context(mail_activity_quick_update=True).activity_schedule(
                        ACTIVITY, summary=own.name, note=Markup("<p>%s</p>") % own._sentence(), user_id=user.id
                    )
                if rule.with_mail:
                    own._send_mail(user.partner_id)
            alert._post_to_webhooks("create", [])
            alert.is_sent = True

    def _sentence(self):
        """The problem, in the user's language."""
        rule, names = (
            self.rule_id,
            {"value": f"{self.last_value:.1f}".removesuffix(".0"), "minutes": self.rule_id.minutes},
        )
        who = self.subject_name or self.env._("All callers together")
        if rule.metric == "server_errors":
            return self.env._(
                "%(who)s: %(value)s %% of the last %(minutes)s minutes' requests failed (5xx).", who=who, **names
            )
        if rule.metric == "refusals":
            return self.env._(
                "%(who)s: %(value)s %% of the last %(minutes)s minutes' requests were refused (4xx).", who=who, **names
            )
        if rule.metric == "throttled":
            return self.env._(
                "%(who)s: %(value)s requests of the last %(minutes)s minutes were over a limit (429).", who=who, **names
            )
        if rule.metric == "dead_letters":
            return self.env._("Dead letters of webhooks in the last %(minutes)s minutes: %(value)s.", **names)
        if rule.metric == "sidecar_gone":
            return self.env._("No sidecar has been alive for %(value)s minutes. Callers get no answers.", **names)
        return self.env._("Days until “%(who)s” expires: %(value)s.", who=who, **names)

    def _send_mail(self, partner):
        link = f"{self.get_base_url()}/odoo/gateway-alerts/{self.id}"
        body = Markup('<p>%s</p><p><a href="%s">%s</a></p>') % (self._sentence(), link, self.env._("Open the alert"))
        self.env["mail.mail"].sudo().create(
            {
                "subject": self.env._("API Gateway: %s", self.name),
                "body_html": body,
                "recipient_ids": [fields.Command.set(partner.ids)],
                "auto_delete": True,
            }
        )
        # Odoo's queue runs once an hour. An alert should not wait for that.
        self.env.ref("mail.ir_cron_mail_scheduler_action")._trigger()

    def _post_to_webhooks(self, event, changed):
        """Puts the alert into the outbox of its rule's webhooks, with a finished body. For other events, the record is
        read over the channel later, but the channel gives no access to the gateway's models."""
        for webhook in self.rule_id.webhook_ids.filtered("active"):
            if not webhook[f"on_{event}"] or not self.filtered_domain(Domain(parse_domain(webhook.domain))):
                continue
            self._queue(webhook, event, changed)

    def _queue(self, webhook, event, changed=()):
        """Adds a job to the outbox and returns its id."""
        job = {
            "event_id": str(uuid.uuid4()),
            "event": event,
            "model": self._name,
            "res_id": self.id,
            "changed": list(changed),
            "previous": None,
            "created_at": fields.Datetime.now(),
        }
        own = self.with_user(webhook.user_id).with_context(lang=webhook.user_id.lang)
        values = (
            read_values(own, webhook.payload_field_ids.mapped("name")).get(self.id) if own.has_access("read") else None
        )
        self.env.cr.execute(
            """
            insert into gateway.webhook_job (event_id, webhook_id, event, model, res_id, changed, body, created_at)
            values (%s, %s, %s, %s, %s, %s, %s, %s)
            returning id
            """,
            (
                job["event_id"],
                webhook.id,
                event,
                self._name,
                self.id,
                job["changed"],
                render_event(job, None, values),
                job["created_at"],
            ),
        )
        return self.env.cr.fetchone()[0]

    @api.model
    def _shown(self):
        """The rules that are not muted and have open alerts, for the dashboard: `[{id, metric, name, text, alerts}]`.
        `alerts` are the ids of the alerts. `text` describes a single alert, or names the subjects of the first few."""
        now = fields.Datetime.now()
        audible = ["|", ("rule_id.muted_until", "=", False), ("rule_id.muted_until", "<=", now)]
        found = self._read_group([("state", "=", "open"), *audible], ["rule_id"], ["id:recordset"])
        return [
            {
                "id": rule.id,
                "metric": rule.metric,
                "name": rule.name,
                "text": alerts._sentence() if len(alerts) == 1 else alerts._sentence_of_many(),
                "alerts": alerts.ids[:MOST_SHOWN],
            }
            for rule, alerts in found
        ]

    def _sentence_of_many(self):
        """The number of open alerts of one rule, and the names of the first few subjects."""
        names = ", ".join(alert.subject_name or alert.subject for alert in self[:MOST_NAMED])
        if len(self) > MOST_NAMED:
            return self.env._("%(count)s are open: %(names)s, …", count=len(self), names=names)
        return self.env._("%(count)s are open: %(names)s.", count=len(self), names=names)
