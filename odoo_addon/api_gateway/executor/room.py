"""Limits the size of an answer. A worker and a sidecar have several copies of it in memory while they build it."""

from .errors import RefusalError

MEBIBYTE = 1024 * 1024


class Room:
    """The remaining room for a call's answer."""

    def __init__(self, most_bytes, most_records):
        self._most_bytes = most_bytes
        self._most_records = most_records
        self._records = 0
        self.left_bytes = most_bytes

    @property
    def most_records(self):
        return self._most_records

    def expand(self, count, name):
        """Count records behind a relation before their values are read. Each appearance of a record in the answer
        counts."""
        self._records += count
        if self._records > self._most_records:
            raise RefusalError(
                "answer.too_large",
                f"With {name!r} expanded, the answer would hold {self._records} records of relations; at most "
                f"{self._most_records} are possible. Ask for fewer records at a time, or read that relation as a "
                "list of its own, page by page.",
                field=name,
                max_records=self._most_records,
            )

    def take(self, size):
        self.left_bytes -= size
        self.require(0)

    def require(self, size):
        """Refuse a read that is already known to be too large."""
        if size > self.left_bytes:
            raise RefusalError(
                "answer.too_large",
                f"The answer would be larger than {self._most_bytes / MEBIBYTE:.3g} MiB. Ask for fewer records or "
                "fields at a time. Fetch large files one by one.",
                max_bytes=self._most_bytes,
            )

    def check(self, size):
        """Refuse an answer that turned out too large when it was encoded."""
        self.left_bytes = self._most_bytes
        self.require(size)
