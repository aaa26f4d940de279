"""Guards the ways into users' accounts when a flow of Odoo would change them for a caller: a lead's e-mail address
becomes its contact's, an employee's becomes the user's."""

from odoo import models

from ..tools.gate import gate


class ResPartner(models.Model):
    _inherit = "res.partner"

    def write(self, vals):
        if call := gate.get():
            call.check_doors(self, vals)
        return super().write(vals)
