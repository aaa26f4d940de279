"""The client of an API Gateway for Odoo, on Python's standard library. `pull --python` wrote it beside the models.

It adds nothing to what the gateway's guide describes, except types and retries.
"""

from __future__ import annotations

import json
import random
import secrets
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any, Callable, Generic, Mapping, Optional, Sequence, TypedDict, TypeVar, Union

from .errors import GatewayError
from .exchange import body_of, chunks_of, exchange
from .files import Download, File, Readable, Upload

T = TypeVar("T")

# Guide, "When something goes wrong": these may work a moment later.
PASSING = frozenset((409, 429, 502, 503, 504))


class Link(TypedDict):
    """A many2one as you read it."""

    id: int
    name: Optional[str]


class Reference(TypedDict):
    model: str
    id: int


class Written(TypedDict):
    """What a write returns without `fields`."""

    id: int


# A many2one as you write it, and lists of records as you write them.
LinkTo = Union[int, Link, Written]
LinksTo = Union[Sequence[Union[int, Mapping[str, Any]]], Mapping[str, Any], None]


@dataclass(frozen=True)
class Answer(Generic[T]):
    data: T
    meta: dict[str, Any]


class Client:
    """Sends requests to the gateway at an address, with a key or a function that returns one.

    :param headers: further headers of each request, such as `X-Odoo-Company`
    :param retries: how often a failed request is sent again
    :param longest_wait: seconds. If `Retry-After` is longer, the request fails
    :param timeout: seconds without a byte from the gateway
    """

    def __init__(
        self,
        url: str,
        key: str | Callable[[], str],
        *,
        headers: Mapping[str, str] | None = None,
        retries: int = 3,
        longest_wait: float = 60,
        timeout: float = 60,
    ) -> None:
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(f"The address of the gateway must begin with https://, not {url[:20]!r}.")
        self._url = url.rstrip("/")
        self._key = key
        self._headers = dict(headers or {})
        self._retries = retries
        self._longest_wait = longest_wait
        self._timeout = timeout

    def batch(self, operations: Sequence[Mapping[str, Any]], *, dry_run: bool = False) -> Answer[list[dict[str, Any]]]:
        """All operations in one transaction, or none of them. See the guide, "Batches"."""
        return self.send("POST", "/api/v1/batch", {"operations": operations}, dry_run=dry_run)

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        is_read: bool = False,
        dry_run: bool = False,
        idempotency_key: str | None = None,
    ) -> Answer[Any]:
        """Sends a request. If it fails and may work a moment later, it is sent again with the same `Idempotency-Key`."""
        headers = {} if is_read else _write_headers(dry_run, idempotency_key)
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body).encode()
        return self._repeating(lambda: True, lambda: self._answer(self._request(method, path, headers, content)))

    def upload(
        self,
        method: str,
        path: str,
        upload: Upload,
        *,
        type: str | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
    ) -> Answer[Any]:
        """Sends a file. A failed request is repeated only if the file can be read from its start again."""
        headers = _write_headers(dry_run, idempotency_key)
        headers["Content-Type"] = type or upload.type()
        if upload.size is not None:
            headers["Content-Length"] = str(upload.size)

        def attempt() -> Answer[Any]:
            with upload.opened() as content:
                return self._answer(self._request(method, path, headers, content))

        return self._repeating(lambda: upload.may_repeat, attempt)

    def download(self, path: str, download: Download, headers: Mapping[str, str]) -> File:
        """Receives a file. A failed request is repeated only if what was already written can be overwritten."""

        def attempt() -> File:
            request = self._request("GET", path, {"Accept": "*/*", **headers}, None)
            with exchange(request, self._timeout) as response:
                return download.save(response.headers, chunks_of(response, request.host))

        return self._repeating(lambda: download.may_repeat, attempt)

    def _request(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes | Readable | None
    ) -> urllib.request.Request:
        key = self._key() if callable(self._key) else self._key
        all_headers = {"Accept": "application/json", **self._headers, **headers, "Authorization": f"Bearer {key}"}
        return urllib.request.Request(self._url + path, content, all_headers, method=method)

    def _answer(self, request: urllib.request.Request) -> Answer[Any]:
        with exchange(request, self._timeout) as response:
            body = body_of(response, request.host)
        return Answer(body["data"], body.get("meta") or {})

    def _repeating(self, may_repeat: Callable[[], bool], attempt: Callable[[], T]) -> T:
        failures = 0
        while True:
            try:
                return attempt()
            except GatewayError as error:
                wait = error.retry_after
                if wait is None:
                    wait = 0.25 * 2**failures * (1 + random.random())
                passes = error.reason == "client.network" or error.status in PASSING
                if failures >= self._retries or not passes or wait > self._longest_wait or not may_repeat():
                    raise
                failures += 1
                time.sleep(wait)


def _write_headers(dry_run: bool, idempotency_key: str | None) -> dict[str, str]:
    return {"Prefer": "tx=rollback"} if dry_run else {"Idempotency-Key": idempotency_key or secrets.token_hex(16)}
