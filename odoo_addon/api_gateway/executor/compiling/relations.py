"""The tables and columns that a plan reads. The sidecar's reader role gets access to these and no others."""

from psycopg2 import Error

from odoo.tools import SQL

from ...tools.secret_fields import is_secret
from .refusals import NotCompilableError
from .statement import tables_and_columns


def relations_of(env, reach, overrides, sql):
    """{table: [columns]} of a statement. Refuses models that are never exposed, secret fields, and models whose Python
    code decides which records are found.

    :raises NotCompilableError: `model`, `rights`"""
    models = {}
    for name, model in env.registry.items():
        if not model._abstract:
            models.setdefault(model._table, []).append(name)
    named = tables_and_columns(sql)
    relations = {}
    for table, column in _existing(env, list(named)):
        if table not in models or column in named[table]:  # tables of many2many relations
            relations.setdefault(table, []).append(column)
    for table, columns in relations.items():
        for name in models.get(table, ()):
            if reach.hides(name):
                raise NotCompilableError("rights", name)
            overrides.check_model(name)
            _check_columns(env[name], columns)
    return relations


def grant_reading(env, relations):
    """Grant the columns to the sidecars' reader roles, in a separate transaction. :raises NotCompilableError: `rights`,
    if there is no reader role or it must not read them"""
    held = env.execute_query(SQL("SELECT t, gateway.readable(t) FROM unnest(%s) AS t", list(relations)))
    missing = {table: columns for table, known in held if (columns := sorted({*relations[table]} - {*known}))}
    if not missing:
        return
    try:
        with env.registry.cursor() as cr:
            for table, columns in missing.items():
                cr.execute("select gateway.grant_read(%s, %s)", (table, columns), log_exceptions=False)
    except Error as exc:
        raise NotCompilableError("rights", min(missing)) from exc


def _existing(env, tables):
    return env.execute_query(
        SQL(
            """
            SELECT c.relname, a.attname
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE c.relnamespace = current_schema::regnamespace AND c.relname = ANY(%s)
              AND a.attnum > 0 AND NOT a.attisdropped
            ORDER BY c.relname, a.attnum
            """,
            tables,
        )
    )


def _check_columns(model, columns):
    for column in columns:
        field = model._fields.get(column)
        if field is not None and is_secret(field):
            raise NotCompilableError("rights", f"{model._name}.{column}")
