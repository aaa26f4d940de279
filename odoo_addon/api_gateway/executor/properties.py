"""Properties: values of a record whose types another record defines; they can be relations to any model."""

from .errors import OutOfReachError
from .faults import DECIMAL, check_number, malformed, record_id
from .reach import READ, WRITE

NUMERIC = DECIMAL | {"integer"}


def check_properties(reach, model, field, values, parents, links):
    """Add the records to which the properties link: {model: {id: field}}. A value that is a list may change the
    definitions themselves, which belong to another record.

    `values`: all values of the record; `parents`: the ids of the records that they are written to, () for a new one."""
    value = values[field.name]
    if not value:
        return
    if type(value) not in (list, dict):  # Odoo would parse a string as JSON
        raise malformed(field, value)
    given = value if type(value) is dict else {}
    for definition in value if type(value) is list else ():
        if type(definition) is not dict or type(definition.get("name", "")) is not str:
            raise malformed(field, value)
        _check_definition(reach, model, field, definition, links)
        given[definition.get("name")] = definition.get("value")
    linked = {name: ids for name, item in given.items() if (ids := _linked_ids(item))}
    if linked and field.type == "properties":
        _add_linked(reach, model, field, values, parents, linked, links)
    _check_numbers(model, field, values, parents, given)


def _check_definition(reach, model, field, definition, links):
    changes = definition.get("definition_changed")
    if field.type == "properties" and (changes or definition.get("definition_deleted")):
        reach.require(model._fields[field.definition_record].comodel_name, WRITE)
    comodel_name = definition.get("comodel")
    if type(comodel_name) is not str or comodel_name not in model.env.registry:
        return  # Odoo drops ids of missing records
    _require_shown(reach, field, comodel_name)
    if model.env.registry[comodel_name]._abstract:
        raise malformed(field, comodel_name)
    if field.type == "properties_definition" or changes:
        reach.require(comodel_name, READ)
    for item in (definition.get("value"), definition.get("default")):
        links[comodel_name].update((record_id(field, id_), field) for id_ in _linked_ids(item))


def _add_linked(reach, model, field, values, parents, linked, links):
    """The stored definition determines the model: an object does not name it, and a list may name a different one."""
    for definition in _definitions(model, field, values, parents):
        comodel_name = definition.get("comodel")
        if definition.get("name") in linked and comodel_name in model.env.registry:
            _require_shown(reach, field, comodel_name)
            ids = linked[definition["name"]]
            links[comodel_name].update((record_id(field, id_), field) for id_ in ids)


def _check_numbers(model, field, values, parents, given):
    if type(values[field.name]) is list:
        kinds = {definition.get("name"): definition.get("type") for definition in values[field.name]}
    else:
        kinds = {item["name"]: item["type"] for item in _definitions(model, field, values, parents)}
    for name, item in given.items():
        if kinds.get(name) in NUMERIC and item not in (None, False):
            check_number(field, item, kinds[name])


def _definitions(model, field, values, parents):
    model = model.sudo()  # a user may write a property without the right to read its definition
    name = field.definition_record
    if type(values.get(name)) is int:
        holders = model.env[model._fields[name].comodel_name].browse(values[name]).exists()
    elif parents:
        holders = model.browse(parents)[name]
    else:
        # The record with the definition may be computed from other links, such as a task's project from its parent.
        known = {
            key: item for key, item in values.items() if model._fields[key].type == "many2one" and type(item) is int
        }
        holders = model.new({**model.default_get([name]), **known})[name]
    return [definition for holder in holders for definition in holder[field.definition_record_field] or ()]


def _require_shown(reach, field, comodel_name):
    if reach.hides(comodel_name):
        raise OutOfReachError(f"The model {comodel_name} cannot be reached through the gateway.", field=field.name)


def _linked_ids(value):
    """Ids in the value of a relational property: `7`, `[7, "Name"]`, `[7, 8]`, `[[7, "Name"], [8, "Name"]]`."""
    if type(value) is int:
        return [value]
    if type(value) is not list:
        return []
    found = [item[0] if type(item) is list and item else item for item in value]
    return [item for item in found if type(item) is int]
