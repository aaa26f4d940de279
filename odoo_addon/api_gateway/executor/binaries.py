"""Binary fields in JSON. Most of these fields already contain base64. Some contain raw bytes, and some contain
structured data instead of a file."""

import base64
import binascii
import inspect
import re

from odoo.fields import Image
from odoo.models import BaseModel

from .errors import RefusalError
from .faults import malformed

BYTES = frozenset([("ir.attachment", "raw"), ("ir.attachment", "db_datas"), ("base_import.import", "file")])
# Fields computed for views or for other code: domains, widget data, tables of ids. Most of these fields are not
# exportable.
DATA = re.compile(r"\w+_domain(_list)?|(account|tax)_map|batches|views|params")


def holds_bytes(field):
    """Whether the field's value is the file itself, which is base64 in JSON."""
    if field.type != "binary":
        return False
    while field.related:
        field = field.related_field
    return (field.model_name, field.name) in BYTES


def holds_data(field):
    """Whether the field is declared binary, but its value is JSON: `tax_totals`, `needed_terms`."""
    return (
        field.type == "binary"
        and bool(field.compute)
        and not (field.store or field.related or isinstance(field, Image))
        and (not field.exportable or bool(DATA.fullmatch(field.name)))
    )


def kind(field):
    """The type of the field's value in JSON."""
    return "json" if holds_data(field) else field.type


def to_base64(value):
    return base64.b64encode(value).decode() if value else False


def from_base64(field, value):
    decoded = _from_base64(value)
    if decoded is None:
        raise malformed(field, value, "It is not base64.")
    return decoded


def _from_base64(text):
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def to_json(field, value):
    """Converts a field's data to values that JSON can hold. Refuses keys that are not strings."""
    if isinstance(value, dict):
        if not all(isinstance(key, (str, int)) for key in value):
            raise RefusalError(
                "odoo.field",
                f"The field {field.name} of {field.model_name} cannot be read: JSON cannot hold its data.",
                model=field.model_name,
                field=field.name,
            )
        return {key: to_json(field, item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_json(field, item) for item in value]
    return value.ids if isinstance(value, BaseModel) else value


def bytes_to_base64(model, bound, result):
    """Convert bytes to base64 in the result of the ORM's reading methods, in place."""
    if type(result) not in (list, dict):
        return result
    specifications = [bound.arguments.get(name) for name in ("specification", "fields_spec")]
    if any(holds_bytes(field) for field in model._fields.values()) or "'raw'" in repr(specifications):
        _rows_to_base64(model, result)
    return result


def _rows_to_base64(model, rows):
    for row in rows if type(rows) is list else [rows]:
        for name, value in row.items() if type(row) is dict else ():
            field = model._fields.get(name)
            if field is None:  # {"length": 1, "records": […]}
                _rows_to_base64(model, value)
            elif isinstance(value, bytes) and holds_bytes(field):
                row[name] = to_base64(value)
            elif field.relational and type(value) in (list, dict):
                _rows_to_base64(model.env[field.comodel_name], value)


def decode_attachments(bound):
    """The argument `attachments` of `message_post` and similar methods: [[name, base64]]. Odoo expects bytes."""
    parameters = bound.signature.parameters
    keywords = [
        bound.arguments.get(name, {}) for name in parameters if parameters[name].kind is inspect.Parameter.VAR_KEYWORD
    ]
    for arguments in (bound.arguments, *keywords):
        if given := arguments.get("attachments"):
            files = given if type(given) is list else [given]
            arguments["attachments"] = [_decoded(file, f"attachments[{index}]") for index, file in enumerate(files)]


def _decoded(file, path):
    name, content, *rest = file if type(file) is list and len(file) in (2, 3) else (None, None)
    decoded = _from_base64(content) if type(name) is str and type(content) is str else None
    if decoded is not None:
        return [name, decoded, *rest]
    raise RefusalError(
        "odoo.validation",
        f'{path} must be a list of a file\'s name and its content in base64, like ["offer.txt", "SGVsbG8="].',
        field=path,
    )
