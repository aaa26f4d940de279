"""How much of its limits a profile's busiest caller has used."""

from odoo import api, fields, models

WINDOWS = ("minute", "hour", "day")


class GatewayProfile(models.Model):
    _inherit = "gateway.profile"

    minute_used = fields.Integer("Used This Minute", compute="_compute_usage")
    hour_used = fields.Integer("Used This Hour", compute="_compute_usage")
    day_used = fields.Integer("Used Today", compute="_compute_usage")
    minute_resets_at = fields.Datetime(compute="_compute_usage")
    hour_resets_at = fields.Datetime(compute="_compute_usage")
    day_resets_at = fields.Datetime(compute="_compute_usage")

    def _subjects(self):
        """The throttle subjects that may count under this profile."""
        self.ensure_one()
        users = self.user_ids | self.key_ids.sudo().user_id | self.client_ids.sudo().user_id
        native_keys = self.env["res.users.apikeys"].sudo().search([("user_id", "in", self.user_ids.ids)])
        return [
            *(f"user:{user_id}" for user_id in users.ids),
            *(f"odoo_key:{key_id}" for key_id in native_keys.ids),
            *(f"gateway_key:{key_id}" for key_id in (self.key_ids | self.user_ids.sudo().gateway_key_ids).ids),
            *(f"client:{client_id}" for client_id in self.client_ids.ids),
        ]

    def _compute_usage(self):
        for profile in self:
            busiest = self._busiest(profile._subjects()) if profile._origin else {}
            for period in WINDOWS:
                window = busiest.get(period)
                profile[f"{period}_used"] = window.used if window else 0
                profile[f"{period}_resets_at"] = window.resets_at if window else False

    @api.model
    def _busiest(self, subjects):
        """The windows with the most requests, by period."""
        windows = self.env["gateway.throttle"].search([("subject", "in", subjects)], order="used")
        return {window.period: window for window in windows}

    def action_open_throttles(self):
        action = self.env["ir.actions.act_window"]._for_xml_id("api_gateway.gateway_throttle_action")
        return {**action, "domain": [("subject", "in", self._subjects())], "context": {}}
