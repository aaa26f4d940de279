"""Views leave out columns of fields that Odoo only computes in groups, or that a later version added."""

from odoo.tools import SQL


def lacks_column(model, field):
    """Whether Odoo believes that the view has a column for the field, but it has not, so that reading would fail."""
    if model._auto or not (field.store and field.column_type) or model._table_query:
        return False
    return field.name not in model.env["ir.model"]._gateway_view_columns(model._name)


def read_columns(env, table):
    rows = env.execute_query(
        SQL("SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0", f'"{table}"')
    )
    return frozenset(name for (name,) in rows)
