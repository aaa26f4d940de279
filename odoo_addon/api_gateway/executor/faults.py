"""Values that a field cannot have."""

from .errors import RefusalError

MAX_INTEGER = 2**31


def record_id(field, value):
    """The value, if it can be the id of a record that the field links to."""
    if type(value) is not int or not 0 < value < MAX_INTEGER:
        raise malformed(field, value)
    return value


def malformed(field, value):
    return RefusalError(
        "odoo.validation",
        f"The field {field.name} of {field.model_name} cannot be set to {shorten(value)}.",
        model=field.model_name,
        field=field.name,
    )


def shorten(value):
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
