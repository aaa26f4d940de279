"""The profile that applies to all of a user's credentials."""

from contextvars import ContextVar

from odoo import api, fields, models, tools
from odoo.exceptions import AccessError

from ..tools.asker import have_group
from ..tools.gate import gate, opened
from ..tools.widening import Narrowing

# Set by the executor while a login runs: the ids of the users whose password Odoo has checked.
checked_users = ContextVar("api_gateway_checked_users", default=None)


class ResUsers(models.Model):
    _inherit = "res.users"

    gateway_profile_id = fields.Many2one(
        "gateway.profile",
        "API Profile",
        index="btree_not_null",
        ondelete="restrict",
        groups="api_gateway.group_manager,base.group_erp_manager",
        help="Applies to all of the user's credentials that have no profile of their own.",
    )
    gateway_key_ids = fields.One2many("gateway.key", "user_id", "Gateway Keys", groups="api_gateway.group_user")

    @api.model
    @tools.ormcache("user_id")
    def _gateway_is_active(self, user_id):
        """Whether the user exists and is active. Triggers of gateway.rights_changed() make Odoo forget the cached
        value."""
        return bool(self.sudo().search_count([("id", "=", user_id)]))

    @api.model_create_multi
    def create(self, vals_list):
        users = super().create(vals_list)
        if call := gate.get():
            call.check_accounts(users)
        return users

    def write(self, vals):
        call = gate.get()
        changed = vals
        if call:
            call.check_doors(self, vals)
            if all(self.sudo().mapped("active")):
                changed = {name: value for name, value in vals.items() if name != "active"}
        before = {}
        if "gateway_profile_id" in vals:
            self._check_profile_is_theirs_to_give()
            before = {user: Narrowing.of(user.gateway_profile_id) for user in self.sudo()}
        result = super().write(vals)
        for user, narrowing in before.items():
            if not Narrowing.of(user.gateway_profile_id).is_within(narrowing):
                self.env["gateway.profile"]._check_widens(self.env, user)
        if call:
            call.check_accounts(self, changed)
        return result

    def unlink(self):
        # Postgres deletes their keys by cascade, unnoticed by the ORM.
        for kind, model in (("gateway_key", "gateway.key"), ("odoo_key", "res.users.apikeys")):
            with opened():
                keys = self.env[model].sudo().with_context(active_test=False).search([("user_id", "in", self.ids)])
            self.env["gateway.client"]._revoke_made_by(kind, keys.ids)
        return super().unlink()

    def _check_profile_is_theirs_to_give(self):
        if not have_group(self.env, "api_gateway.group_manager") and not have_group(self.env, "base.group_erp_manager"):
            raise AccessError(self.env._("Only a gateway manager may assign API profiles to users."))

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        # Overridden as Odoo intends for fields that users may see on their own record.
        return self._gateway_shown(super().fields_get(allfields, attributes), allfields)

    def _check_credentials(self, credential, env):
        checked = checked_users.get()
        if checked is not None:
            checked.append(self.env.uid)
        return super()._check_credentials(credential, env)
