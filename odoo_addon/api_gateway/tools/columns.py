"""Detects missing columns of database views: views lack columns for fields that Odoo computes only in groups, or that a
later version added."""

from odoo.tools import SQL


def lacks_column(model, field):
    """Whether the view lacks a column that Odoo expects it to have, so that reading would fail."""
    if model._auto or not (field.store and field.column_type) or model._table_query:
        return False
    return field.name not in model.env["ir.model"]._gateway_view_columns(model._name)


def read_columns(env, table):
    rows = env.execute_query(
        SQL("SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0", f'"{table}"')
    )
    return frozenset(name for (name,) in rows)
