"""Limits on the length of arguments of the ORM's methods: each entry costs time in Python, which no deadline
interrupts. The limits are far above what Odoo's own client sends."""

from .errors import RefusalError

MAX_IDS = 10_000
MAX_ENTRIES = 1_000
# Arguments whose limit differs from MAX_ENTRIES.
MOST = {
    "aggregates": 200,
    "group_by": 32,
    "group_domain": 10_000,
    "groupby": 32,
    "grouping_sets": 200,
    "opening_info": 5_000,
    "order": 32,
    "orderby": 32,
}
MAX_VIEWS = 20  # all of them are rendered
# Strings with comma-separated terms.
TERMS = frozenset(["group_by", "groupby", "order", "orderby"])
# Arguments that have no limit here: domains have a maximum number of terms, and the size of the body limits values.
FREE = frozenset(
    [
        "category_domain",
        "comodel_domain",
        "data",
        "default",
        "domain",
        "filter_domain",
        "search_domain",
        "translations",
        "vals",
        "vals_list",
        "values",
    ]
)


def check_ids(ids):
    """Limits the number of ids that a method is called on: an id that occurs twice is read and answered twice."""
    _check("ids", len(ids), MAX_IDS)


def check_sizes(arguments):
    """Refuse arguments with more entries than a legitimate caller needs.

    `arguments`: the arguments by the names that the ORM gives them

    :raises RefusalError: `odoo.arguments`"""
    for name, argument in arguments.items():
        if name == "views" and type(argument) is list:
            _check(name, len(argument), MAX_VIEWS)
        elif name in TERMS and type(argument) is str:
            _check(name, argument.count(",") + 1, MOST[name])
        elif name not in FREE:
            _check(name, _entries(argument), MOST.get(name, MAX_ENTRIES))


def _entries(argument):
    """Counts the entries of lists and objects, nested ones included."""
    entries, unread = 0, [argument]  # a loop, not recursion: a body may be nested as deep as the JSON parser allows
    while unread:
        value = unread.pop()
        if type(value) in (list, tuple):
            entries += len(value)
            unread.extend(value)
        elif type(value) is dict:
            entries += len(value)
            unread.extend(value.values())
    return entries


def _check(name, entries, most):
    if entries > most:
        raise RefusalError(
            "odoo.arguments",
            f"The argument {name!r} has {entries} entries; at most {most} are possible. Call the method several times.",
            argument=name,
            max=most,
        )
