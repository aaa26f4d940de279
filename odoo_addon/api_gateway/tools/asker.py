"""Who asks. Odoo's own code often goes on as superuser, or as another user, with values that the caller chose."""

from contextlib import contextmanager
from contextvars import ContextVar

from odoo.api import SUPERUSER_ID
from odoo.http import request

# Not a context key, which a caller could pass.
_own_code = ContextVar("api_gateway_own_code", default=False)


@contextmanager
def own_code():
    """What runs inside is the gateway's own work, with values of its own choice, for a user who may ask for it."""
    token = _own_code.set(True)
    try:
        yield
    finally:
        _own_code.reset(token)


def askers(env):
    """The users on whose behalf this runs; each of them needs the right to what is done.

    The environment's user, unless it is superuser mode, and the user of the request, whatever was switched since. None of
    both: Odoo itself asks (an installation, a cron, a shell) or the gateway's own code.
    """
    uids = set() if env.su else {env.uid}
    if not _own_code.get():
        default = env.transaction.default_env
        uid = default.uid if default is not None else None
        if uid is None and request:
            uid = env.ref("base.public_user").id  # a request that nobody has logged in for
        if uid is not None:
            uids.add(uid)
    return env(su=False)["res.users"].browse(uids - {SUPERUSER_ID, None, False})


def ask_as_system(env):
    """Whether all who ask are administrators."""
    return all(user._is_system() for user in askers(env))


def ask_as_members(env, group):
    """Whether all who ask are members of the group."""
    return all(user.has_group(group) for user in askers(env))
