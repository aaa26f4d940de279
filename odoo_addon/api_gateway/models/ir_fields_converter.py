from odoo import models

from ..tools.gate import gate


class IrFieldsConverter(models.AbstractModel):
    """Finds the records to which a file's cells refer, and creates missing ones."""

    _inherit = "ir.fields.converter"

    def db_id_for(self, model, field, subfield, value, savepoint):
        call = gate.get()
        if call and not self.env.su:
            call.loading.check_lookup(self, field, is_by_name=subfield is None)
        return super().db_id_for(model, field, subfield, value, savepoint)
