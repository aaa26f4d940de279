"""Pages that continue behind a record instead of counting from the first: as cheap far down as at the top, and unmoved
by records that come or go meanwhile."""

from typing import NamedTuple

from odoo.models import BaseModel
from odoo.tools import SQL, Query

from ..tools.secret_fields import is_secret
from .errors import RefusalError
from .expressions import ORDER_TERM

# These sort by their own column; a relation sorts by the order of the other model. Texts do, too, and are too long for
# a cursor.
SORTED_BY_COLUMN = frozenset(["boolean", "char", "date", "datetime", "float", "integer", "monetary", "selection"])


class Term(NamedTuple):
    name: str
    column: SQL
    """What the ORM sorts by: a boolean that is empty sorts as false."""
    descending: bool


def total_order(order):
    """The order with the id as its last term, so that no two records share a place."""
    names = [term.split()[0].lower() for term in order.split(",") if term.strip()]
    return order if "id" in names else f"{order}, id" if names else "id"


def keyset(model, order):
    """The order's columns; None where something else than columns of the model decides, or one that the caller may not
    read: a place tells its values."""
    terms = []
    for text in order.split(","):
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
        terms.append(Term(field.name, column, " desc" in text.lower()))
    return terms


def behind(terms, values):
    """The condition of the records that come after the one with these values, as Postgres sorts: empty values last in
    ascending order, first in descending."""
    if len(values) != len(terms) or not all(value is None or type(value) is str for value in values):
        raise RefusalError("odoo.arguments", "'after' does not fit the order.", argument="after")
    ties = SQL("TRUE")
    alternatives = []
    for (_name, column, descending), value in zip(terms, values, strict=True):
        if value is None:
            later = SQL("%s IS NOT NULL", column) if descending else SQL("FALSE")
            same = SQL("%s IS NULL", column)
        else:
            later = (
                SQL("%s < %s", column, value) if descending else SQL("(%s > %s OR %s IS NULL)", column, value, column)
            )
            same = SQL("%s = %s", column, value)
        alternatives.append(SQL("(%s AND %s)", ties, later))
        ties = SQL("%s AND %s", ties, same)
    return SQL("(%s)", SQL(" OR ").join(alternatives))


def place(terms, record):
    """The values that `behind` takes, of a record: as text, which Postgres turns back without loss."""
    caches = [record._fields[term.name]._get_cache(record.env) for term in terms if term.name != "id"]
    sorts_by_columns = type(record)._order_field_to_sql is BaseModel._order_field_to_sql
    if sorts_by_columns and all(record.id in cache for cache in caches):
        # as they were read just now, empty ones still None
        cached = iter(caches)
        return [_text(record, term, record.id if term.name == "id" else next(cached)[record.id]) for term in terms]
    columns = SQL(", ").join(SQL("(%s)::text", term.column) for term in terms)
    table = SQL.identifier(record._table)
    [values] = record.env.execute_query(SQL("SELECT %s FROM %s WHERE %s.id = %s", columns, table, table, record.id))
    return list(values)


def _text(record, term, value):
    if value is None and record._fields[term.name].type == "boolean":
        return "false"
    return value if value is None else str(value)
