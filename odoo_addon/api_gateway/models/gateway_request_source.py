"""Links from a profile, a key or a client to its requests."""

from odoo import fields, models

# The figures and the log name a credential by its kind and number. These are the kinds.
CONSUMER_KINDS = {"gateway.key": "gateway_key", "gateway.client": "client"}


class GatewayRequestSource(models.AbstractModel):
    _name = "gateway.request.source"
    _description = "Source of API Requests"

    request_count = fields.Integer("Requests in 30 Days", compute="_compute_request_count")

    def _compute_request_count(self):
        for record in self:
            record.request_count = record._count_requests() if record.id else 0

    def _count_requests(self):
        kind = CONSUMER_KINDS[self._name]
        self.env.cr.execute(
            """
            select (gateway.stat_totals(now - interval '30 days', now + interval '1 minute', %s) ->> 'requests')::bigint
            from gateway.utc_now() now
            """,
            ([f"{kind}:{self.id}"],),
        )
        return self.env.cr.fetchone()[0]

    def _request_domain(self):
        return [("consumer", "in", [f"{CONSUMER_KINDS[self._name]}:{record.id}" for record in self])]

    def action_open_requests(self):
        action = self.env["ir.actions.act_window"]._for_xml_id("api_gateway.gateway_request_log_action")
        return {**action, "domain": self._request_domain(), "display_name": self.env._("Requests")}


class GatewayKey(models.Model):
    _name = "gateway.key"
    _inherit = ["gateway.key", "gateway.request.source"]


class GatewayClient(models.Model):
    _name = "gateway.client"
    _inherit = ["gateway.client", "gateway.request.source"]


class GatewayProfile(models.Model):
    _name = "gateway.profile"
    _inherit = ["gateway.profile", "gateway.request.source"]

    def _count_requests(self):
        return self.env["gateway.request.log"].search_count(self._request_domain(), limit=100_000)

    def _request_domain(self):
        return [("profile_id", "in", self.ids)]
