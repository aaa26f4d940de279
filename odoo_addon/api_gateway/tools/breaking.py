"""Determines which uses of a credential would fail with another instance's schema.

A schema is `{model: {"fields": {name: field}, "methods": [name] or None}}`, and a field `{"type", "relation"?,
"readonly"?, "selection"?: [value]}`. A model that is `None` does not exist in that instance; for a missing model this
is unknown."""

from typing import NamedTuple

from .nearest import nearest


class Break(NamedTuple):
    kind: str
    """`model`, `field`, `type`, `readonly`, `choice` or `method`."""
    model: str
    """The model at the end of the path."""
    name: str
    """The field, choice or method."""
    detail: str
    """The types in this and in the other instance, or a similar name in the other one; may be empty."""


def wanted_models(uses, schema):
    """The models whose schema is needed to compare the uses `(model, action, name)`, as far as `schema` shows."""
    return {model for use in uses for model in _models_of(schema, *use)}


def _models_of(schema, model, action, name):
    yield model
    if action in ("read", "write", "choice"):
        for step in _path(action, name)[:-1]:
            known = schema.get(model)
            model = known and known["fields"].get(step, {}).get("relation")
            if not model:
                return
            yield model


def break_of(schema, own, use):
    """The `Break` of a use, or None. `own(model, field)`: the field here as `(type, readonly)`, or None."""
    model, action, name = use
    if model not in schema:
        return None
    if schema[model] is None:
        return Break("model", model, "", "")
    if action == "call" and name:
        return _method(model, schema[model].get("methods"), name)
    if not name or action == "delete":
        return None
    return _field(schema, own, model, action, name)


def _method(model, methods, name):
    if methods is None or name in methods:
        return None
    return Break("method", model, name, "".join(nearest(name, methods)))


def _field(schema, own, model, action, name):
    path = _path(action, name)
    for place, step in enumerate(path):
        if step == "id":
            return None
        known = schema.get(model, False)
        if known is False:
            return None
        if known is None:
            return Break("model", model, "", "")
        field = known["fields"].get(step)
        if field is None:
            return Break("field", model, step, "".join(nearest(step, known["fields"])))
        here = own(model, step)
        if here and field["type"] != here[0]:
            return Break("type", model, step, f"{here[0]} \N{RIGHTWARDS ARROW} {field['type']}")
        if place == len(path) - 1:
            return _last(model, step, field, here, action, name)
        model = field.get("relation")
    return None


def _last(model, step, field, here, action, name):
    if action == "write" and field.get("readonly") and not (here and here[1]):
        return Break("readonly", model, step, "")
    values = field.get("selection")
    if action != "choice" or values is None:
        return None
    value = name.partition("=")[2]
    return None if value in values else Break("choice", model, f"{step}={value}", "".join(nearest(value, values)))


def _path(action, name):
    return (name.partition("=")[0] if action == "choice" else name).split(".")
