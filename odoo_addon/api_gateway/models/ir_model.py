from odoo import api, models, tools

from ..tools.columns import read_columns


class IrModel(models.Model):
    _inherit = "ir.model"

    @api.model
    @tools.ormcache("model_name")
    def _gateway_view_columns(self, model_name):
        """The real columns of a model without a table of its own."""
        return read_columns(self.env, self.env[model_name]._table)
