"""Shows a new secret once: the values come from the action's context and are stored nowhere."""

from odoo import fields, models


class GatewaySecretShow(models.AbstractModel):
    _name = "gateway.secret.show"
    _description = "New API Secret"

    # the onchange that returns the values needs the field 'id'
    id = fields.Id()
    name = fields.Char(readonly=True)
    kind = fields.Char(readonly=True)
    credential_id = fields.Integer(readonly=True)
    client_id = fields.Char("Client ID", readonly=True)
    secret = fields.Char(readonly=True)
