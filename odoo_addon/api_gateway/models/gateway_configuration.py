"""Shared by all models of the gateway: the user who asks needs the rights, and no mail changes records."""

from odoo import api, models
from odoo.exceptions import AccessError

from ..tools.asker import askers


class GatewayConfiguration(models.AbstractModel):
    """Access lists and record rules hold for the request's user, also in code that runs as superuser."""

    _name = "gateway.configuration"
    _description = "Configuration of the API Gateway"

    def check_access(self, operation):
        super().check_access(operation)
        # Odoo reads profiles and webhooks for everyone; what it changes for someone, they must be allowed to change.
        if operation == "read":
            return
        for asker in askers(self.env):
            if not asker.uid:
                raise AccessError(self.env._("Only users may change the configuration of the API Gateway."))
            if self.env.su or asker.uid != self.env.uid:
                super(GatewayConfiguration, self.with_env(asker)).check_access(operation)

    def write(self, vals):
        result = super().write(vals)
        # Odoo checks the rules before: the values may have moved a record to where its writer may not write.
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
        # A reply is a message under the record, and no more.
        if update_vals:
            self._refuse_mail()
        return True

    def _refuse_mail(self):
        raise AccessError(self.env._("The configuration of the API Gateway cannot be changed by mail."))
