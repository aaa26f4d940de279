"""Administration of OAuth2 clients over HTTP. The models of the gateway are never exposed, but these operations make
one of them accessible to managers whose credential has no scopes or models: a restricted credential must not create an
unrestricted one. The operation's `within` contains the credential's other restrictions: `ip_list` (its own addresses),
`profile_id` (its profile) and `expires_at` (milliseconds since 1970). Empty and null mean no restriction. A new client
gets the same restrictions. `maker` is the credential that creates the client, by `kind` and `id`: when the credential
ends, the client ends, too."""

from contextlib import contextmanager
from datetime import UTC, datetime

from odoo.exceptions import AccessError, MissingError

from ..models.gateway_credential import MANAGER
from ..tools.asker import own_code
from ..tools.gate import opened
from ..tools.narrowing import check_ip_list, lines
from ..tools.widening import addresses_within
from .arguments import required
from .errors import RefusalError

KEYS = frozenset(["client_name", "scope", "user_id", "login", "ip_list", "profile_id", "expires_at"])


def client_list(env, reach, _operation):
    with _opened(env, reach):
        return [_described(client) for client in env["gateway.client"].search([])]


def client_create(env, reach, operation):
    """The new client with its secret, which is shown only this once."""
    given = required(operation, "values")
    if type(given) is not dict or not all(
        type(given.get(key)) in (str, type(None)) for key in ("client_name", "scope")
    ):
        raise RefusalError("odoo.arguments", "The client is not an object with a client_name and a scope.")
    if unknown := given.keys() - KEYS:
        raise RefusalError("odoo.arguments", f"A client has no field {min(unknown)!r}.", argument=min(unknown))
    if not given.get("client_name"):
        raise RefusalError("odoo.arguments", "The client has no client_name.", argument="client_name")
    with _opened(env, reach):
        values = {"name": given["client_name"], "scopes": given.get("scope"), "user_id": _user(env, given)}
        for key in ("ip_list", "profile_id", "expires_at"):
            if key in given:
                values[key] = given[key]
        client = env["gateway.client"].create({**values, **_bounds(env, given, required(operation, "within"))})
        if within_ends := _ends(operation["within"]):
            client.expires_at = min(client.expires_at or within_ends, within_ends)
        maker = operation["within"]["maker"]
        with own_code():
            client.sudo().write({"maker_kind": maker["kind"], "maker_id": maker["id"]})
        return {**_described(client), "client_secret": client._set_secret()}


def client_revoke(env, reach, operation):
    client_id = required(operation, "client_id")
    with _opened(env, reach):
        client = env["gateway.client"].search([("client_id", "=", str(client_id))])
        if not client:
            raise MissingError(env._("There is no client %s.", client_id))
        client.action_revoke()
        return _described(client)


@contextmanager
def _opened(env, reach):
    if reach.is_narrowed or not env.user.has_group(MANAGER):
        raise AccessError(
            env._("Only gateway managers with a credential without scopes or models may administer OAuth2 clients.")
        )
    with opened():
        yield
        env.flush_all()


def _bounds(env, given, within):
    """The values that a client inherits from the credential that creates it."""
    bounds = {}
    if addresses := within["ip_list"]:
        wanted = given.get("ip_list") or "\n".join(addresses)
        if type(wanted) is not str:
            raise RefusalError("odoo.arguments", "The ip_list is not a string.", argument="ip_list")
        check_ip_list(env, wanted)
        if not addresses_within(lines(wanted), addresses):
            raise AccessError(env._("A client may only have addresses of the key that creates it."))
        bounds["ip_list"] = wanted
    if profile_id := within["profile_id"]:
        if given.get("profile_id") not in (None, profile_id):
            raise AccessError(env._("A client must have the profile of the key that creates it."))
        bounds["profile_id"] = profile_id
    return bounds


def _ends(within):
    ms = within["expires_at"]
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC).replace(microsecond=0, tzinfo=None)


def _user(env, given):
    if type(given.get("user_id")) is int:
        return given["user_id"]
    if type(given.get("login")) is str:
        user = env["res.users"].search([("login", "=", given["login"])], limit=1)
        if not user:
            raise MissingError(env._("There is no user %s.", given["login"]))
        return user.id
    return env.uid


def _described(client):
    return {
        "client_id": client.client_id,
        "client_name": client.name,
        "scope": client.scopes or None,
        "user_id": client.user_id.id,
        "login": client.user_id.login,
        "profile_id": client.profile_id.id or None,
        "ip_list": client.ip_list or None,
        "state": client.state,
        "created_at": int(client.create_date.timestamp()),
        "expires_at": int(client.expires_at.timestamp()) if client.expires_at else 0,
    }
