"""The name of the record that a many2one refers to, as SQL: the name that Odoo computes as superuser, in the caller's
language. If a model computes names with its own method, it needs a recipe, which is found by the digest of the method's
source code (`known_methods.json`)."""

from odoo.tools import SQL

from . import recipes
from .columns import column_to_sql, joined
from .overrides import overrides_of, verdict
from .refusals import NotCompilableError

TEXTS = frozenset(["char", "text"])


def name_to_sql(model, alias, query):
    """The display name of the record behind an alias of the query. If the name is false, the SQL gives null.

    :raises NotCompilableError: `name`, if Python computes it in a way for which there is no recipe"""
    if model._fields["display_name"].compute != "_compute_display_name":
        raise NotCompilableError("name", model._name)
    for function in overrides_of(type(model), "_compute_display_name"):
        known, _, recipe = verdict(function).partition(" ")
        if known == "recipe" and (model.env.su or recipe in recipes.OF_OWN_COLUMNS):
            return getattr(recipes, recipe)(model, alias, query)
        if known != "pure":
            raise NotCompilableError("name", model._name)
    return own_name(model, alias, query)


def has_recipe(model):
    """Whether the name is computed, not read from a column. Such a name should be computed only once per record."""
    overrides = overrides_of(type(model), "_compute_display_name")
    return any(verdict(function).startswith("recipe") for function in overrides)


def own_name(model, alias, query):
    """The name that the ORM gives to records whose model does not compute names differently."""
    if not model._rec_name:
        return SQL("concat(%s, ',', %s)", model._name, SQL.identifier(alias, "id"))
    field = model._fields[model._rec_name]
    if field.type == "many2one" and model.env.su:  # otherwise the user's rights on the other record matter
        comodel, coalias = joined(model, alias, field, query)
        return name_to_sql(comodel, coalias, query)
    if field.type not in TEXTS:
        raise NotCompilableError("name", model._name)
    return SQL("NULLIF(%s, '')", column_to_sql(model, alias, field, query))
