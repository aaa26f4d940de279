"""Gateway keys: random secrets of 64 characters that authenticate as an Odoo user."""

import re
import secrets

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

from ..tools.asker import askers, have_group
from .gateway_credential import SYSTEM

ENVIRONMENT_NAME = re.compile(r"^[A-Z][A-Z0-9_]{0,62}$")


class GatewayKey(models.Model):
    _name = "gateway.key"
    _inherit = ["gateway.credential"]
    _description = "API Key"

    _kind = "gateway_key"
    _managed_fields = frozenset({"user_id", "profile_id", "ip_list", "subject", "environment_name"})
    _guarded_fields = frozenset(
        {"revoked_at", "rotated_at", "warned_days", "wide_reminded_on", "prefix", "is_speed_test"}
    )

    prefix = fields.Char("Key Prefix", readonly=True, copy=False, help="The first characters, to tell keys apart.")
    environment_name = fields.Char(
        "Name in the Environment",
        copy=False,
        tracking=True,
        help="The secret is the value of GATEWAY_KEY_<this name> in the environment of the sidecar and of Odoo, "
        "so it need not be in the database. Only administrators may set it.",
    )
    is_speed_test = fields.Boolean(readonly=True, copy=False, help="The page Speed Test creates and renews this key.")

    _environment_name_unique = models.UniqueIndex(
        "(environment_name) WHERE environment_name IS NOT NULL", "Another key has this name in the environment."
    )

    @api.constrains("environment_name")
    def _check_environment_name(self):
        for key in self:
            if key.environment_name and not ENVIRONMENT_NAME.match(key.environment_name):
                raise ValidationError(
                    self.env._("A name in the environment may have only capital letters, digits and underscores.")
                )

    def _check_minter(self):
        # Anyone who controls the environment gets the rights of the key's user.
        if self.filtered("environment_name") and not have_group(self.env, SYSTEM):
            raise AccessError(self.env._("Only an administrator may bind a key to the environment."))
        return super()._check_minter()

    def write(self, vals):
        # The limits of a speed test's key are separate from its user's, so the user must not change its lifetime,
        # scopes or name.
        if askers(self.env) and vals.keys() - {"active"} and any(self.sudo().mapped("is_speed_test")):
            raise AccessError(self.env._("Only the gateway may write these fields."))
        result = super().write(vals)
        if "environment_name" in vals:
            self._check_minter()
        if vals.keys() & {"active", "expires_at"}:
            self.env["gateway.client"]._follow(self.sudo())
        return result

    def action_revoke(self):
        result = super().action_revoke()
        self.env["gateway.client"]._revoke_made_by(self._kind, self.ids)
        return result

    def unlink(self):
        ids = self.ids
        result = super().unlink()
        self.env["gateway.client"]._revoke_made_by(self._kind, ids)
        return result

    def _has_secret(self, secrets_found):
        return bool(self.environment_name) or super()._has_secret(secrets_found)

    def _new_secret(self):
        return "gwk_" + secrets.token_urlsafe(45)

    def _secret_values(self, secret):
        return {"prefix": secret[:12]}
