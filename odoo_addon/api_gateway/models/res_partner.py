"""Protects access to users' accounts when one of Odoo's processes would change it for a caller: a lead's e-mail address
becomes its contact's, an employee's becomes the user's."""

from odoo import models

from ..tools.gate import gate


class ResPartner(models.Model):
    _inherit = "res.partner"

    def write(self, vals):
        if call := gate.get():
            call.check_doors(self, vals)
        return super().write(vals)
