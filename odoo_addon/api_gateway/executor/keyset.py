"""Pages that continue after a record instead of counting from the first one. They cost the same at any depth, and
records that are created or deleted meanwhile do not shift them."""

import json
from hashlib import sha256
from typing import NamedTuple

from odoo.models import BaseModel
from odoo.tools import SQL, Query

from ..tools.secret_fields import is_secret
from .errors import RefusalError
from .expressions import ORDER_TERM

# Fields of these types sort by their own column; a relation sorts by the order of the other model.
SORTED_BY_COLUMN = frozenset(
    ["boolean", "char", "date", "datetime", "float", "html", "integer", "monetary", "selection", "text"]
)
# A position is part of a URL. It must fit even for long values, or a list could not be read to its end. So the number
# of terms is limited, and a long value is replaced by its beginning and its digest, which are compared with the
# record's current value.
MAX_TERMS = 8
MAX_ORDER = 600
MAX_VALUE_BYTES = 240
BEGINNING = 30


class Term(NamedTuple):
    name: str
    column: SQL
    """The expression by which the ORM sorts. An empty boolean sorts as false."""
    descending: bool
    exact: bool
    """Whether the value in the ORM's cache equals the column's. The cache rounds numerics, and contains one translation
    of a value instead of all."""
    lang: str | None
    """The language in which a translated column is sorted."""


def total_order(order):
    """The order with the id as its last term, so that no two records share a position."""
    names = [term.split()[0].lower() for term in order.split(",") if term.strip()]
    return order if "id" in names else f"{order}, id" if names else "id"


def keyset(model, order):
    """The order's columns. None if the order uses anything but columns of the model, if the caller may not read one of
    them (a position reveals values), or if there are too many."""
    texts = order.split(",")
    if len(texts) > MAX_TERMS or len(order) > MAX_ORDER:
        return None
    terms = []
    for text in texts:
        match = ORDER_TERM.fullmatch(text)
        if not match or match[2] or "nulls" in text.lower():
            return None
        field = model._fields[match[1]]
        if field.name != "id" and (
            field.type not in SORTED_BY_COLUMN
            or not field.store
            or not field.column_type
            or field.company_dependent
            or field.inherited
            or is_secret(field)
            or not model._has_field_access(field, "read")
        ):
            return None
        query = Query(model.env, model._table, model._table_sql)
        column = model._order_field_to_sql(model._table, field.name, SQL(), SQL(), query)
        if query._joins:
            return None
        lang = field.translation_lang(model.env) if field.translate else None
        exact = not lang and field.column_type[0] != "numeric"
        terms.append(Term(field.name, column, " desc" in text.lower(), exact, lang))
    return terms


def behind(model, terms, values):
    """The condition for the records after the one with these values, in the order of Postgres: empty values last if
    ascending, first if descending."""
    *values, lang = values if values else [None]
    if len(values) != len(terms) or not all(_is_value(value) for value in values):
        raise RefusalError("odoo.arguments", "'after' does not fit the order.", argument="after")
    if lang != lang_of(terms):
        message = f"The list is in the language {lang_of(terms)}, and its cursor in {lang}. Start from the first page."
        raise RefusalError("query.cursor", message)
    ties = SQL("TRUE")
    bound = SQL("TRUE")
    alternatives = []
    for (name, column, descending, *_), value in zip(terms, _whole(model, terms, values), strict=True):
        is_never_empty = name == "id" or model._fields[name] in model.env.registry.not_null_fields
        if type(value) is list:
            # The record has changed since, or has been deleted. Records whose value has the same beginning are
            # returned again, because twice is better than never.
            [beginning, _digest] = value
            later = SQL(
                "(%s OR left(%s, %s) = %s%s)",
                SQL("%s < %s", column, beginning) if descending else SQL("%s > %s", column, beginning),
                column,
                len(beginning),
                beginning,
                SQL() if descending else SQL(" OR %s IS NULL", column),
            )
            same = SQL("FALSE")
        elif value is None:
            later = SQL("%s IS NOT NULL", column) if descending else SQL("FALSE")
            same = SQL("%s IS NULL", column)
        else:
            if descending:
                later = SQL("%s < %s", column, value)
            elif is_never_empty:
                later = SQL("%s > %s", column, value)
            else:
                later = SQL("(%s > %s OR %s IS NULL)", column, value, column)
            same = SQL("%s = %s", column, value)
            if not alternatives and (descending or is_never_empty):
                # The alternatives imply this bound, but Postgres needs it to start in the middle of an index.
                bound = SQL("%s <= %s" if descending else "%s >= %s", column, value)
        alternatives.append(SQL("(%s AND %s)", ties, later))
        ties = SQL("%s AND %s", ties, same)
    return SQL("(%s AND (%s))", bound, SQL(" OR ").join(alternatives))


def place(terms, record):
    """A record's values for `behind`, as text that Postgres converts back without loss, and the language."""
    caches = [record._fields[term.name]._get_cache(record.env) for term in terms if term.name != "id"]
    sorts_by_columns = type(record)._order_field_to_sql is BaseModel._order_field_to_sql
    if sorts_by_columns and all(term.exact for term in terms) and all(record.id in cache for cache in caches):
        # the values as they were just read, with None for empty ones
        cached = iter(caches)
        values = [_text(record, term, record.id if term.name == "id" else next(cached)[record.id]) for term in terms]
    else:
        [values] = _columns(record, terms, record.id)
    return [*map(_short, values), lang_of(terms)]


def place_to_sql(model, terms, names):
    """The strings of `place` as SQL, without the language and not shortened. `names`: the fields of the records that
    were read."""
    sorts_by_columns = type(model)._order_field_to_sql is BaseModel._order_field_to_sql
    is_cached = all(term.exact and (term.name == "id" or term.name in names) for term in terms)
    if sorts_by_columns and is_cached:
        return [_text_to_sql(model, term) for term in terms]
    return [SQL("(%s)::text", term.column) for term in terms]


def _text_to_sql(model, term):
    """The value as Python formats it."""
    field = model._fields[term.name]
    column = SQL("(%s)", term.column)
    if field.type == "boolean":
        column = model._field_to_sql(model._table, term.name)
        return SQL("(CASE WHEN %s THEN 'True' WHEN %s IS NULL THEN 'false' ELSE 'False' END)", column, column)
    if field.type == "datetime":
        return SQL(
            "(to_char(%s, 'YYYY-MM-DD HH24:MI:SS') || CASE WHEN %s = date_trunc('second', %s) THEN '' "
            "ELSE to_char(%s, '.US') END)",
            *[column] * 4,
        )
    if field.type == "float":
        # Postgres writes exponents from 1e15 on, Python from 1e16 on.
        return SQL(
            "(CASE WHEN abs(%s) >= 1e15 AND abs(%s) < 1e16 THEN %s::text::numeric::text ELSE %s::text END"
            " || CASE WHEN %s = trunc(%s) AND abs(%s) < 1e16 THEN '.0' ELSE '' END)",
            *[column] * 7,
        )
    return SQL("%s::text", column)


def _text(record, term, value):
    if value is None and record._fields[term.name].type == "boolean":
        return "false"
    return value if value is None else str(value)


def _columns(model, terms, id_):
    """The values of the terms as a list of strings; an empty list if there is no such record."""
    query = Query(model.env, model._table, model._table_sql)
    query.add_where(SQL("%s = %s", SQL.identifier(model._table, "id"), id_))
    return model.env.execute_query(query.select(*[SQL("(%s)::text", term.column) for term in terms]))


def _short(value):
    """Replace a value that is too long with its beginning and its digest."""
    if value is None or len(json.dumps(value, ensure_ascii=False).encode()) <= MAX_VALUE_BYTES:
        return value
    return [value[:BEGINNING], _digest(value)]


def _whole(model, terms, values):
    """Replace shortened values with the record's full values. They stay shortened if the record has changed."""
    if not any(type(value) is list for value in values):
        return values
    id_ = next(value for term, value in zip(terms, values, strict=True) if term.name == "id")
    for found in _columns(model, terms, id_):
        return [
            whole if type(value) is list and whole is not None and _digest(whole) == value[1] else value
            for value, whole in zip(values, found, strict=True)
        ]
    return values


def _digest(value):
    return sha256(value.encode()).hexdigest()[:32]


def _is_value(value):
    return value is None or type(value) is str or (type(value) is list and [*map(type, value)] == [str, str])


def lang_of(terms):
    """The language on which a position in the order depends; None if the position is the same in all languages."""
    return next((term.lang for term in terms if term.lang), None)
