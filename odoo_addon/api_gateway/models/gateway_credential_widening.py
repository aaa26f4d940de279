"""Users who may restrict other users' credentials must not be able to extend them."""

from odoo import models
from odoo.exceptions import AccessError

from ..tools.asker import have_group, is_own
from ..tools.widening import Narrowing
from .gateway_credential import SYSTEM


class GatewayCredential(models.AbstractModel):
    _inherit = "gateway.credential"

    def write(self, vals):
        if have_group(self.env, SYSTEM):
            return super().write(vals)
        self.check_access("write")
        before = {
            record: record._narrowing() for record in self.sudo() if not is_own(record.with_env(self.env), "user_id")
        }
        result = super().write(vals)
        for record, narrowing in before.items():
            if not record._narrowing().is_within(narrowing):
                raise AccessError(
                    self.env._(
                        "%s belongs to another user. Only an administrator may give it more "
                        "scopes, addresses or time, lift the restrictions of its profile, or unarchive it.",
                        record.name,
                    )
                )
        return result

    def _narrowing(self):
        profile = self.profile_id or self.user_id.gateway_profile_id
        return Narrowing.of(profile, self)
