import inspect

from odoo import release
from odoo.exceptions import AccessError
from odoo.service.model import get_public_method

from ..tools.columns import lacks_column
from .arguments import required
from .binaries import kind
from .errors import RefusalError
from .reach import DELETE, READ, WRITE

DESCRIPTION = [
    "type",
    "string",
    "help",
    "required",
    "readonly",
    "store",
    "searchable",
    "sortable",
    "relation",
    "relation_field",
    "selection",
    "translate",
    "company_dependent",
    "digits",
    "currency_field",
    "size",
    "model_field",
    "definition_record",
    "definition_record_field",
]


def models(env, reach, operation):
    """The models that the user may use, except wizards and other models without permanent records."""
    names = dict.fromkeys(
        name
        for name, model in env.registry.items()
        if not (model._abstract or model._transient or name.startswith("_") or reach.hides(name))
    )
    labels = env["ir.model"].sudo().search_fetch([("model", "in", list(names))], ["model", "name"])
    listed = []
    for label in labels.sorted("model"):
        model = env[label.model]
        rights = {
            "read": model.has_access("read") and reach.permits(model._name, READ, "search"),
            "write": model.has_access("write") and reach.permits(model._name, WRITE, "write"),
            "create": model.has_access("create") and reach.permits(model._name, WRITE, "create"),
            "unlink": model.has_access("unlink") and reach.permits(model._name, DELETE),
        }
        if any(rights.values()):
            listed.append({"model": label.model, "name": label.name, **rights})
    return listed


def describe(env, reach, operation):
    """The fields as the user sees them, in the user's language."""
    described = {}
    for name in _names(operation):
        model = reach.model(env, name, READ)
        model.check_access("read")
        described[name] = model.fields_get(attributes=DESCRIPTION)
        for field_name, description in described[name].items():
            field = model._fields[field_name]
            description["type"] = kind(field)
            description["has_default"] = _has_default(field)
            if lacks_column(model, field):
                description.update(store=False, searchable=False, sortable=False)
            if field.type == "selection":
                # Records may keep a choice that is no longer offered, such as a deactivated language.
                description["choices_vary"] = type(field.selection) is not list
    return described


def methods(env, reach, operation):
    """The names of the public methods of a model, if the user may read the model."""
    model = reach.model(env, required(operation, "model"), READ)
    model.check_access("read")
    names = {name for base in type(model).mro() for name in vars(base) if not name.startswith("_")}
    return sorted(name for name in names if _is_public(model, name))


def _is_public(model, name):
    if not inspect.isroutine(getattr(type(model), name)):
        return False
    try:
        get_public_method(model, name)
    except AccessError:
        return False
    return True


def _has_default(field):
    """Whether Odoo fills the field if a new record has no value for it."""
    own = field.base_field
    return bool(own.default or own.compute or own.related or own.type in ("one2many", "many2many") or _is_parent(own))


def _is_parent(field):
    """Whether creating a record also creates the record to which the field refers, because the model inherits fields
    from that record (`_inherits`)."""
    return field.type == "many2one" and field.delegate


def types(env, reach, operation):
    """The properties of fields that the sidecar needs to convert values. They are the same for every user, so no scope
    is needed."""
    return {
        name: {field.name: _type(field) for field in reach.known(env, name)._fields.values()}
        for name in _names(operation)
    }


def _type(field):
    described = {"type": kind(field), "stored": bool(field.store), "required": bool(field.required)}
    if field.relational:
        described["relation"] = field.comodel_name
    return described


def _names(operation):
    names = required(operation, "models")
    if type(names) is not list:
        raise RefusalError("odoo.arguments", "'models' is not a list of names.", argument="models")
    return names


def version(_env, _reach, _operation):
    """Like `version()` of Odoo's service `common`, which needs no caller."""
    return {
        "server_version": release.version,
        "server_version_info": release.version_info,
        "server_serie": release.serie,
        "protocol_version": 1,
    }
