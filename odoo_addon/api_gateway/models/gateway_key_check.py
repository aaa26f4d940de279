"""Checks keys that are sent to Odoo itself, on routes with `auth="api_key"`. The sidecar checks keys that are sent to
the gateway."""

import hashlib
import hmac
import os
import re
from contextlib import contextmanager

from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import AccessDenied, AccessError
from odoo.tools import SQL
from odoo.tools.lru import LRU

from ..tools.narrowing import address_allowed
from ..tools.settings import setting

GATEWAY_KEY = re.compile(r"gwk_[A-Za-z0-9_-]{60}")
ODOO_KEY = re.compile(r"[0-9a-f]{40}")
ENVIRONMENT_VARIABLE = re.compile(r"GATEWAY_KEY_([A-Z][A-Z0-9_]{0,62})")
READING = ("GET", "HEAD", "OPTIONS")


class GatewayKey(models.Model):
    _inherit = "gateway.key"

    @api.model
    @contextmanager
    def _counting_failures(self, key, address):
        """A context that limits guessing as Odoo's login does: each AccessDenied is counted. The same key from the same
        address counts once."""
        registry = self.env.registry
        if not hasattr(registry, "_gateway_refused"):
            registry._gateway_refused = LRU(10_000)
        shown = hashlib.sha256(f"{address} {key}".encode()).digest()
        if shown in registry._gateway_refused:
            yield
            return
        # Without a language, Odoo would look for one, and take "api_key" for the id of a user.
        users = self.env["res.users"].sudo().with_context(lang=self.env.lang or "en_US")
        with users._assert_can_auth(user="api_key"):
            try:
                yield
            except AccessDenied:
                registry._gateway_refused[shown] = True
                raise

    @api.model
    def _user_allowed(self, found, address, http_method):
        """The id of a key's user, if the key may be used for this request. :param tuple found: as `_find_key` returns
        it
        :param str address: the caller's
        :param str http_method: GET needs the scope `read`; methods that may change something need `call`
        :raises AccessError: if the key may not be used from this address, or for this request
        """
        user_id, own_ips, own_scopes, policy = found
        for ips in (own_ips, policy["ips"]):
            if not address_allowed(address, "\n".join(ips)):
                raise AccessError(self.env._("This key may not be used from your address."))
        needed = "read" if http_method in READING else "call"
        # A route has no model, so a key's restriction to models cannot be enforced here.
        if policy["models"] is not None or any(
            s is not None and needed not in s for s in (own_scopes, policy["scopes"])
        ):
            raise AccessError(self.env._("This key is not allowed to do this."))
        return user_id

    def _find_key(self, key):
        """`(user id, own addresses, own scopes, policy)` of a key in any format; None if it is not one of ours, or not
        valid."""
        if ODOO_KEY.fullmatch(key):
            user_id = self.env["res.users.apikeys"]._check_credentials(scope="rpc", key=key)
            if not user_id or user_id == SUPERUSER_ID:
                return None
            [(policy,)] = self._query(SQL("select gateway.policy(%s, null)", user_id))
            return user_id, [], None, policy
        key_id = self._environment_key(key)
        if key_id is None and GATEWAY_KEY.fullmatch(key):
            digest = hashlib.sha256(key.encode()).hexdigest()
            rows = self._query(SQL("select credential_id from gateway.gateway_key(decode(%s, 'hex'))", digest))
            key_id = rows[0][0] if rows else None
        rows = self._query(
            SQL(
                "select user_id, ips, scopes, policy, user_active from gateway.credential('gateway_key', %s)",
                key_id or 0,
            )
        )
        if not rows:
            return None
        user_id, ips, scopes, policy, user_active = rows[0]
        allowed = user_active or setting(self.env.cr, "key.inactive_users")
        return (user_id, ips, scopes, policy) if allowed else None

    def _environment_key(self, key):
        for variable, value in os.environ.items():
            match = ENVIRONMENT_VARIABLE.fullmatch(variable)
            if match and len(value.strip()) >= 32 and hmac.compare_digest(value.strip().encode(), key.encode()):
                rows = self._query(SQL("select credential_id from gateway.environment_key(%s)", match[1]))
                return rows[0][0] if rows else None
        return None
