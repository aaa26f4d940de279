import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
# Headers that belong to the connection, the body or the signature (RFC 9110, section 7.6.1).
RESERVED = frozenset(
    [
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ]
)


class GatewayWebhookHeader(models.Model):
    """A header that a webhook sends with each request. Its value is stored in `gateway.secret`, where no RPC can read
    it."""

    _name = "gateway.webhook.header"
    _inherit = ["gateway.configuration"]
    _description = "Webhook Header"
    _order = "sequence, id"

    webhook_id = fields.Many2one("gateway.webhook", required=True, index=True, ondelete="cascade")
    sequence = fields.Integer(default=10)
    name = fields.Char(required=True)
    value = fields.Char(
        compute="_compute_value",
        inverse="_inverse_value",
        help="Kept secret: it can be replaced, not read.",
    )

    _name_unique = models.Constraint("unique (webhook_id, name)", "A webhook can have each header only once.")

    @api.constrains("name")
    def _check_name(self):
        for header in self:
            if not NAME.fullmatch(header.name):
                raise ValidationError(self.env._("%s cannot be the name of a header.", header.name))
            if header.name.lower() in RESERVED or header.name.lower().startswith("webhook-"):
                raise ValidationError(self.env._("The header %s is set by the gateway itself.", header.name))

    def _compute_value(self):
        # The value itself is never returned: the list only shows whether there is one.
        self.env.cr.execute(
            """
            select purpose from gateway.secret
            where purpose = any(%s) and database_uuid = gateway.database_uuid()
            """,
            ([self._purpose(header.id) for header in self],),
        )
        kept = {purpose for (purpose,) in self.env.cr.fetchall()}
        for header in self:
            header.value = "••••••••" if self._purpose(header._origin.id) in kept else False

    def _inverse_value(self):
        for header in self:
            value = (header.value or "").strip()
            if any(not (" " <= char <= "~") and char != "\t" for char in value):
                raise ValidationError(
                    self.env._("The value of the header %s has a character that HTTP does not allow.", header.name)
                )
            if len(value) > 4096:
                raise ValidationError(
                    self.env._("The value of the header %s is longer than 4,096 characters.", header.name)
                )
            self.env.cr.execute(
                """
                delete from gateway.secret where purpose = %(purpose)s;
                insert into gateway.secret (purpose, value, database_uuid)
                select %(purpose)s, convert_to(%(value)s, 'utf8'), gateway.database_uuid()
                """,
                {"purpose": self._purpose(header.id), "value": value},
            )

    @staticmethod
    def _purpose(header_id):
        return f"webhook_header:{header_id}"
