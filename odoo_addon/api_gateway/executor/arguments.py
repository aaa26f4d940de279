"""The arguments that several operations take, checked."""

from .errors import RefusalError


def required(operation, key):
    if key not in operation:
        raise RefusalError("odoo.arguments", f"The operation lacks {key!r}.", argument=key)
    return operation[key]


def ids(operation, key="ids"):
    value = required(operation, key)
    # Beyond 32 bits there is no record, and Postgres would complain.
    if type(value) is not list or not all(type(id_) is int and 0 < id_ < 2**31 for id_ in value):
        raise RefusalError("odoo.arguments", f"{key!r} is not a list of record ids.", argument=key)
    return value


def count(operation, key, default, minimum):
    value = operation.get(key, default)
    if type(value) is not int or not minimum <= value < 2**31:
        raise RefusalError("odoo.arguments", f"{key!r} is not a whole number from {minimum}.", argument=key)
    return value


def check_text(value):
    """Refuse characters that Postgres cannot store, wherever they are."""
    if type(value) is str:
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise RefusalError("odoo.arguments", "A text holds a character that cannot be stored: NUL or half a pair.")
    elif type(value) is list:
        for item in value:
            check_text(item)
    elif type(value) is dict:
        for key, item in value.items():
            check_text(key)
            check_text(item)
