"""Addresses and queries of requests (guide, "Read")."""

from __future__ import annotations

import json
import urllib.parse
from typing import Any, Iterator, Mapping, cast

from .errors import GatewayError


def segment(value: str | int) -> str:
    """A value as one segment of a URL's path."""
    text = str(value)
    if text in ("", ".", ".."):
        raise GatewayError(0, "client.request", f'"{text}" cannot be a part of an address.')
    return urllib.parse.quote(text, safe="")


def query_of(asked: Mapping[str, Any]) -> str:
    """`?fields=name,email&filter[city][in]="Gent","Lyon"`, or nothing."""
    pairs: list[tuple[str, str]] = []
    for name, value in asked.items():
        if value is None:
            continue
        if name == "filter":
            pairs.extend(_conditions(value))
        elif name in ("domain", "having"):
            pairs.append((name, json.dumps(value)))
        else:
            pairs.append((name, str(value) if isinstance(value, (str, int)) else ",".join(value)))
    return f"?{urllib.parse.urlencode(pairs)}" if pairs else ""


def _conditions(filter: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for path, asked in filter.items():
        if not isinstance(asked, Mapping):
            yield f"filter[{path}]", _text(asked, path)
            continue
        if not asked:
            raise _unclear(path)
        for operator, operand in cast("Mapping[str, Any]", asked).items():
            place = f"{path}[{operator}]"
            if isinstance(operand, (list, tuple)):
                items = [_text(item, place).replace('"', '""') for item in cast("list[Any]", operand)]
                text = ",".join(f'"{item}"' for item in items)
            else:
                text = _text(operand, place)
            yield f"filter[{path}][{operator}]", text


def _text(value: object, place: str) -> str:
    if not isinstance(value, (str, int, float)):
        raise _unclear(place)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _unclear(place: str) -> GatewayError:
    """An error for values such as `None`, which would search for the text "None"."""
    message = f'filter[{place}] must be a string, a number or a boolean. For an empty value, write {{"null": True}}.'
    return GatewayError(0, "client.request", message)
