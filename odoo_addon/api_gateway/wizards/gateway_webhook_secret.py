from odoo import api, fields, models
from odoo.exceptions import AccessError


class GatewayWebhookSecret(models.TransientModel):
    """Shows the signing secret without ever storing it in a table of Odoo."""

    _name = "gateway.webhook.secret"
    _inherit = ["gateway.configuration"]
    _description = "Webhook Signing Secret"

    webhook_id = fields.Many2one("gateway.webhook", required=True, readonly=True, ondelete="cascade")
    secret = fields.Char(compute="_compute_secret")
    previous = fields.Char("Previous Secret", compute="_compute_secret")

    @api.depends("webhook_id")
    @api.depends_context("uid")
    def _compute_secret(self):
        for wizard in self:
            try:
                wizard.webhook_id.check_access("write")
            except AccessError:
                wizard.secret = wizard.previous = False
                continue
            secret, *others = wizard.webhook_id._signing_secrets()
            wizard.secret = secret
            wizard.previous = others[0] if others else False
