"""The bytes of a request on the channel. The file after the JSON is only read once the JSON's signature is checked."""

import time

MAX_HEAD_BYTES = 1024**2
PART_BYTES = 1024**2
# The sidecar reads no answer while it is still sending.
DISCARD_S = 2


class PlainBody:
    def __init__(self, httprequest):
        self.json = httprequest.get_data()

    def file(self):
        return memoryview(b"")

    def discard(self):
        """Does nothing, because the whole body was read."""


class BodyWithFile:
    def __init__(self, httprequest, max_bytes):
        self._left = httprequest.content_length or 0
        self._stream = httprequest._HTTPRequest__wrapped.stream
        self._max_bytes = max_bytes
        line = self._stream.readline(min(MAX_HEAD_BYTES, self._left))
        self._left -= len(line)
        self.json = line.removesuffix(b"\n")

    def file(self):
        """:raises ValueError: if it is too large"""
        if self._left > self._max_bytes:
            raise ValueError(f"a file of {self._left} bytes, more than {self._max_bytes}")
        data, end = bytearray(self._left), 0
        while self._left:
            part = self._read()
            if not part:
                raise ValueError("less than its length")
            data[end : end + len(part)] = part
            end += len(part)
        return memoryview(data)

    def discard(self):
        until = time.monotonic() + DISCARD_S
        while self._left and time.monotonic() < until and self._read():
            pass

    def _read(self):
        part = self._stream.read(min(PART_BYTES, self._left))
        self._left -= len(part)
        return part
