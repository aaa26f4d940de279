"""The profile that governs all of a user's credentials."""

from contextvars import ContextVar

from odoo import fields, models

# Set by the executor for as long as a login runs: a list of the ids of the users whose password Odoo went on to check.
checked_users = ContextVar("api_gateway_checked_users", default=None)


class ResUsers(models.Model):
    _inherit = "res.users"

    gateway_profile_id = fields.Many2one(
        "gateway.profile",
        "API Profile",
        index="btree_not_null",
        ondelete="restrict",
        groups="api_gateway.group_manager,base.group_erp_manager",
        help="Governs all of the user's credentials that carry no profile of their own.",
    )
    gateway_key_ids = fields.One2many("gateway.key", "user_id", "Gateway Keys", groups="api_gateway.group_user")

    def _check_credentials(self, credential, env):
        checked = checked_users.get()
        if checked is not None:
            checked.append(self.env.uid)
        return super()._check_credentials(credential, env)
