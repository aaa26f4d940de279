"""The ORM's own reading methods, as in Odoo's RPC: with raw results instead of the executor's records."""

from odoo.tools import SQL

from ..methods import prepare
from ..reading import explain_domain
from .levels import Levels, check_query
from .plan import VERSIONS, Draft, check_context
from .refusals import NotCompilableError

# The names of the methods' parameters, without the records.
PARAMETERS = {
    "read": ("fields", "load"),
    "search": ("domain", "offset", "limit", "order"),
    "search_count": ("domain", "limit"),
    "search_read": ("domain", "fields", "offset", "limit", "order", "load"),
}
NO_NAMES = (None, False, "")


def draft_call(env, reach, overrides, operation):
    prepared = prepare(env, reach, operation)
    method, model = prepared.name, prepared.model
    if method not in PARAMETERS:
        raise NotCompilableError("context", f"{model._name}.{method}")
    check_context(model.env)
    overrides.check_methods(model._name, method, "search_fetch")
    records, *args = prepared.bound.args
    given = {**dict(zip(PARAMETERS[method], args, strict=False)), **prepared.bound.kwargs}
    with explain_domain(model):
        return DRAFTS[method](records, given)


def domain_of(operation):
    """The domain from the arguments, unchanged."""
    args, kwargs = operation.get("args"), operation.get("kwargs")
    if operation.get("method") == "read":
        return None
    if type(kwargs) is dict and "domain" in kwargs:
        return kwargs["domain"]
    return args[0] if type(args) is list and args else None


def _search(model, given):
    return _page(model, given, [])


def _search_read(model, given):
    return _page(model, given, _fields(model, given))


def _page(model, given, fields):
    query = model._search(
        given.get("domain") or [],
        offset=given.get("offset") or 0,
        limit=given.get("limit"),
        order=given.get("order") or model._order,
    )
    levels = Levels(model, query, {name: {} for name in fields}, is_named=_is_named(given))
    return Draft.of_records(levels, _about("rows" if fields else "ids"))


def _search_count(model, given):
    query = model._search(given.get("domain") or [], limit=given.get("limit"))
    check_query(model, query)
    # This names a column, because the reader role gets rights only on columns that the SQL names.
    id_ = SQL.identifier(model._table, "id")
    counted = (
        SQL("SELECT COUNT(*) FROM (%s) t", query.select(id_)) if query.limit else query.select(SQL("COUNT(%s)", id_))
    )
    sql = SQL("SELECT (%s) AS total, %s", counted, VERSIONS)
    return Draft(Levels(model, query, {}), sql, False, {**_about("count"), "count": "exact"})


def _read(records, given):
    fields = _fields(records, given)
    query = records.browse()._search([("id", "in", list(records._ids))], active_test=False)
    levels = Levels(records.browse(), query, {name: {} for name in fields}, is_named=_is_named(given))
    return Draft.of_records(levels, {**_about("rows"), "complete": True})


def _fields(model, given):
    fields = given.get("fields")
    # Without fields, Odoo reads all of them.
    if type(fields) is not list or not fields or len({*fields}) < len(fields):
        raise NotCompilableError("field", model._name)
    for name in fields:
        if name not in model._fields:
            raise NotCompilableError("field", f"{model._name}.{name}")
    return fields


def _is_named(given):
    load = given.get("load", "_classic_read")
    if load not in ("_classic_read", *NO_NAMES):
        raise NotCompilableError("context", "load")
    return load == "_classic_read"


def _about(result):
    return {"omitted": [], "fields": [], "count": None, "next": None, "result": result}


DRAFTS = {"read": _read, "search": _search, "search_count": _search_count, "search_read": _search_read}
