"""Applies the caller's checks (executor/doors.py) to contacts that Odoo's own code changes. For example, changing a
lead's e-mail address also changes its contact's, and changing an employee's also changes the user's."""

from odoo import models

from ..tools.gate import gate


class ResPartner(models.Model):
    _inherit = "res.partner"

    def write(self, vals):
        if call := gate.get():
            call.check_doors(self, vals)
        return super().write(vals)
