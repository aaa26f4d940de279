"""A connection for one request of a webhook: only to an address that webhooks may reach, and limited in time and bytes
whatever the receiver does. It uses the standard library, because higher-level libraries read bodies without a limit
when they follow redirects, and accept chunks of any size."""

import http.client
import io
import re
import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress
from email.errors import MissingHeaderBodySeparatorDefect
from urllib.parse import urlsplit

import requests

from .egress import EgressError, refusal

MOST_READ = 512 * 1024
"""The maximum bytes of one answer, including its head and the chunk sizes."""

CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(;[^\r\n]*)?\r\n")
MOST_OF_LINE = 4096


def post(url, headers, body, allowed, timeout_s):
    """Posts `body` (bytes). See `request`."""
    return request("POST", url, headers, body, allowed, timeout_s)


@contextmanager
def request(method, url, headers, body, allowed, timeout_s):
    """Sends `body` (bytes or None) with `headers` and returns the `Answer` once its head has arrived. `allowed`:
    networks allowed by the settings. After `timeout_s` the connection is closed, which looks like an early end of the
    answer. Raises OSError, ValueError or http.client.HTTPException for every failure."""
    # A person typed the URL, so it may contain international names and spaces.
    parts = urlsplit(requests.Request(method, url).prepare().url)
    deadline = Deadline(timeout_s)
    connection = _open(parts, lambda address, *_: _connect(address, allowed, deadline))
    try:
        connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, body, headers)
        with connection.getresponse() as answer:
            yield answer
    finally:
        deadline.close()
        connection.close()


class Deadline:
    """Closes its sockets when the time is over. A timeout for each read would not be enough, because each read may be
    quick."""

    def __init__(self, timeout_s):
        self._ends_at = time.monotonic() + timeout_s
        self._watched = []

    def left(self):
        """The remaining seconds. Raises if no time is left."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left

    def watch(self, sock):
        # The timer gets a separate handle of the socket, because TLS takes over the original one.
        handle = sock.dup()
        timer = threading.Timer(max(0, self._ends_at - time.monotonic()), _end, [handle])
        timer.daemon = True
        timer.start()
        self._watched.append((timer, handle))

    def close(self):
        for timer, handle in self._watched:
            timer.cancel()
            handle.close()


class Answer(http.client.HTTPResponse):
    """An answer that refuses contradictory heads and reads no more than `MOST_READ` bytes."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fp = _Reader(_Bounded(self.fp.detach()))

    def begin(self):
        reader = self.fp
        begun = super().begin()
        if not reader.last_line:
            raise http.client.IncompleteRead(b"")
        if any(isinstance(defect, MissingHeaderBodySeparatorDefect) for defect in self.headers.defects):
            raise http.client.HTTPException("Its head has a line that is not a header.")
        lengths = {length.strip() for length in self.headers.get_all("Content-Length", [])}
        if len(lengths) > 1 or (lengths and (self.chunked or not re.fullmatch(r"[0-9]{1,15}", lengths.pop()))):
            raise http.client.HTTPException("Its head contradicts itself about the length of the answer.")
        return begun

    def _read_status(self):
        version, status, reason = super()._read_status()
        while 102 <= status < 200:  # informational answers (1xx)
            http.client.parse_headers(self.fp)
            version, status, reason = super()._read_status()
        return version, status, reason

    def beginning(self, most):
        """Up to `most` raw bytes of the body. Raises if it ends too early."""
        parts, left = [], most
        for part in self._chunks() if self.chunked else self._parts():
            parts.append(part[:left])
            left -= len(part)
            if left <= 0:
                break
        return b"".join(parts)

    def _parts(self):
        while part := self.read(4096):
            yield part
        if self.length:
            raise http.client.IncompleteRead(b"", self.length)

    def _chunks(self):
        while True:
            size = CHUNK_SIZE.fullmatch(self._line())
            if not size:
                raise http.client.HTTPException("It sends chunks without a size.")
            left = int(size[1], 16)
            if not left:
                break
            while left:
                part = self.fp.read(min(left, 4096))
                if not part:
                    raise http.client.IncompleteRead(b"", left)
                left -= len(part)
                yield part
            if self._line() != b"\r\n":
                raise http.client.HTTPException("It sends chunks whose size is wrong.")
        while self._line() != b"\r\n":
            pass

    def _line(self):
        line = self.fp.readline(MOST_OF_LINE)
        if not line:
            raise http.client.IncompleteRead(b"")
        return line


class _Reader(io.BufferedReader):
    """Remembers the last line that was read, because http.client accepts a head that was cut off between two lines."""

    last_line = None

    def readline(self, size=-1):
        self.last_line = super().readline(size)
        return self.last_line


class _Bounded(io.RawIOBase):
    def __init__(self, raw):
        self._raw = raw
        self._left = MOST_READ

    def readable(self):
        return True

    def readinto(self, buffer):
        if self._left <= 0:
            raise http.client.HTTPException("Its answer does not end.")
        got = self._raw.readinto(memoryview(buffer)[: self._left])
        self._left -= got or 0
        return got

    def close(self):
        self._raw.close()
        return super().close()


def _open(parts, connect):
    if parts.scheme == "https":
        context = ssl.create_default_context(cafile=requests.certs.where())
        connection = http.client.HTTPSConnection(parts.hostname, parts.port or 443, context=context)
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port or 80)
    connection.response_class = Answer
    connection._create_connection = connect
    return connection


def _connect(address, allowed, deadline):
    """Connects to the address that was checked, so a change in DNS cannot lead to another address."""
    host, port = address
    fault = None
    for family, kind, protocol, _, target in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if refused := refusal(target[0], allowed):
            fault = fault or EgressError(refused)
            continue
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(deadline.left())
            sock.connect(target)
            deadline.watch(sock)
        except OSError as exc:
            sock.close()
            fault = exc
        else:
            return sock
    raise fault or EgressError(f"{host} has no address.")


def _end(sock):
    with suppress(OSError):  # it has ended already
        sock.shutdown(socket.SHUT_RDWR)
