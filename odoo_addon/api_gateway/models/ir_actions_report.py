"""A printed document may contain a link with which anyone can open it. Odoo's invoice has one, even as a QR code."""

from odoo import api, models

from ..tools.document_links import are_hidden, mask


class IrActionsReport(models.Model):
    _inherit = "ir.actions.report"

    def _render_template(self, template, values=None):
        html = super()._render_template(template, values)
        return mask(html.decode()).encode() if are_hidden() else html

    @api.model
    def barcode(self, barcode_type, value, **kwargs):
        shown = mask(value) if are_hidden() and isinstance(value, str) else value
        return super().barcode(barcode_type, shown, **kwargs)
