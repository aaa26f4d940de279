"""Logins: Odoo itself says whether a password is right, as its login page would, so that directories, cooldown and what
modules add to either hold here, too."""

from odoo.exceptions import AccessDenied
from odoo.http import request

from .arguments import required
from .errors import RefusalError

MAX_LENGTH = 1000


def login(env, _reach, operation):
    """`{uid, mfa}`: who logged in, and whether a second factor is still missing; `uid` None if nobody did.

    The address that counts for the cooldown is the caller's: the runner has put it into the request.
    """
    credential = {"type": "password"}
    for key in ("login", "password"):
        value = required(operation, key)
        if type(value) is not str or not 0 < len(value) <= MAX_LENGTH:
            raise RefusalError(
                "odoo.arguments", f"{key!r} is not a string of 1 to {MAX_LENGTH} characters.", argument=key
            )
        credential[key] = value
    environ = request.httprequest.environ
    # Without `base_location`, from which Odoo would take its own public address.
    agent = {"interactive": True, "HTTP_HOST": environ.get("HTTP_HOST"), "REMOTE_ADDR": environ["REMOTE_ADDR"]}
    # Nobody's language would make Odoo guess it from the login, and fail.
    nobody = env(user=None, su=False, context={"lang": "en_US"})
    try:
        found = nobody["res.users"].authenticate(credential, agent)
    except AccessDenied:
        return {"uid": None, "mfa": False}
    user = env(user=found["uid"])["res.users"].browse(found["uid"])
    mfa = found.get("mfa") == "enforce" or (found.get("mfa") != "skip" and bool(user._mfa_url()))
    return {"uid": found["uid"], "mfa": mfa}
