"""The result of a statement. One level becomes rows; several levels become one row that contains each column as a JSON
array. Postgres makes an array of one column faster than objects or rows, and the sidecar reads it faster."""

from odoo.tools import SQL, Query

from .columns import join
from .levels import within
from .names import has_recipe, name_to_sql


def rows(level, *more):
    """A row for each record, in order."""
    if not level.named:
        return level.bare(*more)
    # Joins lose the order, so each record gets its position as a number.
    page = SQL("SELECT __page.*, row_number() OVER () AS n FROM (%s) AS __page", level.bare())
    tables = [SQL("%s AS (%s)", SQL.identifier(level.name), page)]
    query = Query(level.model.env, level.name, SQL.identifier(level.name))
    query.order = SQL.identifier(level.name, "n")
    shown = [SQL("%s AS %s", SQL.identifier(level.name, term), SQL.identifier(term)) for term in level.terms]
    for term, comodel in level.named:
        column, table = SQL.identifier(level.name, term), f"{level.name}{term}"
        if has_recipe(comodel):
            tables.append(_names(level, term, comodel))
            query.add_join("LEFT JOIN", table, table, SQL("%s = %s", SQL.identifier(table, "id"), column))
            name = SQL.identifier(table, "name")
        else:
            name = name_to_sql(comodel, join(query, level.name, term, comodel, column), query)
        shown.append(SQL("%s AS %s", name, SQL.identifier(table)))
    return SQL("WITH %s %s", SQL(", ").join(tables), query.select(*shown, *more))


def sets(levels, places, *more):
    """One row. The columns of a level `l0` are `l0_id`, `l0_c0` …, and its records' names in `l0c1_id`, `l0c1_name`.

    :param places: terms of the first level; their values in its last record are where the next page starts"""
    tables, found = [], []
    for level in levels:
        tables.append(SQL("%s AS MATERIALIZED (%s)", SQL.identifier(level.name), level.bare()))
        last = [SQL("(array_agg(%s))[count(*)] AS %s", SQL.identifier(k), SQL.identifier(k)) for k in places]
        found.append(_set(level.name, [term for term in level.terms if term not in places], last))
        for term, comodel in level.named:
            tables.append(_names(level, term, comodel))
            found.append(_set(f"{level.name}{term}", ("id", "name")))
        places = ()
    columns = [SQL("%s.*", SQL.identifier(alias)) for alias, _sql in found]
    return SQL(
        "WITH %s SELECT %s FROM %s",
        SQL(", ").join(tables),
        SQL(", ").join([*columns, *more]),
        # With a comma-separated list of tables, Postgres would try every join order.
        SQL(" CROSS JOIN ").join(SQL("(%s) AS %s", sql, SQL.identifier(alias)) for alias, sql in found),
    )


def _set(table, terms, more=()):
    """(alias, query) of a table's columns, in the order of its rows."""
    columns = [SQL("json_agg(%s) AS %s", SQL.identifier(term), SQL.identifier(f"{table}_{term}")) for term in terms]
    return f"{table}_set", SQL("SELECT %s FROM %s", SQL(", ").join([*columns, *more]), SQL.identifier(table))


def _names(level, term, comodel):
    """A table with the names of the records that a column refers to. Each name is computed once."""
    query = Query(comodel.env, comodel._table, comodel._table_sql)
    id_ = SQL.identifier(comodel._table, "id")
    query.add_where(within(id_, level, term))
    name = name_to_sql(comodel, comodel._table, query)
    named = query.select(SQL("%s AS id", id_), SQL("%s AS name", name))
    return SQL("%s AS MATERIALIZED (%s)", SQL.identifier(f"{level.name}{term}"), named)
