import base64
import time
from datetime import timedelta
from urllib.parse import urlsplit

from odoo import api, fields, models, tools
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain

from ..tools.asker import have_group, is_own
from ..tools.domain import checked_domain, parse_domain
from ..tools.secret_fields import is_secret
from ..webhooks import take_over
from ..webhooks.watch import Hook, watch_of

TEST_WAIT_S = 12
# The only model of the gateway with events. `gateway_alert.py` queues them; other changes are not captured.
ALERT = "gateway.alert"


class GatewayWebhook(models.Model):
    _name = "gateway.webhook"
    _description = "Webhook"
    _inherit = ["gateway.configuration", "gateway.webhook.health", "gateway.webhook.preview", "mail.thread"]
    _order = "name, id"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True, tracking=True)
    url = fields.Char("URL", required=True, tracking=True, help="Events are posted to this address.")
    model_id = fields.Many2one(
        "ir.model",
        required=True,
        ondelete="cascade",
        domain=[("transient", "=", False), ("abstract", "=", False)],
    )
    model_name = fields.Char(related="model_id.model", store=True, string="Technical Model", precompute=True)
    on_create = fields.Boolean("Created", default=True)
    on_write = fields.Boolean("Changed", default=True)
    on_unlink = fields.Boolean("Deleted", default=True)
    domain = fields.Char(
        default="[]",
        help="Only for records that match after the change; deleted ones must have matched before.",
    )
    watched_field_ids = fields.Many2many(
        "ir.model.fields",
        "gateway_webhook_watched_field",
        "webhook_id",
        "field_id",
        string="Watched Fields",
        domain="[('model_id', '=', model_id), ('store', '=', True), ('name', 'not in', "
        "('id', 'create_uid', 'create_date', 'write_uid', 'write_date', 'parent_path'))]",
        help="Send an event when one of these fields changes. Empty: any stored field.",
    )
    payload_field_ids = fields.Many2many(
        "ir.model.fields",
        "gateway_webhook_payload_field",
        "webhook_id",
        "field_id",
        string="Fields Sent",
        domain="[('model_id', '=', model_id), ('ttype', '!=', 'binary')]",
        help="Empty: all stored fields that the owner may read, except binary ones.",
    )
    with_previous = fields.Boolean("Send Previous Values", default=True)
    user_id = fields.Many2one(
        "res.users",
        "Owner",
        required=True,
        default=lambda self: self.env.user,
        tracking=True,
        copy=False,
        domain=[("share", "=", False)],
        help="Events contain what this user may read. Records that the user may not see cause no events.",
    )
    header_ids = fields.One2many("gateway.webhook.header", "webhook_id", "Headers")
    concurrency = fields.Integer("Requests at Once", help="Empty: as in the settings.")
    note = fields.Text("Notes")

    # --- Checks

    @api.constrains("url")
    def _check_url(self):
        for webhook in self:
            parts = urlsplit(webhook.url)
            if parts.scheme not in ("http", "https") or not parts.hostname or len(webhook.url) > 2048:
                raise ValidationError(self.env._("The URL must be complete and begin with https:// or http://."))
            if parts.username is not None or parts.password is not None:
                raise ValidationError(
                    self.env._("Do not put credentials into the URL. Use a header: its value is kept secret.")
                )

    @api.constrains("concurrency")
    def _check_concurrency(self):
        if any(not 0 <= webhook.concurrency <= 100 for webhook in self):
            raise ValidationError(self.env._("A webhook sends between 1 and 100 requests at once."))

    @api.constrains("on_create", "on_write", "on_unlink")
    def _check_events(self):
        if any(not (webhook.on_create or webhook.on_write or webhook.on_unlink) for webhook in self):
            raise ValidationError(self.env._("Choose at least one event."))

    @api.constrains("model_id", "user_id", "domain", "watched_field_ids", "payload_field_ids")
    def _check_reach(self):
        hidden = self._hidden_models()
        for webhook in self:
            name = webhook.model_name
            if (
                name not in self.env
                or self.env[name]._abstract
                or self.env[name]._transient
                or (hidden(name) and name != ALERT)
            ):
                raise ValidationError(self.env._("Webhooks cannot watch the model %s.", name))
            if webhook.user_id.id == api.SUPERUSER_ID:
                raise ValidationError(self.env._("The superuser cannot own a webhook."))
            model = self.env[name].with_user(webhook.user_id)
            if not model.has_access("read"):
                raise ValidationError(
                    self.env._(
                        "%(owner)s may not read %(model)s.", owner=webhook.user_id.name, model=webhook.model_id.name
                    )
                )
            webhook._check_fields(model, hidden)
            webhook._check_domain(model)

    def _check_fields(self, model, hidden):
        for field in self.watched_field_ids | self.payload_field_ids:
            if field.model_id != self.model_id:
                raise ValidationError(self.env._("%s is a field of another model.", field.display_name))
            found = model._fields.get(field.name)
            hides = found is not None and found.relational and hidden(found.comodel_name)
            if found is None or hides or is_secret(found) or not model._has_field_access(found, "read"):
                owner = self.user_id.name
                raise ValidationError(
                    self.env._("%(owner)s may not read the field %(field)s.", owner=owner, field=field.display_name)
                )
        for field in self.watched_field_ids:
            found = model._fields[field.name]
            if not found.store or not (found.column_type or found.type in ("one2many", "many2many")):
                raise ValidationError(
                    self.env._("%s cannot be watched: it is not stored in the model's table.", field.display_name)
                )
        if any(field.ttype == "binary" for field in self.payload_field_ids):
            raise ValidationError(self.env._("Files are not sent. Send the id and let the receiver fetch the file."))

    def _check_domain(self, model):
        try:
            domain = Domain(checked_domain(self.domain))
            domain.validate(model)
            model.search(domain, limit=1)
        except (ValueError, SyntaxError, KeyError, TypeError, AccessError) as exc:
            raise ValidationError(self.env._("The domain cannot be used: %s", exc)) from exc

    def _hidden_models(self):
        self.env.cr.execute("select gateway.never_exposed_models()")
        [patterns] = self.env.cr.fetchone()
        exact = frozenset(patterns)
        prefixes = tuple(pattern[:-1] for pattern in patterns if pattern.endswith("*"))
        return lambda name: name in exact or name.startswith(prefixes)

    # --- Watched models

    @api.model
    @tools.ormcache(cache="stable")
    def _watched(self):
        """{model name: Watch}. Every write of every model calls this, so it makes no query as long as no webhook has
        changed."""
        hooks = {}
        for webhook in self.sudo().search([("active", "=", True)]):
            if webhook.model_name in self.env:
                hooks.setdefault(webhook.model_name, []).append(webhook._hook())
        hidden = self._hidden_models() if hooks else None
        return {name: watch_of(self.env[name], found, hidden) for name, found in hooks.items() if not hidden(name)}

    def _hook(self):
        events = {"create": self.on_create, "write": self.on_write, "unlink": self.on_unlink}
        return Hook(
            self.id,
            frozenset(event for event, wanted in events.items() if wanted),
            self.user_id.id,
            parse_domain(self.domain),
            frozenset(self.watched_field_ids.mapped("name")),
            tuple(sorted(self.payload_field_ids.mapped("name"))),
            self.with_previous,
        )

    # --- Create and write

    @api.model_create_multi
    def create(self, vals_list):
        webhooks = super().create(vals_list)
        webhooks._check_owner()
        self.env.registry.clear_cache("stable")
        return webhooks

    def write(self, vals):
        result = super().write(vals)
        if "user_id" in vals:
            self._check_owner()
        self.env.registry.clear_cache("stable")
        return result

    def _write_multi(self, vals_list):
        # The flush itself reads the watches, just before the columns change. So the cached watches must be dropped
        # afterwards.
        result = super()._write_multi(vals_list)
        self.env.registry.clear_cache("stable")
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache("stable")
        return result

    def copy_data(self, default=None):
        copies = zip(self, super().copy_data(default), strict=True)
        return [dict(vals, name=self.env._("%s (copy)", webhook.name)) for webhook, vals in copies]

    def _check_owner(self):
        """Events contain everything that the owner may read, so only administrators may choose another user as the
        owner."""
        if not have_group(self.env, "base.group_system") and not is_own(self, "user_id"):
            raise AccessError(self.env._("Only an administrator may make another user the owner of a webhook."))

    # --- Actions

    def action_rotate_secret(self):
        self.ensure_one()
        self.check_access("write")
        self.env.cr.execute("select gateway.webhook_rotate(%s)", (self.id,))
        self.message_post(body=self.env._("The signing secret was rotated."))
        return self.action_show_secret()

    def action_show_secret(self):
        self.ensure_one()
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Signing Secret"),
            "res_model": "gateway.webhook.secret",
            "view_mode": "form",
            "target": "new",
            "context": {"default_webhook_id": self.id},
        }

    def _signing_secrets(self):
        """The valid secrets in the format of Standard Webhooks, newest first."""
        self.env.cr.execute("select value from gateway.secrets(%s)", (f"webhook:{self.id}",))
        return ["whsec_" + base64.b64encode(value).decode() for (value,) in self.env.cr.fetchall()]

    def action_view_jobs(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("api_gateway.gateway_webhook_job_action")
        action["domain"] = [("webhook_id", "=", self.id)]
        action["context"] = {"search_default_dead": 1} if self.env.context.get("dead") else {}
        return action

    def action_redeliver(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Redeliver"),
            "res_model": "gateway.webhook.redeliver",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_webhook_id": self.id,
                "default_since": fields.Datetime.now() - timedelta(days=1),
            },
        }

    def action_send_test(self):
        """Sends the newest matching record as an event of type `test` and shows the answer."""
        self.ensure_one()
        self.check_access("write")
        if not self.active:
            raise UserError(self.env._("Activate the webhook first."))
        model = self.env[self.model_name].with_user(self.user_id).with_context(active_test=False)
        sample = model.search(parse_domain(self.domain), order="id desc", limit=1)
        if not sample:
            raise UserError(
                self.env._("There is nothing to send: no record that the owner may read matches the domain.")
            )
        # The job is committed at once, because otherwise the sidecars would not see the event while this request waits
        # for the answer.
        with self.pool.cursor() as cr:
            job_id = self._queue_test(sample.with_env(self.env(cr=cr, su=True)))
        if self.env["gateway.sidecar"]._all_gone():
            with self.pool.cursor() as cr:
                # With a limit of 0, only test events are claimed.
                take_over.run(self.with_env(self.env(cr=cr, su=True)), 0)
        else:
            self._wait_for(job_id)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Test"),
            "res_model": "gateway.webhook.job",
            "res_id": job_id,
            "view_mode": "form",
            "target": "new",
        }

    def _queue_test(self, sample):
        if sample._name == ALERT:
            return sample._queue(self.with_env(sample.env), "test")
        sample.env.cr.execute(
            """
            insert into gateway.webhook_job (webhook_id, event, model, res_id)
            values (%s, 'test', %s, %s)
            returning id
            """,
            (self.id, sample._name, sample.id),
        )
        return sample.env.cr.fetchone()[0]

    def _wait_for(self, job_id):
        until = time.monotonic() + TEST_WAIT_S
        while time.monotonic() < until:
            with self.pool.cursor() as cr:
                cr.execute("select state <> 'queued' from gateway.webhook_job where id = %s", (job_id,))
                if cr.fetchone()[0]:
                    return
            time.sleep(0.1)

    @api.model
    def _cron_take_over(self, most=50):
        """Called by a cron every minute: delivers up to `most` jobs while no sidecar is alive. As with a sidecar, a
        record's later job is sent only after the earlier one has been accepted."""
        self._announce_pauses()
        if self.env["gateway.sidecar"]._all_gone():
            take_over.run(self, most)
