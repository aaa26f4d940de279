from contextlib import contextmanager

from psycopg2 import DataError

from .arguments import count, ids, required
from .errors import RefusalError
from .expressions import check_domain, check_order
from .reach import READ
from .reader import check_tree, default_fields, fast_env, fetch, read_tree


def search(env, reach, operation):
    model = reach.model(env, required(operation, "model"), READ)
    model, tree, omitted = _asked_fields(reach, model, operation)
    domain = operation.get("domain") or []
    check_domain(reach, model, domain)
    order = operation.get("order") or model._order
    if operation.get("order"):
        check_order(reach, model, order)
    limit, offset = count(operation, "limit", None, 1), count(operation, "offset", 0, 0)
    with explain_domain(model):
        records = fetch(model, model._search(domain, offset=offset, limit=limit, order=order), tree)
    result = {"records": read_tree(records, tree), "omitted": omitted, "fields": list(tree)}
    if operation.get("count"):
        # A page that is not full knows its end.
        known = len(records) < limit and (records or not offset)
        result["total"] = offset + len(records) if known else model.search_count(domain)
    return result


def read(env, reach, operation):
    """The records in the order of their ids. Those that do not exist or are hidden are left out."""
    model = reach.model(env, required(operation, "model"), READ)
    model, tree, omitted = _asked_fields(reach, model, operation)
    wanted = ids(operation)
    records = fetch(model, model._search([("id", "in", wanted)], active_test=False), tree)
    rows = {row["id"]: row for row in read_tree(records, tree)}
    return {"records": [rows[id_] for id_ in wanted if id_ in rows], "omitted": omitted, "fields": list(tree)}


@contextmanager
def explain_domain(model):
    """What only shows while the ORM compiles a domain (a date that is none, a value that the field cannot have) is the
    caller's mistake."""
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError, NotImplementedError, OverflowError, DataError) as exc:
        raise RefusalError("odoo.domain", f"The domain on {model._name} makes no sense: {exc}") from exc


def _asked_fields(reach, model, operation):
    tree = operation.get("fields")
    omitted = []
    if tree is None:
        names, omitted = default_fields(model)
        tree = {name: {} for name in names}
    else:
        check_tree(reach, model, tree)
    return fast_env(model, tree), tree, omitted
