"""Stored strings that Odoo evaluates: a domain for another model, a path that Odoo follows as superuser. They are
checked like arguments when they are written, because Odoo may use them at any later time."""

import re
from ast import literal_eval
from weakref import WeakKeyDictionary

from .documents import MODELS, named_model, stored
from .errors import RefusalError
from .expressions import check_domain
from .reach import READ

DOMAIN = re.compile(r"(?:^|_)domain(?:_preferred)?$")
MAX_LENGTH = 20_000
# The fields that contain a domain's model.
SOURCES = (*MODELS, "model_name", "mailing_model_id")
# Domains whose model is not in a field.
DOMAINS = {
    "crm.team": "crm.lead",
    "crm.team.member": "crm.lead",
    "loyalty.reward": "product.product",
    "loyalty.rule": "product.product",
}
TEXTS = ("char", "text")
PATHS = {("sale.pdf.form.field", "path"): ("sale.order", "sale.order.line")}

_found = WeakKeyDictionary()


def check_stored_texts(reach, model, values, parents):
    """Refuse domains and paths that use fields the caller may not read. `parents`: the ids of the records that the
    values are written to; () for a new one."""
    for name, value in values.items():
        if type(value) is not str:
            continue
        for root in PATHS.get((model._name, name), ()):
            if root in model.env.registry:
                _check_path(reach, model.env[root], value)
    names, sources = _domains(model)
    if names and not names.union(sources).isdisjoint(values):
        for others in stored(model, names.union(sources).difference(values), parents):
            _check_domains(reach, model, names, sources, {**others, **values})


def _domains(model):
    """({the fields with domains}, {the fields with their models})"""
    count, *found = _found.get(type(model), (0, set(), set()))
    if count != len(model._fields):  # a custom field was added, or this is the first call
        fields = model._fields.items()
        names = {name for name, field in fields if DOMAIN.search(name) and field.type in TEXTS and field.store}
        found = names, {name for name in SOURCES if name in model._fields}
        _found[type(model)] = len(model._fields), *found
    return found


def _check_domains(reach, model, names, sources, values):
    targets = {named_model(model.env, model._fields[name], values.get(name)) for name in sources}
    targets.add(DOMAINS.get(model._name))
    for target in targets & model.env.registry.models.keys():
        for name in names:
            domain = _parsed(model._fields[name], values.get(name))
            if domain:
                check_domain(reach, model.env[target], domain)


def _parsed(field, text):
    """The parsed text; None if it is not a literal but an expression that Odoo's client evaluates."""
    if type(text) is not str or not text:
        return None
    if len(text) > MAX_LENGTH:
        raise RefusalError(
            "odoo.validation",
            f"The field {field.name} of {field.model_name} holds a domain of more than {MAX_LENGTH} characters.",
            model=field.model_name,
            field=field.name,
        )
    try:
        parsed = literal_eval(text)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None
    return _lists(parsed) if type(parsed) in (list, tuple) else None


def _lists(value):
    return [_lists(part) for part in value] if type(value) in (list, tuple) else value


def _check_path(reach, model, path):
    for name in path.split("."):
        if name not in model._fields:
            break
        reach.require(model._name, READ)
        field = reach.field(model, name)
        model._check_field_access(field, "read")
        if not field.relational:
            break
        model = model.env[field.comodel_name]
