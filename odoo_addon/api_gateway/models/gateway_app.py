"""Apps that a manager has registered, so that they may ask users for access."""

import re
import secrets
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..tools.asker import askers
from ..tools.narrowing import lines

# The same rule as in sidecar/src/oauth/redirect_uri.ts, which makes the final check.
OF_BROWSERS = frozenset(
    [
        "about",
        "blob",
        "chrome",
        "data",
        "file",
        "filesystem",
        "ftp",
        "intent",
        "jar",
        "javascript",
        "mailto",
        "ms-settings",
        "resource",
        "sms",
        "tel",
        "urn",
        "vbscript",
        "view-source",
        "ws",
        "wss",
    ]
)
MOST_URIS = 20


class GatewayApp(models.Model):
    _name = "gateway.app"
    _inherit = ["gateway.configuration"]
    _description = "Registered App"
    _order = "name, id"

    name = fields.Char(required=True, help="Users see this name when the app asks them for access.")
    active = fields.Boolean(default=True, help="An archived app gets no access, and its existing access ends.")
    client_id = fields.Char(
        "Client ID", readonly=True, copy=False, required=True, default=lambda self: self._new_client_id()
    )
    redirect_uris = fields.Text(
        "Redirect URIs",
        required=True,
        help="Addresses that receive the app's answers, one per line: https://app.example.com/callback, "
        "http://127.0.0.1/callback (any port), or a scheme of its own such as cursor://callback.",
    )

    _client_id_unique = models.Constraint("UNIQUE (client_id)", "Another app has this identifier.")

    def _new_client_id(self):
        return "app_" + secrets.token_hex(8)

    @api.constrains("redirect_uris")
    def _check_redirect_uris(self):
        for app in self:
            uris = lines(app.redirect_uris)
            if not 0 < len(uris) <= MOST_URIS:
                raise ValidationError(self.env._("An app has 1 to %s redirect URIs.", MOST_URIS))
            for uri in uris:
                if not is_redirect_uri(uri):
                    raise ValidationError(
                        self.env._(
                            "“%s” is not a redirect URI. Use https, http on 127.0.0.1, or a scheme of the app.", uri
                        )
                    )

    @api.model_create_multi
    def create(self, vals_list):
        if askers(self.env) and any("client_id" in vals for vals in vals_list):
            raise UserError(self.env._("The gateway chooses the identifier of an app."))
        return super().create([{"client_id": self._new_client_id(), **vals} for vals in vals_list])

    def write(self, vals):
        if askers(self.env) and "client_id" in vals:
            raise UserError(self.env._("The gateway chooses the identifier of an app."))
        result = super().write(vals)
        if vals.get("active", True) is False:
            self._end_connections()
        return result

    def unlink(self):
        self.check_access("unlink")
        self._end_connections()
        return super().unlink()

    def _end_connections(self):
        connected = self.env["gateway.connected.app"].sudo()
        connected.search([("client_id", "in", self.mapped("client_id"))])._end()


def is_redirect_uri(text):
    """Whether an app may register the address."""
    if len(text) > 1000 or not re.fullmatch(r"[\x21-\x7e]+", text) or "#" in text:
        return False
    try:
        parts = urlsplit(text)
        host, _valid_port = parts.hostname, parts.port
    except ValueError:
        return False
    if "@" in parts.netloc:
        return False
    if parts.scheme == "https":
        return bool(host)
    if parts.scheme == "http":
        return host in ("localhost", "127.0.0.1", "::1")
    return bool(re.fullmatch(r"[a-z][a-z0-9+.-]+", parts.scheme)) and parts.scheme not in OF_BROWSERS
