from odoo import models

from .base import RowError, is_guarded, rows


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    def write(self, vals):
        result = super().write(vals)
        if not self.env.su and (reached := rows.get()) and {"res_model", "res_field", "type", "url"} & vals.keys():
            domain = reached.domain(self.env, self._name, "create")
            if refused := self - self.sudo().filtered_domain(domain):
                raise RowError(refused)
        return result

    def _check_contents(self, values):
        # Odoo shows a page as a page only if its author may write views.
        guarded = is_guarded.get()
        if guarded is not None and guarded("ir.ui.view"):
            self = self.with_context(attachments_mime_plainxml=True)
        return super()._check_contents(values)
