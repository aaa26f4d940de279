"""Translates a call of Odoo's older protocols into REST."""

import json

READS = {
    "search": "?fields=id&limit=80",
    "search_read": "?fields=name&limit=80",
    "search_count": "?fields=id&limit=1&count=exact",
    "web_search_read": "?fields=name&limit=80",
    "read": "/1?fields=name",
    "web_read": "/1?fields=name",
    "fields_get": "/schema",
}
WRITES = {
    "create": ("POST", "", {"name": "New"}),
    "write": ("PATCH", "/1", {"name": "New"}),
    "unlink": ("DELETE", "/1", None),
}


def rest_equivalent(model, method, is_of_model=False):
    """`(verb, path, body)`; the body is JSON text, or None. `is_of_model`: the method does not take ids as its first
    argument."""
    path = f"/api/v1/{model}"
    if not model:
        return "GET", "/api/v1/ping", None
    if method in READS:
        return "GET", path + READS[method], None
    if method in WRITES:
        verb, rest, values = WRITES[method]
        return verb, path + rest, None if values is None else json.dumps(values)
    place = "" if is_of_model else "/1"
    return "POST", f"{path}{place}/{method}", json.dumps({"args": [], "kwargs": {}})
