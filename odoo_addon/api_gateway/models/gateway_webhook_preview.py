"""Previews a webhook's event with a real record before the webhook is saved, and shows code that checks signatures."""

import json
import uuid

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools.asker import have_group
from ..tools.domain import checked_domain
from ..tools.receiver_code import RECEIVERS
from ..webhooks.deliver import render_event
from ..webhooks.values import read_values


class GatewayWebhookPreview(models.AbstractModel):
    _name = "gateway.webhook.preview"
    _description = "Preview of a Webhook's Events"

    preview = fields.Text("Event", compute="_compute_preview")
    receiver_code = fields.Html("Check the Signature", compute="_compute_receiver_code", sanitize=False)

    @api.depends("model_id", "domain", "on_create", "on_write", "watched_field_ids", "payload_field_ids", "user_id")
    @api.depends_context("uid")
    def _compute_preview(self):
        for webhook in self:
            webhook.preview = webhook._preview()

    def _preview(self):
        """The event of the newest record that matches, as the owner reads it; or a sentence that says why there is no
        event."""
        owner = self.user_id._origin
        if not self.model_id or not owner:
            return False
        # An event contains what the webhook's owner may read. A manager who chooses another owner must not see it here.
        if owner != self.env.user and not have_group(self.env, "base.group_system"):
            return self.env._("Only the webhook's owner and administrators see what will be sent.")
        try:
            with self.env.cr.savepoint(flush=False):
                self._check_reach()
                model = self.env[self.model_id.model].with_user(owner)
                model = model.with_context(active_test=False, lang=owner.lang, tz="UTC")
                record = model.search(checked_domain(self.domain), order="id desc", limit=1)
                values = read_values(record, self.payload_field_ids.mapped("name")).get(record.id)
        except ValidationError as exc:
            return exc.args[0]
        if values is None:
            return self.env._("No record that the owner may read matches the domain.")
        job = {
            "event_id": str(uuid.uuid4()),
            "event": "create" if self.on_create else "write" if self.on_write else "unlink",
            "model": record._name,
            "res_id": record.id,
            "changed": [],
            "previous": None,
            "created_at": fields.Datetime.now(),
        }
        return json.dumps(json.loads(render_event(job, None, values)), indent=2, ensure_ascii=False)

    def _compute_receiver_code(self):
        entries = [
            Markup("<details><summary>%s</summary><pre>%s</pre></details>") % (language, code)
            for language, code in RECEIVERS.items()
        ]
        for webhook in self:
            webhook.receiver_code = Markup("").join(entries)
