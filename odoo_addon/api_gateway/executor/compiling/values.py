"""Decides which conditions can become SQL before their values are known. For the other conditions, Python needs the
value: Python rounds it, searches for a name, parses a string as a number, or converts a day to the caller's time
zone."""

from ..expressions import HIERARCHIES
from .refusals import NotCompilableError
from .sentinels import is_slot, kind_of

INTEGERS = frozenset(["int+", "int-"])
NUMBERS = INTEGERS | {"float+", "float-"}
TEXTS = frozenset(["text"])
FITTING = {
    "char": TEXTS,
    "text": TEXTS,
    "html": TEXTS,
    "selection": TEXTS,
    "reference": TEXTS,
    "integer": INTEGERS,
    "many2one_reference": INTEGERS,
    "float": NUMBERS,
    "monetary": NUMBERS,
    "date": frozenset(["date"]),
    "datetime": frozenset(["datetime"]),
    "many2one": INTEGERS | TEXTS,
    "one2many": INTEGERS | TEXTS,
    "many2many": INTEGERS | TEXTS,
}


def check_values(model, domain):
    """Refuse slots of a domain that do not fit the field they are compared with. The field names have not been checked
    yet.

    :raises NotCompilableError: `values`"""
    for term in domain if type(domain) is list else ():
        if type(term) is not list or len(term) != 3 or type(term[0]) is not str:
            continue
        path, operator, value = term
        field = _last_field(model, path)
        if field is not None and operator in ("any", "not any"):
            if field.relational:
                check_values(model.env[field.comodel_name], value)
        else:
            for slot in value if type(value) is list else [value]:
                if is_slot(slot) and not (field is not None and _fits(field, operator, *kind_of(slot))):
                    raise NotCompilableError("values", path)


def _fits(field, operator, kind, is_list):
    if kind not in FITTING.get(field.type, ()):
        return False
    if str(operator).endswith("like"):
        return kind == "text" and not is_list
    if operator in HIERARCHIES or field.relational:
        # Each name in a list causes a separate search, at the same cost.
        return kind in INTEGERS or not is_list
    return not (is_list and field.type == "datetime")


def _last_field(model, path):
    """The field at the end of a path through relations; None if the path ends in a part of a date, or in a field that
    does not exist."""
    field = None
    for name in path.split("."):
        if field is not None and not field.relational:
            return None
        model = model if field is None else model.env[field.comodel_name]
        field = model._fields.get(name)
        if field is None:
            return None
    return field
