"""The client of an API Gateway for Odoo, on Python's standard library. `pull --python` has written it beside the models.

It adds nothing to what the gateway's guide describes, except types and retries.
"""

from __future__ import annotations

import email.utils
import http.client
import json
import random
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any, Callable, Generic, Iterator, Mapping, Optional, Sequence, TypedDict, TypeVar, Union

Row = TypeVar("Row")
Field = TypeVar("Field", bound=str)
New = TypeVar("New")
Changed = TypeVar("Changed")
T = TypeVar("T")

# Guide, "When something goes wrong": these may work a moment later.
PASSING = frozenset((409, 429, 502, 503, 504))
LONGEST_QUERY = 2_000
LONGEST_WAIT_S = 25


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


class GatewayError(Exception):
    """`reason` is the gateway's, or one of the client: `client.network` if no answer came, `client.answer` if it came from another
    server, and `client.request` if the request could not be sent as it is. `status` is 0 if no answer came."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        request_id: str | None = None,
        details: dict[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.request_id = request_id
        self.details = details or {}
        self.retry_after = retry_after


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the key, and what is written, to another address, and it makes some writes reads."""

    def redirect_request(self, *_: Any) -> None:
        return None


# No other kinds of addresses, such as files.
_opener = urllib.request.build_opener(_NoRedirect)


class Client:
    """The address of the gateway, and a key or a function that returns one.

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
        """All operations in one transaction, or none of them. See the guide, "Several operations at once"."""
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
        """Sends the request again, under the same `Idempotency-Key`, while it may work a moment later."""
        headers = {"Accept": "application/json", **self._headers}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if dry_run:
            headers["Prefer"] = "tx=rollback"
        elif not is_read:
            headers["Idempotency-Key"] = idempotency_key or secrets.token_hex(16)
        content = None if body is None else json.dumps(body).encode()
        attempt = 0
        while True:
            key = self._key() if callable(self._key) else self._key
            headers["Authorization"] = f"Bearer {key}"
            request = urllib.request.Request(self._url + path, content, headers, method=method)
            try:
                return self._answer(request)
            except GatewayError as error:
                wait = error.retry_after
                if wait is None:
                    wait = 0.25 * 2**attempt * (1 + random.random())
                passes = error.reason == "client.network" or error.status in PASSING
                if attempt >= self._retries or not passes or wait > self._longest_wait:
                    raise
                attempt += 1
                time.sleep(wait)

    def _answer(self, request: urllib.request.Request) -> Answer[Any]:
        try:
            try:
                with _opener.open(request, timeout=self._timeout) as response:
                    status, text = response.status, response.read()
            except urllib.error.HTTPError as error:
                raise _fault(error) from None
        except (OSError, http.client.HTTPException) as error:
            raise GatewayError(0, "client.network", f"No answer from {self._url}: {error!r}") from error
        try:
            body = json.loads(text)
            return Answer(body["data"], body.get("meta") or {})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise GatewayError(status, "client.answer", f"{self._url}: this is not an answer from the gateway.") from error


def _seconds(text: str | None) -> float | None:
    """`Retry-After` is a number of seconds or a date; proxies send dates."""
    if text is None or text.isdecimal():
        return None if text is None else int(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _fault(error: urllib.error.HTTPError) -> GatewayError:
    if 300 <= error.code < 400:
        place = error.headers.get("Location") or "another address"
        return GatewayError(
            error.code, "client.answer", f"The address redirects to {place}. Give the client the gateway's own address."
        )
    text = error.read()
    retry_after = _seconds(error.headers.get("Retry-After"))
    try:
        fault = json.loads(text)["error"]
        return GatewayError(
            error.code, fault["reason"], fault["message"], fault["request_id"], fault.get("details"), retry_after
        )
    except (ValueError, KeyError, TypeError):
        message = f"{error.code} {error.reason}: this is not an answer of the gateway."
        return GatewayError(error.code, "client.answer", message, retry_after=retry_after)


class Model(Generic[Row, Field, New, Changed]):
    """The records of a model. Each method is one endpoint of the guide.

    A row has only the fields that were asked for, whatever its type says.
    """

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name
        self._path = f"/api/v1/{_segment(name)}"

    @property
    def untyped(self) -> Model[dict[str, Any], str, dict[str, Any], dict[str, Any]]:
        """The same records, including paths through relations: `orders.untyped.search(fields=["partner_id.name"])`."""
        return Model(self._client, self._name)

    def search(
        self,
        *,
        fields: Sequence[Field] | None = None,
        filter: Mapping[str, Any] | None = None,
        domain: Sequence[Any] | None = None,
        order: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
        cursor: str | None = None,
        count: str | None = None,
        archived: str | None = None,
    ) -> Answer[list[Row]]:
        """One page. `filter={"state": "sale", "amount_total": {"gte": 10}}`."""
        return self._page(
            fields=fields,
            filter=filter,
            domain=domain,
            order=order,
            limit=limit,
            offset=offset,
            cursor=cursor,
            count=count,
            archived=archived,
        )

    def pages(
        self,
        *,
        fields: Sequence[Field] | None = None,
        filter: Mapping[str, Any] | None = None,
        domain: Sequence[Any] | None = None,
        order: str | None = None,
        limit: int | None = None,
        archived: str | None = None,
    ) -> Iterator[Answer[list[Row]]]:
        """All pages."""
        asked: dict[str, Any] = {"filter": filter, "domain": domain, "fields": fields, "limit": limit, "archived": archived}
        place: dict[str, Any] = {"order": order}
        while True:
            page = self._page(**asked, **place)
            yield page
            size = page.meta["limit"]
            if len(page.data) < size:
                return
            cursor = page.meta.get("next")
            offset = page.meta.get("offset", 0) + size
            place = {"cursor": cursor} if cursor else {"order": order, "offset": offset}

    def _page(self, **parameters: Any) -> Answer[list[Row]]:
        asked = {name: value for name, value in parameters.items() if value is not None}
        query = _query(asked)
        if len(query) > LONGEST_QUERY:
            return self._client.send("POST", f"{self._path}/search", asked, is_read=True)
        return self._client.send("GET", self._path + query, is_read=True)

    def get(self, id: int, *, fields: Sequence[Field] | None = None) -> Answer[Row]:
        """Raises `odoo.missing`."""
        return self._client.send("GET", f"{self._path}/{_segment(id)}{_query({'fields': fields})}", is_read=True)

    def create(self, values: New, *, dry_run: bool = False, idempotency_key: str | None = None) -> Answer[Written]:
        return self._write("POST", "", values, dry_run, idempotency_key)

    def create_many(
        self, values: Sequence[New], *, dry_run: bool = False, idempotency_key: str | None = None
    ) -> Answer[list[Written]]:
        """Creates all of them, or none of them if one fails."""
        return self._write("POST", "", values, dry_run, idempotency_key)

    def update(
        self, id: int, values: Changed, *, dry_run: bool = False, idempotency_key: str | None = None
    ) -> Answer[Written]:
        return self._write("PATCH", f"/{_segment(id)}", values, dry_run, idempotency_key)

    def upsert(self, key: str, value: str | int, values: Changed, *, dry_run: bool = False) -> Answer[Written]:
        """Changes the record with this key, or creates it. `meta["created"]` says which."""
        return self._write("PUT", f"/by/{_segment(key)}/{_segment(value)}", values, dry_run)

    def remove(self, id: int, *, dry_run: bool = False) -> Answer[Written]:
        return self._write("DELETE", f"/{_segment(id)}", None, dry_run)

    def call(
        self,
        method: str,
        *,
        id: int | None = None,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        dry_run: bool = False,
    ) -> Answer[Any]:
        """Calls a public method: of the record with this `id`, or without one, of the model."""
        place = f"/{_segment(method)}" if id is None else f"/{_segment(id)}/{_segment(method)}"
        return self._write("POST", place, {"args": list(args), "kwargs": dict(kwargs or {})}, dry_run)

    def aggregate(
        self,
        *,
        group: Sequence[str] = (),
        measures: Sequence[str] = ("__count",),
        filter: Mapping[str, Any] | None = None,
        domain: Sequence[Any] | None = None,
        having: Sequence[Any] | None = None,
        order: str | None = None,
        limit: int | None = None,
    ) -> Answer[list[dict[str, Any]]]:
        """Counts and sums by groups."""
        asked = {"measures": measures, "filter": filter, "domain": domain, "having": having, "order": order, "limit": limit}
        query = _query({**asked, "group": group or None})
        return self._client.send("GET", f"{self._path}/aggregate{query}", is_read=True)

    def changes(
        self,
        since: str = "new",
        *,
        fields: Sequence[Field] | None = None,
        filter: Mapping[str, Any] | None = None,
        domain: Sequence[Any] | None = None,
    ) -> Iterator[Answer[dict[str, Any]]]:
        """Changes as they happen; this never ends. Keep `meta["next"]` once your copy is saved. Raises `sync.reset`."""
        while True:
            query = _query({"fields": fields, "filter": filter, "domain": domain, "since": since, "wait": LONGEST_WAIT_S})
            answer = self._client.send("GET", f"{self._path}/changes{query}", is_read=True)
            is_new = since == "new"
            since = answer.meta["next"]
            if is_new or answer.data["upserts"] or answer.data["removed"]:
                yield answer

    def _write(
        self, method: str, path: str, body: object, dry_run: bool, idempotency_key: str | None = None
    ) -> Answer[Any]:
        return self._client.send(method, self._path + path, body, dry_run=dry_run, idempotency_key=idempotency_key)


def _segment(value: str | int) -> str:
    """A value as one step of an address."""
    text = str(value)
    if text in ("", ".", ".."):
        raise GatewayError(0, "client.request", f'"{text}" cannot be a part of an address.')
    return urllib.parse.quote(text, safe="")


def _query(asked: Mapping[str, Any]) -> str:
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
        operators: Mapping[str, Any] = asked
        for operator, operand in operators.items():
            is_list = isinstance(operand, (list, tuple))
            place = f"{path}[{operator}]"
            items = [_text(item, place) for item in operand] if is_list else []
            text = ",".join('"' + item.replace('"', '""') + '"' for item in items) if is_list else _text(operand, place)
            yield f"filter[{path}][{operator}]", text


def _text(value: object, place: str) -> str:
    if not isinstance(value, (str, int, float)):
        raise _unclear(place)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _unclear(place: str) -> GatewayError:
    """`None` would look for the text None."""
    message = f'filter[{place}] must be a string, a number or a boolean. For an empty value, write {{"null": True}}.'
    return GatewayError(0, "client.request", message)
