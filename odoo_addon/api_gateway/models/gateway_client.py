"""OAuth2 clients: an identifier and a secret that POST /api/oauth/token turns into access tokens."""

import secrets

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools.asker import askers, own_code
from ..tools.gate import opened


class GatewayClient(models.Model):
    _name = "gateway.client"
    _inherit = ["gateway.credential"]
    _description = "OAuth2 Client"

    _kind = "client"
    _guarded_fields = frozenset(
        {"revoked_at", "rotated_at", "warned_days", "wide_reminded_on", "client_id", "maker_kind", "maker_id"}
    )

    client_id = fields.Char(
        "Client ID",
        readonly=True,
        copy=False,
        index=True,
        required=True,
        default=lambda self: "gw_" + secrets.token_hex(6),
    )
    user_id = fields.Many2one(help="Every operation of its tokens runs with the rights of this user.")
    maker_kind = fields.Selection(
        [("gateway_key", "Gateway Key"), ("odoo_key", "Odoo API Key")],
        "Created With",
        readonly=True,
        copy=False,
        help="The key that created this client over HTTP. The client is archived, expires and is revoked with it.",
    )
    maker_id = fields.Integer("Key ID", readonly=True, copy=False, index="btree_not_null")

    _client_id_unique = models.Constraint("UNIQUE (client_id)", "Another client has this identifier.")

    @api.model_create_multi
    def create(self, vals_list):
        if askers(self.env) and any("client_id" in vals for vals in vals_list):
            raise UserError(self.env._("The gateway chooses the identifier of a client."))
        # The identifier is always among the values, so that no default of the context can set it.
        return super().create([{"client_id": "gw_" + secrets.token_hex(6), **vals} for vals in vals_list])

    def _check_unset(self, names, who):
        return super()._check_unset(set(names) - {"client_id"}, who)

    def _new_secret(self):
        return secrets.token_urlsafe(24)

    def _show_action(self, secret):
        action = super()._show_action(secret)
        action["context"]["default_client_id"] = self.client_id
        return action

    @api.model
    def _revoke_made_by(self, kind, ids):
        """Revoke the clients that were created with these keys, no matter which user revokes the keys. :param str kind:
        as in `maker_kind` :param list ids: the ids of the keys
        """
        with opened():
            if made := self._made_by(kind, ids):
                with own_code():
                    made.action_revoke()
                self.env.flush_all()

    @api.model
    def _follow(self, keys):
        """Archive and expire the clients of keys that were archived or expire sooner. When a key is unarchived or
        extended, its clients are not: a manager decides about each."""
        with opened(), own_code():
            for key in keys:
                made = self._made_by(key._kind, key.ids)
                if not key.active:
                    made.filtered("active").active = False
                for client in made:
                    if key.expires_at and (not client.expires_at or client.expires_at > key.expires_at):
                        client.expires_at = key.expires_at
            self.env.flush_all()

    def _made_by(self, kind, ids):
        clients = self.sudo().with_context(active_test=False)
        return clients.search([("maker_kind", "=", kind), ("maker_id", "in", ids), ("revoked_at", "=", False)])

    def _expiry_recipient(self):
        # A client's user is often a technical user, and no person logs in as this user.
        return self.create_uid if self.create_uid.active else self.user_id
