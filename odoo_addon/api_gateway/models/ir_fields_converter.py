from odoo import models

from ..tools.gate import gate


class IrFieldsConverter(models.AbstractModel):
    """Looks for the records that the cells of a file name, and makes those that are missing."""

    _inherit = "ir.fields.converter"

    def db_id_for(self, model, field, subfield, value, savepoint):
        call = gate.get()
        if call and not self.env.su:
            call.loading.check_lookup(self, field, is_by_name=subfield is None)
        return super().db_id_for(model, field, subfield, value, savepoint)
