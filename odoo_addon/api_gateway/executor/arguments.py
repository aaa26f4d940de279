"""Checks of the arguments that several operations have in common."""

from .errors import RefusalError


def required(operation, key):
    if key not in operation:
        raise RefusalError("odoo.arguments", f"The operation has no {key!r}.", argument=key)
    return operation[key]


def ids(operation, key="ids"):
    value = required(operation, key)
    # Ids have 32 bits. Postgres would raise an error for larger ids.
    if type(value) is not list or not all(type(id_) is int and 0 < id_ < 2**31 for id_ in value):
        raise RefusalError("odoo.arguments", f"{key!r} is not a list of record ids.", argument=key)
    return value


def count(operation, key, default, minimum):
    value = operation.get(key, default)
    if type(value) is not int or not minimum <= value < 2**31:
        raise RefusalError("odoo.arguments", f"{key!r} is not a whole number of at least {minimum}.", argument=key)
    return value


def check_text(value):
    """Refuse characters that Postgres cannot store, at any depth."""
    unchecked = [value]  # a loop, not recursion: the nesting may be as deep as the JSON parser allows
    while unchecked:
        value = unchecked.pop()
        if type(value) is list:
            unchecked.extend(value)
        elif type(value) is dict:
            unchecked.extend([*value, *value.values()])
        elif type(value) is str and ("\0" in value or any("\ud800" <= char <= "\udfff" for char in value)):
            raise RefusalError(
                "odoo.arguments", "A string has a character that cannot be stored: NUL or half of a surrogate pair."
            )
