import re

from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized

from odoo import models
from odoo.exceptions import AccessDenied, AccessError
from odoo.http import request

BEARER = re.compile(r"bearer\s+(\S+)\s*", re.IGNORECASE)


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _auth_method_gateway(cls):
        """Who signed the body may name the user of each call; see executor/channel.py."""
        request.dispatcher.authenticate()

    @classmethod
    def _auth_method_api_key(cls):
        """For routes of other addons: the caller shows an API key, the gateway's or Odoo's own, as `API-KEY`,
        `X-API-Key` or `Authorization: Bearer`, and the route runs as the key's user. A key header decides over
        `Authorization`, which a proxy may own."""
        headers = request.httprequest.headers
        key = headers.get("API-KEY") or headers.get("X-API-Key")
        if not key and (match := BEARER.fullmatch(headers.get("Authorization", ""))):
            key = match[1]
        challenge = WWWAuthenticate("bearer", {"realm": "odoo"})
        if not key:
            raise Unauthorized("Missing access token", www_authenticate=challenge)
        try:
            user_id = request.env["gateway.key"]._user_of_key(
                key, request.httprequest.remote_addr, request.httprequest.method
            )
        except AccessDenied:
            raise Unauthorized("Invalid or expired credentials", www_authenticate=challenge) from None
        except AccessError as exc:
            raise Forbidden(str(exc)) from None
        request.update_env(user=user_id)
        request.session.can_save = False

    @classmethod
    def _pre_dispatch(cls, rule, args):
        # Odoo reads the upload limit and a default language here; the channel carries both itself.
        if rule.endpoint.routing["type"] == "gateway":
            return request.dispatcher.pre_dispatch(rule, args)
        return super()._pre_dispatch(rule, args)
