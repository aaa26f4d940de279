import logging

import psycopg2

from odoo.tools import SQL

_logger = logging.getLogger(__name__)


def uninstall_hook(env):
    """Remove everything. Dropping the schema also drops its triggers on Odoo's tables."""
    _give_back_privileges(env.cr)
    env.cr.execute("drop schema if exists gateway cascade")
    # This removes our bundle, and Odoo's bundles that contain our files.
    env["ir.attachment"].sudo().regenerate_assets_bundles()
    _forget_models(env)


def _forget_models(env):
    """Remove records that Odoo's uninstallation misses: external ids of other modules for their additions to our
    models, and users' settings for our pages."""
    data = env["ir.model.data"].sudo()
    ours = data.search(
        [("module", "=", "api_gateway"), ("model", "=", "ir.model"), ("name", "=like", "model\\_gateway\\_%")]
    )
    models = env["ir.model"].sudo().browse(ours.mapped("res_id")).mapped("model")
    prefixes = ("model_inherit__", "selection__", "field_")
    names = tuple(f"{prefix}{model.replace('.', '_')}__" for model in models for prefix in prefixes)
    kinds = ["ir.model.inherit", "ir.model.fields", "ir.model.fields.selection"]
    found = data.search([("module", "!=", "api_gateway"), ("model", "in", kinds), ("name", "like", "gateway_")])
    found.filtered(lambda record: record.name.startswith(names)).unlink()
    # Names of columns that we have added to Odoo's tables.
    constraints = env["ir.model.constraint"].sudo()
    constraints.search([("module.name", "=", "api_gateway"), ("type", "=", "f")]).unlink()
    env["ir.filters"].sudo().with_context(active_test=False).search([("model_id", "in", models)]).unlink()
    env["ir.exports"].sudo().search([("resource", "in", models)]).unlink()


def _give_back_privileges(cr):
    """Undo the changes that `gateway.grant_to` made outside the schema: the rights on the database."""
    cr.execute("select role from gateway.grantee where exists (select from pg_roles where rolname = role)")
    roles = [role for (role,) in cr.fetchall()]
    database = SQL.identifier(cr.dbname)
    statements = [SQL("revoke connect on database %s from %s", database, SQL.identifier(role)) for role in roles]
    statements.append(
        SQL(
            "select gateway.revoke_reads(reader) from gateway.grantee"
            " where exists (select from pg_roles where rolname = reader)"
        )
    )
    for privilege in _taken_from_all(cr) if roles else ():
        if privilege == "create on schema":
            statements.append(SQL("grant create on schema public to public"))
        else:
            statements.append(SQL("grant %s on database %s to public", SQL(privilege), database))
    for statement in statements:
        try:
            with cr.savepoint(flush=False):
                cr.execute(statement)
        except psycopg2.errors.InsufficientPrivilege:
            _logger.warning("The owner of the database must run this: %s", statement.code)


def _taken_from_all(cr):
    """The rights that PUBLIC had when the addon was installed (models/gateway_schema.py) but no longer has. The result
    is empty for a database where an earlier version was installed, because the rights may have been missing before
    that."""
    cr.execute("select obj_description('gateway'::regnamespace, 'pg_namespace')")
    [had] = cr.fetchone()
    cr.execute(PUBLIC_PRIVILEGES)
    [has] = cr.fetchone()
    return [privilege for privilege in (had or "").split(", ") if privilege and privilege not in has.split(", ")]


PUBLIC_PRIVILEGES = """
    select concat_ws(', ',
      case when has_schema_privilege('public', 'public', 'create') then 'create on schema' end,
      case when has_database_privilege('public', current_database(), 'create') then 'create' end,
      case when has_database_privilege('public', current_database(), 'temporary') then 'temporary' end)
"""
