"""Logins: Odoo itself checks the password, as its login page does. So LDAP directories, the cooldown and modules that
extend the login work here, too."""

from odoo.exceptions import AccessDenied
from odoo.http import request

from ..models.res_users import checked_users
from .arguments import required
from .errors import RefusalError

MAX_LENGTH = 1000


def login(env, _reach, operation):
    """`{uid, mfa}`: the user (None: the login failed), and whether a second factor is still missing. The cooldown
    counts per client address, which the runner has put into the request.
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
    # `base_location` is left out, because Odoo would save it as its own public address.
    agent = {"interactive": True, "HTTP_HOST": environ.get("HTTP_HOST"), "REMOTE_ADDR": environ["REMOTE_ADDR"]}
    # Without a language, Odoo would try to guess it from the login, and fail.
    nobody = env(user=None, su=False, context={"lang": "en_US"})
    checked = []
    token = checked_users.set(checked)
    try:
        found = nobody["res.users"].authenticate(credential, agent)
    except AccessDenied:
        take_the_same_time(nobody["res.users"], credential["password"], checked)
        return {"uid": None, "mfa": False}
    finally:
        checked_users.reset(token)
    user = env(user=found["uid"])["res.users"].browse(found["uid"])
    mfa = found.get("mfa") == "enforce" or (found.get("mfa") != "skip" and bool(user._mfa_url()))
    return {"uid": found["uid"], "mfa": mfa}


def take_the_same_time(users, password, checked):
    """Make every refusal take as long as one check of a password against a hash made today. Otherwise the time reveals
    which logins exist.

    :param checked: the ids of the users whose hash was already compared with the password
    """
    context = users._crypt_context()
    handler = getattr(context, "__obj__", context).handler()
    missing = wanted = getattr(handler, "default_rounds", None)
    if checked:
        users.env.cr.execute("select coalesce(password, '') from res_users where id = %s", (checked[-1],))
        [stored] = users.env.cr.fetchone()
        if context.identify(stored) == handler.name:
            if wanted is None:
                return
            # Hashes from before an upgrade have fewer rounds until the user logs in.
            missing = wanted - handler.from_string(stored).rounds
            if missing <= 0:
                return
    (handler if missing == wanted else handler.using(rounds=missing, relaxed=True)).hash(password)


def second_factor(env, _reach, _operation):
    """`{uid, mfa}` for the call's own user: `mfa` says whether a login now would need a second factor."""
    return {"uid": env.uid, "mfa": bool(env.user._mfa_url())}
