"""The doors of users' accounts stay where they are, whichever flow of Odoo's would move them for a caller: a lead's
e-mail address becomes its contact's, an employee's the one of the user."""

from odoo import models

from ..tools.gate import gate


class ResPartner(models.Model):
    _inherit = "res.partner"

    def write(self, vals):
        if call := gate.get():
            call.check_doors(self, vals)
        return super().write(vals)
