"""Shared by all configuration models: the request's own user needs the rights, and mail cannot change records."""

from odoo import api, models
from odoo.exceptions import AccessError

from ..tools.asker import askers


class GatewayConfiguration(models.AbstractModel):
    """Access lists and record rules apply to the request's user, even in code that runs as superuser."""

    _name = "gateway.configuration"
    _description = "Configuration of the API Gateway"

    def check_access(self, operation):
        super().check_access(operation)
        # Odoo reads profiles and webhooks for everyone, but changes them only for users who may change them.
        if operation == "read":
            return
        for asker in askers(self.env):
            if not asker.uid:
                raise AccessError(self.env._("Only users may change the configuration of the API Gateway."))
            if self.env.su or asker.uid != self.env.uid:
                super(GatewayConfiguration, self.with_env(asker)).check_access(operation)

    def write(self, vals):
        result = super().write(vals)
        # Odoo checks the rules only before the write, but the new values may hide the record from the user.
        self.check_access("write")
        return result

    def _update_field_translations(self, field_name, translations, digest=None, source_lang=""):
        self.check_access("write")
        return super()._update_field_translations(field_name, translations, digest, source_lang)

    # --- Mail

    @api.model
    def message_new(self, msg_dict, custom_values=None):
        self._refuse_mail()

    def message_update(self, msg_dict, update_vals=None):
        # A reply only adds a message to the record.
        if update_vals:
            self._refuse_mail()
        return True

    def _refuse_mail(self):
        raise AccessError(self.env._("The configuration of the API Gateway cannot be changed by mail."))
