"""The fields that record rules use."""

from odoo.orm.domains import Domain

from .refusals import NotCompilableError


def check_unread_by_rules(levels):
    """Refuse to-many relations that a model's rules read. The ORM evaluates the rules in Python, as superuser, and then
    shows the caller the values that this evaluation has put into the cache.

    :raises NotCompilableError: `field`"""
    shown = [level.field for level in levels if level.kind == "x2many"]
    if not shown:
        return
    named = set()
    for level in levels:
        model = level.model
        _add_named(model.env, model._name, model.env["ir.rule"]._compute_domain(model._name, "read"), named)
    for field in shown:
        if (field.model_name, field.name) in named:
            raise NotCompilableError("field", f"{field.model_name}.{field.name}")


def _add_named(env, model_name, domain, named):
    for condition in domain.iter_conditions():
        model, value = env[model_name], condition.value
        for name in condition.field_expr.split("."):
            field = model._fields.get(name)
            if field is None:
                break
            named.add((model._name, field.name))
            if not field.relational:
                break
            model = env[field.comodel_name]
        if isinstance(value, Domain):
            _add_named(env, model._name, value, named)
