"""The records of a model."""

from __future__ import annotations

from typing import Any, Generic, Iterator, Mapping, Sequence, TypedDict, TypeVar

from .client import Answer, Client, Written
from .files import Content, Download, File, Target, Upload
from .query import query_of, segment

Row = TypeVar("Row")
Field = TypeVar("Field", bound=str)
New = TypeVar("New")
Changed = TypeVar("Changed")

LONGEST_QUERY = 2_000
LONGEST_WAIT_S = 25


class Report(TypedDict):
    """A document that may be printed. `name` is for `print`."""

    name: str
    label: str
    formats: list[str]


class Model(Generic[Row, Field, New, Changed]):
    """The records of a model. Each method is one endpoint of the guide.

    A row contains only the requested fields, even if its type has more.
    """

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name
        self._path = f"/api/v1/{segment(name)}"

    @property
    def untyped(self) -> Model[dict[str, Any], str, dict[str, Any], dict[str, Any]]:
        """The same model without types, for paths through relations:
        `orders.untyped.search(fields=["partner_id.name"])`."""
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
        query = query_of(asked)
        if len(query) > LONGEST_QUERY:
            return self._client.send("POST", f"{self._path}/search", asked, is_read=True)
        return self._client.send("GET", self._path + query, is_read=True)

    def get(self, id: int, *, fields: Sequence[Field] | None = None) -> Answer[Row]:
        """Raises `odoo.missing`."""
        return self._client.send("GET", f"{self._path}/{segment(id)}{query_of({'fields': fields})}", is_read=True)

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
        return self._write("PATCH", f"/{segment(id)}", values, dry_run, idempotency_key)

    def upsert(self, key: str, value: str | int, values: Changed, *, dry_run: bool = False) -> Answer[Written]:
        """Changes the record with this key, or creates it. `meta["created"]` says which of the two happened."""
        return self._write("PUT", f"/by/{segment(key)}/{segment(value)}", values, dry_run)

    def remove(self, id: int, *, dry_run: bool = False) -> Answer[Written]:
        return self._write("DELETE", f"/{segment(id)}", None, dry_run)

    def call(
        self,
        method: str,
        *,
        id: int | None = None,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        dry_run: bool = False,
    ) -> Answer[Any]:
        """Calls a public method of the record with this `id`, or of the model if there is no `id`."""
        place = f"/{segment(method)}" if id is None else f"/{segment(id)}/{segment(method)}"
        return self._write("POST", place, {"args": list(args), "kwargs": dict(kwargs or {})}, dry_run)

    def read_file(
        self, id: int, field: Field, *, to: Target | None = None, size: int | None = None, range: str | None = None
    ) -> File:
        """The file in a field, as `content`, or saved `to` a path or a binary file without holding it in memory.

        :param size: an image that fits into a square of this many pixels
        :param range: a part of the file, such as `bytes=0-1023`
        """
        place = f"/{segment(id)}/{segment(field)}/content{query_of({'size': size})}"
        return self._client.download(self._path + place, Download(to), {"Range": range} if range else {})

    def write_file(
        self,
        id: int,
        field: Field,
        content: Content,
        *,
        filename: str | None = None,
        type: str | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
    ) -> Answer[Written]:
        """Replaces the file in a field with bytes, or with a path's or a binary file's content, sent in pieces.

        :param type: the media type; by default, that of the name
        """
        place = f"/{segment(id)}/{segment(field)}/content"
        return self._upload("PUT", place, content, filename, type, dry_run, idempotency_key)

    def attach(
        self,
        id: int,
        content: Content,
        *,
        filename: str | None = None,
        type: str | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
    ) -> Answer[Written]:
        """Attaches a file to a record, like `write_file`. The answer contains the id of the attachment."""
        return self._upload("POST", f"/{segment(id)}/attachments", content, filename, type, dry_run, idempotency_key)

    def reports(self) -> Answer[list[Report]]:
        """The documents that you may print of these records."""
        return self._client.send("GET", f"{self._path}/reports", is_read=True)

    def print(self, id: int, report: str, *, to: Target | None = None, format: str | None = None) -> File:
        """A printed record, returned like a file by `read_file`: a PDF by default, a web page with `format="html"`."""
        place = f"/{segment(id)}/report/{segment(report)}{query_of({'format': format})}"
        return self._client.download(self._path + place, Download(to), {})

    def _upload(
        self,
        method: str,
        path: str,
        content: Content,
        filename: str | None,
        type: str | None,
        dry_run: bool,
        idempotency_key: str | None,
    ) -> Answer[Written]:
        upload = Upload(content, filename)
        place = self._path + path + query_of({"name": upload.name})
        return self._client.upload(method, place, upload, type=type, dry_run=dry_run, idempotency_key=idempotency_key)

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
        query = query_of({**asked, "group": group or None})
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
            query = query_of({"fields": fields, "filter": filter, "domain": domain, "since": since, "wait": LONGEST_WAIT_S})
            answer = self._client.send("GET", f"{self._path}/changes{query}", is_read=True)
            is_new = since == "new"
            since = answer.meta["next"]
            if is_new or answer.data["upserts"] or answer.data["removed"]:
                yield answer

    def _write(
        self, method: str, path: str, body: object, dry_run: bool, idempotency_key: str | None = None
    ) -> Answer[Any]:
        return self._client.send(method, self._path + path, body, dry_run=dry_run, idempotency_key=idempotency_key)
