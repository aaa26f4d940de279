from odoo import api, fields, models

from ..tools.narrowing import check_ip_list, lines


class GatewayIpBlockNever(models.TransientModel):
    _name = "gateway.ip.block.never"
    _inherit = ["gateway.configuration"]
    _description = "Never-block List"

    addresses = fields.Text(
        default=lambda self: self.env["gateway.ip.block"]._never_blocked(),
        help="One address or network per line. Their violations are not counted, and blocks do not apply to them.",
    )

    @api.constrains("addresses")
    def _check_addresses(self):
        for wizard in self:
            check_ip_list(self.env, wizard.addresses)

    def action_save(self):
        self.ensure_one()
        self.check_access("write")
        self.env["gateway.ip.block"]._set_never_blocked("\n".join(lines(self.addresses)))
        return {"type": "ir.actions.client", "tag": "soft_reload"}
