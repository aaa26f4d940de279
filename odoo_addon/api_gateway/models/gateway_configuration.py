"""What all models share that say how the gateway works."""

from odoo import api, models
from odoo.exceptions import AccessError

from ..tools.asker import ask_as_members, askers

MANAGER = "api_gateway.group_manager"


class GatewayConfiguration(models.AbstractModel):
    """Who asks needs the right to what is done, whatever user or mode the environment has been switched to: code of
    Odoo that works as superuser takes models and values from its callers."""

    _name = "gateway.configuration"
    _description = "API Gateway Configuration"

    def check_access(self, operation):
        super().check_access(operation)
        if operation == "read":
            return
        for user in askers(self.env):
            if self.env.su or user.id != self.env.uid:
                super(GatewayConfiguration, self.with_user(user)).check_access(operation)

    def write(self, vals):
        result = super().write(vals)
        # Rules hold for the records that were written and for what they have become: another's, for one.
        self.check_access("write")
        return result

    @api.model
    def message_new(self, msg_dict, custom_values=None):
        raise AccessError(self.env._("The gateway is not configured by mail."))

    def message_update(self, msg_dict, update_vals=None):
        raise AccessError(self.env._("The gateway is not configured by mail."))

    def _check_manager(self):
        """Raises AccessError unless all who ask are gateway managers."""
        if not ask_as_members(self.env, MANAGER):
            raise AccessError(self.env._("Only a gateway manager may do this."))
