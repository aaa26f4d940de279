"""A plan, as the sidecar receives it: one statement, and how its rows become records."""

from typing import NamedTuple

from odoo.tools import SQL

from ..arguments import ids, required
from ..keyset import lang_of, place_to_sql
from ..reach import READ
from ..reading import asked_fields, asked_page, explain_domain, page_domain
from .levels import Levels, check_query
from .refusals import NotCompilableError
from .result import rows, sets

VERSIONS = SQL("(SELECT gateway.read_versions()) AS versions")


CONTEXT = frozenset(["allowed_company_ids", "lang", "tz"])


class Draft(NamedTuple):
    """A statement with sentinels instead of values, and the plan's description of its result."""

    levels: Levels
    sql: SQL
    is_flat: bool
    about: dict

    @classmethod
    def of_records(cls, levels, about, places=(), total=None):
        is_flat = levels.is_flat and total is None
        return cls(levels, _statement(levels, places, total, is_flat), is_flat, about)


def check_context(env):
    """Many overrides in Odoo's modules look at context keys that a compiled read does not have."""
    if unknown := env.context.keys() - CONTEXT:
        raise NotCompilableError("context", min(unknown))


def draft_search(env, reach, _overrides, operation):
    asked = asked_page(env, reach, operation)
    model = asked.model
    if operation.get("count") not in (None, False, "exact"):
        raise NotCompilableError("context", "count")
    with explain_domain(model):
        query = model._search(page_domain(asked, operation), offset=asked.offset, limit=asked.limit, order=asked.order)
        total = _total(asked, operation) if operation.get("count") else None
    levels = Levels(model, query, asked.tree)
    places = place_to_sql(model, asked.terms, asked.tree) if asked.terms else []
    about = {"omitted": asked.omitted, "fields": list(asked.tree), "count": "exact" if total else None, "next": None}
    if places:
        terms = [{"as": f"k{number}"} for number in range(len(places))]
        about["next"] = {"order": asked.order, "terms": terms, "lang": lang_of(asked.terms)}
    return Draft.of_records(levels, about, places, total)


def draft_read(env, reach, _overrides, operation):
    model = reach.model(env, required(operation, "model"), READ)
    model, tree, omitted = asked_fields(reach, model, operation)
    query = model._search([("id", "in", ids(operation))], active_test=False)
    levels = Levels(model, query, tree)
    about = {"omitted": omitted, "fields": list(tree), "count": None, "next": None}
    return Draft.of_records(levels, about)


def _total(asked, operation):
    """The total. As in the reader, records are counted only if the page does not reach the end of the list."""
    query = asked.model._search(asked.domain)
    check_query(asked.model, query)
    counted = query.select("COUNT(*)")
    if "after" in operation:
        return SQL("(%s)", counted)
    return SQL(
        "(SELECT CASE WHEN __some.n < %(limit)s::int8 AND (__some.n > 0 OR %(offset)s::int8 = 0)"
        " THEN %(offset)s::int8 + __some.n ELSE (%(counted)s) END FROM (SELECT count(*) AS n FROM l0) AS __some)",
        limit=asked.limit,
        offset=asked.offset,
        counted=counted,
    )


def _statement(levels, places, total, is_flat):
    names = [f"k{number}" for number in range(len(places))]
    for name, sql in zip(names, places, strict=True):
        levels.root.add_term(name, sql)
    if is_flat:
        return rows(levels.root, VERSIONS)
    return sets(levels.all, names, *([] if total is None else [SQL("%s AS total", total)]), VERSIONS)
