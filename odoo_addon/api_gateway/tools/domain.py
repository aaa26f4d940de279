"""Domains in the configuration, written by users."""

import math
from ast import literal_eval

from odoo.fields import Domain

MAX_LENGTH = 20_000
MAX_TERMS = 500
# The limit is so low that Postgres plans in little memory, even if all are to-many relations (executor/budget.py).
MAX_RELATIONS = 16


def parse_domain(text):
    """The list in a stored domain: literals, never code. Raises ValueError or SyntaxError."""
    return list(Domain(literal_eval(text or "[]")))


def checked_domain(text):
    """Like `parse_domain`, for a domain that will be stored: only literals that JSON can express, and not too many.
    Raises ValueError."""
    text = (text or "").strip() or "[]"
    if len(text) > MAX_LENGTH:
        raise ValueError(f"A domain may have at most {MAX_LENGTH} characters.")
    try:
        parsed = literal_eval(text)
    except (SyntaxError, TypeError, RecursionError, MemoryError) as exc:
        raise ValueError("A domain must be a list of literals such as [('sale_ok', '=', True)].") from exc
    _check_literals(parsed)
    if type(parsed) not in (list, tuple):
        raise ValueError("A domain must be a list.")
    try:
        Domain(list(parsed))
        _check_cost(parsed)
    except (TypeError, IndexError, AttributeError) as exc:
        raise ValueError("A domain must be a list of terms such as ('sale_ok', '=', True).") from exc
    return list(parsed)


def _check_cost(domain):
    terms = relations = 0
    unchecked = [domain]
    while unchecked:
        for term in unchecked.pop():
            if type(term) is str:
                continue
            path, operator, value = term
            terms += 1
            if type(path) is str:
                relations += path.count(".")
            if operator.lower().endswith("any"):
                relations += 1
                unchecked.append(value)
    if terms > MAX_TERMS:
        raise ValueError(f"A domain may have at most {MAX_TERMS} terms, not {terms}.")
    if relations > MAX_RELATIONS:
        raise ValueError(f"A domain may follow at most {MAX_RELATIONS} relations in all, not {relations}.")


def _check_literals(value):
    if type(value) in (list, tuple):
        for part in value:
            _check_literals(part)
    elif not (value is None or type(value) in (str, bool, int) or (type(value) is float and math.isfinite(value))):
        raise ValueError(
            f"A domain may hold only strings, numbers, True, False, None and lists of them, not {value!r}."
        )
