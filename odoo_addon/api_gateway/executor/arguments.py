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
