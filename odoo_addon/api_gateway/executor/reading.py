from collections import Counter
from contextlib import contextmanager
from typing import NamedTuple

from psycopg2 import DataError, ProgrammingError
from psycopg2.errors import UndefinedFunction

from odoo.fields import Domain
from odoo.models import BaseModel
from odoo.tools import SQL

from .arguments import count, ids, required
from .brief import brief_fields
from .errors import RefusalError
from .expressions import check_domain, check_order
from .keyset import behind, keyset, place, total_order
from .reach import READ
from .reader import check_tree, default_fields, fast_env, fetch, read_page

# A page is searched in at most this many steps, each four times as large as the one before.
MAX_WIDENINGS = 6
GROUPING = frozenset(
    ["formatted_read_group", "formatted_read_grouping_sets", "read_group", "read_progress_bar", "web_read_group"]
)


class Asked(NamedTuple):
    """A requested page of records, after its arguments were checked."""

    model: BaseModel
    tree: dict
    omitted: list
    domain: list
    order: str
    terms: list | None
    """The columns that define a position in the order; None if the order has no cursors."""
    limit: int
    offset: int


def search(env, reach, operation):
    asked = asked_page(env, reach, operation)
    model, domain, order, limit = asked.model, asked.domain, asked.order, asked.limit
    with explain_domain(model):
        query = _page(model, page_domain(asked, operation), order, asked.offset, limit)
        records = fetch(model, query, limit, asked.tree)
    rows = read_page(reach.room, records, limit, asked.tree)
    result = {"records": rows, "omitted": asked.omitted, "fields": list(asked.tree)}
    if asked.terms and len(records) == limit:
        result["next"] = {"order": order, "after": place(asked.terms, records[-1])}
    if operation.get("count"):
        result["total"] = _total(model, domain, operation, records)
    return result


def asked_page(env, reach, operation):
    """The parts of a search. Refuses a search that the call may not make."""
    model = reach.model(env, required(operation, "model"), READ, "search", "search_read")
    model, tree, omitted = asked_fields(reach, model, operation)
    domain = operation.get("domain") or []
    check_domain(reach, model, domain)
    order = operation.get("order") or model._order
    if operation.get("order"):
        check_order(reach, model, order)
    order = total_order(order)
    terms = keyset(model, order)
    limit, offset = count(operation, "limit", None, 1), count(operation, "offset", 0, 0)
    return Asked(model, tree, omitted, domain, order, terms, limit, offset)


def page_domain(asked, operation):
    """The condition for the page's records; with a cursor, only those after it."""
    if "after" not in operation:
        return asked.domain
    return Domain(asked.domain) & _behind(asked.model, asked.terms, operation["after"], asked.order)


def _behind(model, terms, after, order):
    if terms is None:
        raise RefusalError("odoo.order", f"A list in the order {order!r} needs an offset instead of a cursor.")
    condition = behind(model, terms, after if type(after) is list else [])
    return Domain.custom(to_sql=lambda _model, _alias, _query: condition)


def _page(model, domain, order, offset, limit):
    """The query of a page. Messages, attachments and similar models search first and then drop records that the user
    may not see. So a search may return fewer records than requested, or no records, although there are more."""
    if type(model)._search is BaseModel._search:
        return model._search(domain, offset=offset, limit=limit, order=order)
    window = wanted = offset + limit
    for _ in range(MAX_WIDENINGS):
        # The joins of such a model may return a record twice.
        ids = list(dict.fromkeys(model._search(domain, limit=window, order=order).get_result_ids()))
        if len(ids) >= wanted or model.sudo().search_count(domain, limit=window + 1) <= window:
            break
        window *= 4
    return model.browse(ids[offset:wanted])._as_query()


def _total(model, domain, operation, records):
    limit, offset = operation["limit"], operation.get("offset") or 0
    # A page that is not full is the last one.
    if "after" not in operation and len(records) < limit and (records or not offset):
        return offset + len(records)
    if operation["count"] != "estimated":
        return model.search_count(domain)
    # Postgres's own estimate, record rules included. It costs nothing, and is correct to an order of magnitude.
    query = model._search(domain)
    [(plan,)] = model.env.execute_query(SQL("EXPLAIN (FORMAT JSON) %s", query.select()))
    return max(round(plan[0]["Plan"]["Plan Rows"]), offset + len(records))


def read(env, reach, operation):
    """The records in the order of the given ids, without those that do not exist or are hidden."""
    model = reach.model(env, required(operation, "model"), READ)
    model, tree, omitted = asked_fields(reach, model, operation)
    wanted = ids(operation)
    times = Counter(wanted)
    most = len(times)
    records = fetch(model, model._search([("id", "in", wanted)], active_test=False), most, tree)
    found = read_page(reach.room, records, most, tree, times if most < len(wanted) else None)
    rows = {row["id"]: row for row in found}
    return {"records": [rows[id_] for id_ in wanted if id_ in rows], "omitted": omitted, "fields": list(tree)}


@contextmanager
def explain_domain(model):
    """Faults that only show when the ORM compiles a domain (a string that is not a date, a value that the field cannot
    have) are the caller's mistakes."""
    try:
        yield
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        NotImplementedError,
        OverflowError,
        DataError,
        UndefinedFunction,  # types that Postgres cannot compare
    ) as exc:
        raise RefusalError("odoo.domain", f"The domain does not fit {model._name}: {exc}") from exc


@contextmanager
def explain_groups(model, name):
    """Faults that only show when the ORM builds groups (an unknown granularity, an aggregate that the field does not
    have) are the caller's mistakes, too."""
    try:
        yield
    except (ValueError, TypeError, KeyError, IndexError, NotImplementedError, DataError, ProgrammingError) as exc:
        if name not in GROUPING:
            raise
        text = str(exc).partition("\n")[0]
        raise RefusalError("odoo.arguments", f"{model._name}.{name} cannot group like this: {text}") from exc


def asked_fields(reach, model, operation):
    """(model, tree of fields, names of the fields that the caller may not read). If the operation names no fields,
    these are the default fields."""
    tree = operation.get("fields")
    omitted = []
    if tree is None:
        names, omitted = default_fields(reach, model)
        if operation.get("brief"):
            names, omitted = brief_fields(model, names), []
        tree = {name: {} for name in names}
    else:
        check_tree(reach, model, tree)
    return fast_env(model, tree), tree, omitted
