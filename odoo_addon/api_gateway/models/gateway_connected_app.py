"""Apps that users have allowed to act for them, with scopes, company and expiry. A sidecar reads this row as the
credential of the app's tokens, so revoking it ends the access at once."""

import hashlib
import secrets
from datetime import timedelta
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ..tools.asker import have_group, is_own, own_code
from ..tools.settings import setting
from .gateway_credential import MANAGER


class GatewayConnectedApp(models.Model):
    _name = "gateway.connected.app"
    _inherit = ["gateway.configuration"]
    _description = "Connected App"
    _order = "id desc"

    name = fields.Char("App", readonly=True, required=True)
    client_id = fields.Char("Client ID", readonly=True, required=True, index=True)
    source = fields.Selection(
        [("registered", "By a manager"), ("document", "By its web address"), ("dynamic", "By itself")],
        "Registered",
        readonly=True,
        required=True,
        help="Who vouches for the app's name: a manager, a web address, or only the app itself.",
    )
    host = fields.Char("Answers Go To", readonly=True, required=True)
    user_id = fields.Many2one("res.users", readonly=True, required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", readonly=True, required=True, ondelete="cascade")
    scopes = fields.Char("Permissions", readonly=True, required=True)
    resource = fields.Char("For", readonly=True)
    create_date = fields.Datetime("Allowed", readonly=True)
    expires_at = fields.Datetime("Ends", readonly=True, required=True)
    revoked_at = fields.Datetime("Revoked", readonly=True)
    use_count = fields.Integer("Requests", compute="_compute_usage")
    last_used_at = fields.Datetime("Last Used", compute="_compute_usage")
    last_address = fields.Char(compute="_compute_usage")

    def _compute_usage(self):
        usage = {}
        if self.ids:
            self.env.cr.execute(
                SQL(
                    "select credential_id, use_count, last_used_at, last_address from gateway.key_usage"
                    " where kind = 'app' and credential_id in %s",
                    tuple(self.ids),
                )
            )
            usage = {row[0]: row[1:] for row in self.env.cr.fetchall()}
        for app in self:
            app.use_count, app.last_used_at, app.last_address = usage.get(app._origin.id, (0, False, False))

    def action_revoke(self):
        """Ends the access at once."""
        self.check_access("read")
        if not have_group(self.env, MANAGER) and not is_own(self, "user_id"):
            raise AccessError(self.env._("Only a gateway manager may end access that another user has granted."))
        self.sudo()._end()
        return True

    def _end(self):
        with own_code():
            self.filtered(lambda app: not app.revoked_at).write({"revoked_at": fields.Datetime.now()})
            self.env.flush_all()

    @api.model
    def _allow(self, agreement, scopes, company):
        """Records the user's consent. Returns the code that the app exchanges for tokens, valid once, for 60 seconds.

        :param dict agreement: the app's request, as a sidecar has checked and signed it
        :param list scopes: the requested scopes that the user allows
        """
        with own_code():
            app = self.sudo().create(
                {
                    "name": agreement["name"],
                    "client_id": agreement["client_id"],
                    "source": agreement["source"],
                    "host": host_of(agreement["redirect_uri"]),
                    "user_id": self.env.uid,
                    "company_id": company.id,
                    "scopes": " ".join(scopes),
                    "resource": agreement["resource"],
                    "expires_at": fields.Datetime.now() + timedelta(seconds=setting(self.env.cr, "token.family_s")),
                }
            )
            self.env.flush_all()
        code = "gwc_" + secrets.token_urlsafe(32)
        self.env.cr.execute(
            "insert into gateway.oauth_code (hash, app_id, redirect_uri, challenge, resource)"
            " values (%s, %s, %s, %s, %s)",
            (
                hashlib.sha256(code.encode()).digest(),
                app.id,
                agreement["redirect_uri"],
                agreement["challenge"],
                agreement["resource"],
            ),
        )
        return app, code


def host_of(uri):
    """The receiver of the app's answers, as shown to users: a host, or the URL scheme of an app on their device."""
    parts = urlsplit(uri)
    return parts.hostname if parts.scheme in ("http", "https") else f"{parts.scheme}:"
