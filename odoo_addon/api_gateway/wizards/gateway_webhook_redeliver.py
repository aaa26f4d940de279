from odoo import fields, models


class GatewayWebhookRedeliver(models.TransientModel):
    _name = "gateway.webhook.redeliver"
    _inherit = ["gateway.configuration"]
    _description = "Redeliver Webhook Jobs"

    webhook_id = fields.Many2one("gateway.webhook", required=True, readonly=True, ondelete="cascade")
    since = fields.Datetime(required=True)
    which = fields.Selection(
        [("dead", "Dead letters"), ("all", "Everything, including delivered events")], required=True, default="dead"
    )

    def action_redeliver(self):
        self.ensure_one()
        self.webhook_id.check_access("write")
        self.env.cr.execute(
            "select gateway.webhook_redeliver_since(%s, %s, %s)",
            (self.webhook_id.id, self.since, "dead" if self.which == "dead" else None),
        )
        [count] = self.env.cr.fetchone()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": self.env._("%s sent again.", count),
                "type": "success" if count else "info",
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
