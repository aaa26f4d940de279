import ipaddress

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..tools.narrowing import check_ip_list, lines
from ..tools.own_transaction import in_own_transaction

NEVER = "ip_block.never"


class GatewayIpBlock(models.Model):
    """Addresses whose requests the sidecars refuse."""

    _name = "gateway.ip.block"
    _description = "IP Block"
    _auto = False
    _log_access = False
    _order = "blocked_at desc, id desc"
    _rec_name = "network"
    _table_query = """
        select
          id, network::text as network, violations, note, blocked_by, blocked_at, blocked_until,
          case when blocked_until <= gateway.utc_now() then 'ended' else 'blocked' end as state
        from gateway.ip_block
    """

    network = fields.Char("Address", readonly=True, help="One IPv4 address, one IPv6 subscriber (/64), or a network.")
    violations = fields.Integer(
        readonly=True, aggregator="max", help="Refused limits, failed logins and bad keys that led to it."
    )
    note = fields.Char(readonly=True)
    blocked_by = fields.Many2one("res.users", readonly=True, help="Empty: blocked by the gateway itself.")
    blocked_at = fields.Datetime("Blocked", readonly=True)
    blocked_until = fields.Datetime("Until", readonly=True, help="Empty: until it is unblocked.")
    state = fields.Selection([("blocked", "Blocked"), ("ended", "Ended")], readonly=True)

    def action_unblock(self):
        """Lets the addresses pass within a second; what led to the block is forgotten."""
        self.check_access("read")
        in_own_transaction(self.env, "select gateway.unblock_networks(%s)", (self.ids,))
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_never_block(self):
        """Unblocks the addresses and puts them on the never-block list."""
        self.check_access("read")
        listed = lines(self._never_blocked())
        self._set_never_blocked("\n".join([*listed, *(n for n in self.mapped("network") if n not in listed)]))
        return self.action_unblock()

    @api.model
    def _never_blocked(self):
        self.env.cr.execute("select value #>> '{}' from gateway.setting where name = %s", (NEVER,))
        return self.env.cr.fetchone()[0]

    @api.model
    def _set_never_blocked(self, text):
        self.env.cr.execute(
            "update gateway.setting set value = to_jsonb(%s::text) where name = %s", (text or "", NEVER)
        )


class GatewayIpBlockAdd(models.TransientModel):
    _name = "gateway.ip.block.add"
    _description = "Block an Address"

    network = fields.Char("Address", required=True)
    minutes = fields.Integer("Minutes", default=60, help="0: until it is unblocked.")
    note = fields.Char()

    @api.constrains("network")
    def _check_network(self):
        for wizard in self:
            check_ip_list(self.env, wizard.network)
            if len(lines(wizard.network)) != 1:
                raise ValidationError(self.env._("One address or network at a time."))
            if wizard._parsed().is_loopback:
                raise ValidationError(self.env._("Loopback is never blocked."))

    @api.constrains("minutes")
    def _check_minutes(self):
        for wizard in self:
            if not 0 <= wizard.minutes <= 527_040:
                raise ValidationError(self.env._("Between 0 and 527040 minutes, which is a year."))

    def _parsed(self):
        [entry] = lines(self.network)
        return ipaddress.ip_network(entry, strict=False)

    def action_block(self):
        self.ensure_one()
        network = self._parsed()
        mapped = getattr(network.network_address, "ipv4_mapped", None)
        if mapped:
            # The gateway knows such an address as the IPv4 address that it carries.
            network = ipaddress.ip_network(f"{mapped}/{max(0, network.prefixlen - 96)}", strict=False)
        for entry in lines(self.env["gateway.ip.block"]._never_blocked()):
            never = ipaddress.ip_network(entry, strict=False)
            if never.version == network.version and network.subnet_of(never):
                raise UserError(self.env._("%(network)s is on the never-block list (%(entry)s).", network=network, entry=entry))
        in_own_transaction(
            self.env,
            "select gateway.block_network(%s::cidr, %s, %s, %s)",
            (str(network), self.minutes or None, self.env.uid, self.note or None),
        )
        return {"type": "ir.actions.client", "tag": "soft_reload"}


class GatewayIpBlockNever(models.TransientModel):
    _name = "gateway.ip.block.never"
    _description = "Never-block List"

    addresses = fields.Text(
        default=lambda self: self.env["gateway.ip.block"]._never_blocked(),
        help="One address or network a line. Their violations are not counted, and blocks don't hold for them.",
    )

    @api.constrains("addresses")
    def _check_addresses(self):
        for wizard in self:
            check_ip_list(self.env, wizard.addresses)

    def action_save(self):
        self.ensure_one()
        self.env["gateway.ip.block"]._set_never_blocked("\n".join(lines(self.addresses)))
        return {"type": "ir.actions.client", "tag": "soft_reload"}
