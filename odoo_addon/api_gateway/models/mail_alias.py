from odoo import api, models
from odoo.exceptions import ValidationError


class MailAlias(models.Model):
    _inherit = "mail.alias"

    @api.constrains("alias_model_id", "alias_parent_model_id")
    def _check_gateway_model(self):
        for alias in self:
            for model in (alias.alias_model_id | alias.alias_parent_model_id).sudo():
                if model.model.startswith("gateway."):
                    raise ValidationError(self.env._("A mail alias cannot use the model %s.", model.name))
