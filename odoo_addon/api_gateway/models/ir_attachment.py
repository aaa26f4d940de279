from odoo import models

from ..tools.gate import RowError, gate


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    def write(self, vals):
        result = super().write(vals)
        call = gate.get()
        if call and not self.env.su and {"res_model", "res_field", "type", "url"} & vals.keys():
            domain = call.rows.domain(self.env, self._name, "create")
            if refused := self - self.sudo().filtered_domain(domain):
                raise RowError(refused, call.rows.missing_scope(refused, "create"))
        # A caller that may only write could make a file public and then read it.
        if call and not self.env.su and vals.get("public"):
            domain = call.rows.domain(self.env, self._name, "read")
            if refused := self - self.sudo().filtered_domain(domain):
                raise RowError(refused, call.rows.missing_scope(refused, "read"))
        return result

    def _check_contents(self, values):
        # Odoo serves an HTML file as a page only if its author may write views.
        if (call := gate.get()) and call.is_narrowed:
            self = self.with_context(attachments_mime_plainxml=True)
        return super()._check_contents(values)
