"""Who asks: the user of the request, whatever environment the code runs in.

Odoo runs much of its code as superuser, some of it on values of its caller. So the rights to the gateway's
configuration are those of the request's user, also there."""

from contextlib import contextmanager
from contextvars import ContextVar

from odoo.exceptions import AccessError

# Not a context key, which a caller could pass.
_runs_own_code = ContextVar("api_gateway_runs_own_code", default=False)


@contextmanager
def own_code():
    """While the gateway itself writes, on values of its own making, what its user may not write."""
    token = _runs_own_code.set(True)
    try:
        yield
    finally:
        _runs_own_code.reset(token)


def askers(env):
    """The environments, none of them the superuser's, whose users must all have a right: that of `env`, and that of the
    request. Empty for own code, and where nobody asks: crons, installation, a shell."""
    if _runs_own_code.get():
        return []
    of_request = env.transaction.default_env
    found = {asker.uid: asker for asker in (env, of_request) if asker is not None and not asker.su}
    return list(found.values())


def have_group(env, group):
    """Whether all who ask have the group; without a user nobody has."""
    return all(asker.uid and asker.user.has_group(group) for asker in askers(env))


def check_group(env, group, message):
    """Raises AccessError with the message unless all who ask have the group."""
    if not have_group(env, group):
        raise AccessError(message)


def is_own(records, field):
    """Whether the user in this field of all records is everyone who asks."""
    return all(record[field].id == asker.uid for record in records.sudo() for asker in askers(records.env))
