"""The asker: the user of the request, whatever environment the code runs in. Odoo runs much of its code as superuser,
sometimes with the caller's values. Therefore the rights on the gateway's configuration are always checked for the
request's user."""

from contextlib import contextmanager
from contextvars import ContextVar

from odoo.exceptions import AccessError

# This is not a key of Odoo's context, because a caller could set one.
_runs_own_code = ContextVar("api_gateway_runs_own_code", default=False)


@contextmanager
def own_code():
    """A context in which the gateway writes its own values to records that the user may not write."""
    token = _runs_own_code.set(True)
    try:
        yield
    finally:
        _runs_own_code.reset(token)


def askers(env):
    """The environments whose users must all have a right: `env` and the request's environment, if they are not the
    superuser's. Empty for the gateway's own code, and where there is no user: crons, installation, a shell."""
    if _runs_own_code.get():
        return []
    of_request = env.transaction.default_env
    found = {asker.uid: asker for asker in (env, of_request) if asker is not None and not asker.su}
    return list(found.values())


def have_group(env, group):
    """Whether all askers have the group. False if there is no user."""
    return all(asker.uid and asker.user.has_group(group) for asker in askers(env))


def check_group(env, group, message):
    """Raises AccessError with the message unless all askers have the group."""
    if not have_group(env, group):
        raise AccessError(message)


def is_own(records, field):
    """Whether every asker is the user in this field of all records."""
    return all(record[field].id == asker.uid for record in records.sudo() for asker in askers(records.env))
