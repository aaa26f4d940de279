from odoo import api, fields, models

from ..tools.asker import check_group
from ..tools.narrowing import lines
from ..tools.own_transaction import in_own_transaction
from ..tools.settings import setting
from .gateway_credential import MANAGER

NEVER = "ip_block.never"


class GatewayIpBlock(models.Model):
    """Addresses whose requests the sidecars refuse."""

    _name = "gateway.ip.block"
    _inherit = ["gateway.configuration"]
    _description = "IP Block"
    _auto = False
    _log_access = False
    _order = "blocked_at desc, id desc"
    _rec_name = "network"
    _table_query = """
        select
          id,
          case when family(network) = 4 and masklen(network) = 32 then host(network) else network::text end as network,
          violations, note, blocked_by, blocked_at, blocked_until,
          case when blocked_until <= gateway.utc_now() then 'ended' else 'blocked' end as state
        from gateway.ip_block
    """

    network = fields.Char("Address", readonly=True, help="One IPv4 address, one IPv6 subscriber (/64), or a network.")
    violations = fields.Integer(
        readonly=True,
        aggregator="max",
        help="Number of exceeded limits, failed logins and invalid keys that led to the block.",
    )
    note = fields.Char(readonly=True)
    blocked_by = fields.Many2one("res.users", readonly=True, help="Empty: blocked automatically.")
    blocked_at = fields.Datetime("Blocked", readonly=True)
    blocked_until = fields.Datetime("Until", readonly=True, help="Empty: until it is unblocked.")
    state = fields.Selection([("blocked", "Blocked"), ("ended", "Ended")], readonly=True)

    def action_unblock(self):
        """Unblocks the addresses within a second, and deletes the violations that led to the block."""
        self.check_access("read")
        check_group(self.env, MANAGER, self.env._("Only a gateway manager may do this."))
        in_own_transaction(self.env, "select gateway.unblock_networks(%s)", (self.ids,))
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_never_block(self):
        """Unblocks the addresses and puts them on the never-block list."""
        self.check_access("read")
        check_group(self.env, MANAGER, self.env._("Only a gateway manager may do this."))
        listed = lines(self._never_blocked())
        self._set_never_blocked("\n".join([*listed, *(n for n in self.mapped("network") if n not in listed)]))
        return self.action_unblock()

    @api.model
    def _never_blocked(self):
        return setting(self.env.cr, NEVER)

    @api.model
    def _set_never_blocked(self, text):
        self.env.cr.execute(
            "update gateway.setting set value = to_jsonb(%s::text) where name = %s", (text or "", NEVER)
        )
