import re

from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized

from odoo import models
from odoo.exceptions import AccessDenied, AccessError, UserError
from odoo.http import request

from ..tools import direct_calls

BEARER = re.compile(r"bearer\s+(\S+)\s*", re.IGNORECASE)


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _auth_method_gateway(cls):
        """The signed body names the user of each call; see executor/channel.py."""
        request.dispatcher.authenticate()

    @classmethod
    def _dispatch(cls, endpoint):
        httprequest = request.httprequest
        protocol = direct_calls.protocol_of(httprequest.path)
        if protocol is None or not direct_calls.is_counted(request.env.cr):
            return super()._dispatch(endpoint)
        database, uid = request.db, request.env.uid
        has_failed = True
        try:
            result = super()._dispatch(endpoint)
            has_failed = False
        finally:
            direct_calls.count(database, protocol, httprequest, uid, has_failed)
        return result

    @classmethod
    def _authenticate_explicit(cls, auth):
        # Our method has a different name, because the order of several addons' `_auth_method_api_key` depends on their
        # loading order, and OCA's method does not call the next one.
        return super()._authenticate_explicit("gateway_key" if auth == "api_key" else auth)

    @classmethod
    def _auth_method_gateway_key(cls):
        """For routes of other addons with `auth="api_key"`: the caller sends an API key, of the gateway or of Odoo, as
        `API-KEY`, `X-API-Key` or `Authorization: Bearer`, and the route runs as the key's user. A key header takes
        precedence over `Authorization`, which may be meant for a proxy. Callers without a key of the gateway or of Odoo
        are left to other addons that authenticate such routes."""
        headers = request.httprequest.headers
        key = headers.get("API-KEY") or headers.get("X-API-Key")
        if not key and (match := BEARER.fullmatch(headers.get("Authorization", ""))):
            key = match[1]
        keys = request.env["gateway.key"]
        try:
            if not key:
                return cls._auth_by_others()
            with keys._counting_failures(key, request.httprequest.remote_addr):
                found = keys._find_key(key)
                if not found:
                    return cls._auth_by_others()
            user_id = keys._user_allowed(found, request.httprequest.remote_addr, request.httprequest.method)
        except AccessDenied:
            message = "Invalid or expired credentials" if key else "Missing access token"
            challenge = WWWAuthenticate("bearer", {"realm": "odoo"})
            raise Unauthorized(message, www_authenticate=challenge) from None
        except AccessError as exc:
            raise Forbidden(str(exc)) from None
        request.update_env(user=user_id)
        request.session.can_save = False
        return None

    @classmethod
    def _auth_by_others(cls):
        """:raises AccessDenied: if none of the other addons accepts the request"""
        env = request.env
        try:
            return cls._auth_method_api_key()
        except (UserError, Unauthorized):
            # OCA's addon switches the request to superuser to look up its keys, and does not switch back.
            request.env = env
            env.transaction.default_env = env
            raise AccessDenied from None

    @classmethod
    def _auth_method_api_key(cls):
        parent = getattr(super(), "_auth_method_api_key", None)
        if parent is None:
            raise AccessDenied
        return parent()

    @classmethod
    def _pre_dispatch(cls, rule, args):
        # Odoo reads the upload limit and a default language here. The channel sets its own values for both.
        if rule.endpoint.routing["type"] == "gateway":
            return request.dispatcher.pre_dispatch(rule, args)
        return super()._pre_dispatch(rule, args)
