from odoo import api, models
from odoo.exceptions import ValidationError


class MailAlias(models.Model):
    _inherit = "mail.alias"

    @api.constrains("alias_model_id")
    def _check_gateway_model(self):
        if any((alias.sudo().alias_model_id.model or "").startswith("gateway.") for alias in self):
            raise ValidationError(self.env._("The gateway is not configured by mail."))
