import ipaddress

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..tools.narrowing import check_ip_list, lines
from ..tools.own_transaction import in_own_transaction


class GatewayIpBlockAdd(models.TransientModel):
    _name = "gateway.ip.block.add"
    _inherit = ["gateway.configuration"]
    _description = "Block an Address"

    network = fields.Char("Address or Network", required=True)
    minutes = fields.Integer(default=60, help="Empty: until someone unblocks it.")
    note = fields.Char()

    @api.constrains("network")
    def _check_network(self):
        for wizard in self:
            check_ip_list(self.env, wizard.network)
            if len(lines(wizard.network)) != 1:
                raise ValidationError(self.env._("Enter one address or network at a time."))
            if wizard._parsed().is_loopback:
                raise ValidationError(self.env._("Loopback is never blocked."))

    @api.constrains("minutes")
    def _check_minutes(self):
        for wizard in self:
            if not 0 <= wizard.minutes <= 527_040:
                raise ValidationError(self.env._("Choose 0 to 527040 minutes (a year)."))

    def _parsed(self):
        [entry] = lines(self.network)
        return ipaddress.ip_network(entry, strict=False)

    def action_block(self):
        self.ensure_one()
        self.check_access("write")
        network = self._parsed()
        mapped = getattr(network.network_address, "ipv4_mapped", None)
        if mapped:
            # The gateway treats such an address as the IPv4 address inside it.
            network = ipaddress.ip_network(f"{mapped}/{max(0, network.prefixlen - 96)}", strict=False)
        for entry in lines(self.env["gateway.ip.block"]._never_blocked()):
            never = ipaddress.ip_network(entry, strict=False)
            if never.version == network.version and network.subnet_of(never):
                raise UserError(
                    self.env._("%(network)s is on the never-block list (%(entry)s).", network=network, entry=entry)
                )
        in_own_transaction(
            self.env,
            "select gateway.block_network(%s::cidr, %s, %s, %s)",
            (str(network), self.minutes or None, self.env.uid, self.note or None),
        )
        return {"type": "ir.actions.client", "tag": "soft_reload"}
