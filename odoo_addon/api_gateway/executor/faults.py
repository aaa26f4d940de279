"""Values that a field cannot have."""

import math
from contextlib import contextmanager

from psycopg2.errors import NumericValueOutOfRange

from .errors import RefusalError

MAX_INTEGER = 2**31
WHOLE = frozenset(("integer", "many2one_reference"))
DECIMAL = frozenset(("float", "monetary"))


def record_id(field, value):
    """The value as a record id, if the field can link to it."""
    if type(value) is not int or not 0 < value < MAX_INTEGER:
        raise malformed(field, value)
    return value


def check_number(field, value, kind=None, is_bare=False):
    """Refuse values that are not numbers or are out of range for Postgres, and "NaN" and "Infinity", which Odoo
    accepts. `kind`: the type of a property; by default the field's own type. `is_bare`: decimals are accepted for a
    field of whole numbers, and Odoo cuts them off."""
    try:
        number = int(value) if (kind or field.type) in WHOLE else float(value)
    except (ValueError, TypeError, OverflowError):
        raise malformed(field, value) from None
    if type(number) is float and not math.isfinite(number):
        raise malformed(field, value, "It is not a finite number.")
    if type(number) is int and type(value) is float and value != number and not is_bare:
        raise malformed(field, value, "It is not a whole number.")
    if type(number) is int and not -MAX_INTEGER <= number < MAX_INTEGER:
        raise malformed(field, value, f"It must be from {-MAX_INTEGER} to {MAX_INTEGER - 1}.")


@contextmanager
def explain_range(operation):
    """Raise a refusal that names the argument which was too large for its column."""
    try:
        yield
    except NumericValueOutOfRange as exc:
        if path := _path_of_large({"args": operation.get("args"), "kwargs": operation.get("kwargs")}):
            raise RefusalError(
                "odoo.validation", f"{path} must be from {-MAX_INTEGER} to {MAX_INTEGER - 1}.", field=path
            ) from exc
        raise


def _path_of_large(value, path=""):
    if type(value) is int and not -MAX_INTEGER <= value < MAX_INTEGER:
        return path
    if type(value) is dict:
        inner = ((item, f"{path}.{key}".lstrip(".")) for key, item in value.items())
    else:
        inner = ((item, f"{path}[{index}]") for index, item in enumerate(value if type(value) is list else ()))
    return next(filter(None, (_path_of_large(item, place) for item, place in inner)), None)


def malformed(field, value, why=""):
    return RefusalError(
        "odoo.validation",
        f"The field {field.name} of {field.model_name} cannot be set to {shorten(value)}. {why}".rstrip(),
        model=field.model_name,
        field=field.name,
    )


def shorten(value):
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
