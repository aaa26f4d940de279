"""A scope such as products_read grants access to the resource `products`. So changing the resource changes what all
credentials with that scope may do."""

from odoo import api, models
from odoo.exceptions import AccessError

from ..tools.asker import askers, have_group
from ..tools.narrowing import lines
from .gateway_credential import SYSTEM

GRANTING = frozenset({"name", "model_name", "domain", "active", "is_nested"})


class GatewayResource(models.Model):
    _inherit = "gateway.resource"

    @api.model_create_multi
    def create(self, vals_list):
        resources = super().create(vals_list)
        resources._check_grants_to_others()
        return resources

    def write(self, vals):
        if not GRANTING & vals.keys():
            return super().write(vals)
        self._check_grants_to_others()
        result = super().write(vals)
        self._check_grants_to_others()
        return result

    def _check_grants_to_others(self):
        """Raises AccessError when one of these resources is in the scopes of another user's credential, unless the user
        is an administrator."""
        if have_group(self.env, SYSTEM):
            return
        around = self.env["gateway.resource.line"].sudo().search([("nested_id", "in", self.ids)]).resource_id
        names = set((self.sudo() | around).mapped("name"))
        for name in ("gateway.key", "gateway.client", "gateway.profile"):
            holders = self.env[name].sudo().with_context(active_test=False).search([("scopes", "!=", False)])
            for holder in holders:
                granted = {scope.rpartition("_")[0] for scope in lines(holder.scopes) if ":" not in scope}
                if not names.isdisjoint(granted) and not self._is_own_holder(holder):
                    raise AccessError(
                        self.env._(
                            "%(resource)s is in the scopes of %(holder)s, which other "
                            "users have. Only an administrator may change this resource.",
                            resource=min(names & granted),
                            holder=holder.name,
                        )
                    )

    def _is_own_holder(self, holder):
        owners = holder._governed_users() if holder._name == "gateway.profile" else holder.user_id
        return all(owners.ids in ([], [asker.uid]) for asker in askers(self.env))


class GatewayResourceLine(models.Model):
    _inherit = "gateway.resource.line"

    @api.model_create_multi
    def create(self, vals_list):
        created = super().create(vals_list)
        created.resource_id._check_grants_to_others()
        return created

    def write(self, vals):
        self.resource_id._check_grants_to_others()
        result = super().write(vals)
        self.resource_id._check_grants_to_others()
        return result
