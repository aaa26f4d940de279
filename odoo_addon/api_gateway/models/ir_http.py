from odoo import models
from odoo.http import request


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _auth_method_gateway(cls):
        """Who signed the body may name the user of each call; see executor/channel.py."""
        request.dispatcher.authenticate()

    @classmethod
    def _pre_dispatch(cls, rule, args):
        # Odoo reads the upload limit and a default language here; the channel carries both itself.
        if rule.endpoint.routing["type"] == "gateway":
            return request.dispatcher.pre_dispatch(rule, args)
        return super()._pre_dispatch(rule, args)
