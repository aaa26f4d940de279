"""Domains that people write into configuration."""

import math
from ast import literal_eval

from odoo.fields import Domain

MAX_LENGTH = 20_000


def parse_domain(text):
    """The list that the text of a domain says: literals that JSON knows, never code. Raises ValueError otherwise."""
    text = (text or "").strip() or "[]"
    if len(text) > MAX_LENGTH:
        raise ValueError(f"A domain has at most {MAX_LENGTH} characters.")
    try:
        parsed = literal_eval(text)
    except (SyntaxError, TypeError, RecursionError, MemoryError) as exc:
        raise ValueError("A domain is a list of literals such as [('sale_ok', '=', True)].") from exc
    _check_literals(parsed)
    if type(parsed) not in (list, tuple):
        raise ValueError("A domain is a list.")
    try:
        Domain(list(parsed))
    except (TypeError, IndexError, AttributeError) as exc:
        raise ValueError("A domain is a list of terms such as ('sale_ok', '=', True).") from exc
    return list(parsed)


def _check_literals(value):
    if type(value) in (list, tuple):
        for part in value:
            _check_literals(part)
    elif not (value is None or type(value) in (str, bool, int) or (type(value) is float and math.isfinite(value))):
        raise ValueError(f"A domain holds texts, numbers, True, False, None and lists of them, not {value!r}.")
