"""Fields as SQL."""

from odoo.tools import SQL, Query

from .refusals import NotCompilableError


def column_to_sql(model, alias, field, query):
    """The field's value, in parentheses, because Odoo's `->>` and similar operators bind less tightly than others
    around them. :raises NotCompilableError: `field`, if its value is not in a column that SQL can read as the ORM
    does"""
    if not is_column(field):
        raise NotCompilableError("field", f"{field.model_name}.{field.name}")
    if field.inherited and not field.store:
        model.env[field.related_field.model_name].check_access("read")
    try:
        return SQL("(%s)", model._field_to_sql(alias, field.name, query))
    except ValueError as exc:
        raise NotCompilableError("field", f"{field.model_name}.{field.name}") from exc


def has_properties(model, alias, field, query):
    """SQL that is true if the record has properties (Python assembles their values), otherwise null."""
    if field.type == "properties_definition":
        definition = column_to_sql(model, alias, field, query)
    elif field.inherited:
        raise NotCompilableError("field", f"{field.model_name}.{field.name}")
    else:
        holder = model._fields[field.definition_record]
        holders = model.env[holder.comodel_name].sudo()
        inner = Query(model.env, "__holder", SQL.identifier(holders._table))
        definition = SQL(
            "(SELECT %s FROM %s WHERE %s = %s)",
            column_to_sql(holders, "__holder", holders._fields[field.definition_record_field], inner),
            SQL("%s AS __holder", SQL.identifier(holders._table)),
            SQL.identifier("__holder", "id"),
            # For a model's own properties, this field is computed, but SQL has an equivalent.
            model.sudo()._field_to_sql(alias, holder.name, query),
        )
    return SQL("(CASE WHEN %s <> '[]'::jsonb THEN TRUE END)", definition)


def is_column(field):
    """Whether the field is a column, or is related to a column that every reader of the field may read too. A model's
    rules include those of the models that it inherits from."""
    if field.store:
        return bool(field.column_type)
    return bool(field.related) and bool(field.compute_sudo or field.inherited) and field.type != "binary"


def joined(model, alias, field, query):
    """(model as superuser, alias) of the record that a many2one refers to."""
    comodel = model.env[field.comodel_name].sudo()
    return comodel, join(query, alias, field.name, comodel, column_to_sql(model, alias, field, query))


def join(query, alias, link, comodel, column):
    """A new alias for a model's record whose id is in a column. It differs from all of Odoo's aliases, because Odoo
    joins the same record with other SQL."""
    coalias = Query.make_alias(alias, f"{link}_named")
    query.add_join("LEFT JOIN", coalias, comodel._table, SQL("%s = %s", column, SQL.identifier(coalias, "id")))
    return coalias
