"""Writes to all records that a domain finds, up to a number that the caller names."""

from .arguments import count, required
from .errors import RefusalError
from .expressions import check_domain
from .reach import DELETE, READ, WRITE
from .reading import explain_domain
from .writing import unlink, write

MAX_AFFECTED = 10_000


def write_found(env, reach, operation):
    """Like `write`, with `domain` and `max_affected` in place of `ids`."""
    ids = found_ids(env, reach, operation, WRITE)
    return write(env, reach, {**operation, "ids": ids}) if ids else {"ids": []}


def unlink_found(env, reach, operation):
    ids = found_ids(env, reach, operation, DELETE)
    return unlink(env, reach, {**operation, "ids": ids}) if ids else {"ids": []}


def found_ids(env, reach, operation, action):
    """The records of the domain that the user sees. Refuses more than `max_affected`."""
    model = reach.model(env, required(operation, "model"), action)
    reach.require(model._name, READ, "search")
    most = count(operation, "max_affected", None, 1)
    if most > MAX_AFFECTED:
        raise RefusalError("odoo.arguments", f"'max_affected' may be at most {MAX_AFFECTED}.", argument="max_affected")
    domain = required(operation, "domain")
    check_domain(reach, model, domain)
    with explain_domain(model):
        ids = model.search(domain, limit=most + 1, order="id").ids
    require_few(len(ids), most)
    return ids


def require_few(affected, most):
    """:raises RefusalError: `odoo.too_many`"""
    if affected > most:
        raise RefusalError(
            "odoo.too_many",
            f"More than {most} records would be affected, so nothing was written. Narrow the domain, or raise "
            "max_affected.",
            max_affected=most,
        )
