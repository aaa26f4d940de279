"""Sends files to the gateway and receives them, without holding them in memory."""

from __future__ import annotations

import contextlib
import mimetypes
import os
import secrets
import urllib.parse
from dataclasses import dataclass
from email.message import Message
from typing import Any, Callable, Generator, Iterator, Optional, Protocol, Union, cast

from .errors import GatewayError

CHUNK = 65_536


class Readable(Protocol):
    """A binary file: `open(path, "rb")`, or any object with such a method `read`."""

    def read(self, size: int = ..., /) -> bytes: ...


class Writable(Protocol):
    def write(self, data: bytes, /) -> object: ...


# A `str` is a path.
Path = Union[str, "os.PathLike[str]"]
Content = Union[bytes, bytearray, memoryview, Path, Readable]
Target = Union[Path, Writable]


@dataclass(frozen=True)
class File:
    """A file from the gateway. `content` is empty if the file was saved instead; `size` is in bytes."""

    type: str
    name: Optional[str]
    size: int
    content: bytes = b""


class Upload:
    """A file to be sent. Each attempt sends it from its start."""

    def __init__(self, content: Content, name: str | None) -> None:
        self._content = content
        self._start = 0
        self.size: int | None = None
        self.name = name
        # True for bytes, paths, and files that can be rewound.
        self.may_repeat = True
        if isinstance(content, (bytes, bytearray, memoryview)):
            self.size = memoryview(content).nbytes
        elif (path := _path(content)) is not None:
            self.size = os.stat(path).st_size
            self.name = self.name or os.path.basename(path)
        else:
            its_name = getattr(content, "name", None)
            if isinstance(its_name, str):
                self.name = self.name or os.path.basename(its_name)
            seekable: Callable[[], bool] = getattr(content, "seekable", lambda: False)
            self.may_repeat = seekable()
            if self.may_repeat:
                file: Any = content
                self._start = file.tell()
                self.size = file.seek(0, os.SEEK_END) - self._start

    def type(self) -> str:
        guessed, encoding = mimetypes.guess_type(self.name or "")
        return guessed if guessed and encoding is None else "application/octet-stream"

    @contextlib.contextmanager
    def opened(self) -> Generator[Readable | bytes, None, None]:
        content = self._content
        if isinstance(content, (bytes, bytearray, memoryview)):
            yield bytes(content)
        elif (path := _path(content)) is not None:
            with open(path, "rb") as file:
                yield _Body(file, self.size)
        else:
            if self.may_repeat:
                cast(Any, content).seek(self._start)
            yield _Body(cast(Readable, content), self.size)


def _path(value: object) -> str | None:
    return os.fsdecode(cast("os.PathLike[str]", value)) if isinstance(value, (str, os.PathLike)) else None


class _Body:
    """Reads only as many bytes as were announced, because the file may change meanwhile."""

    def __init__(self, file: Readable, size: int | None) -> None:
        self._file = file
        self._left = size

    def read(self, size: int = -1, /) -> bytes:
        most = CHUNK if size < 0 else size
        data = self._file.read(most if self._left is None else min(most, self._left))
        if not isinstance(cast(object, data), bytes):
            raise _unsendable('the file returns text. Open it with "rb"')
        if self._left is not None:
            if not data and self._left:
                raise _unsendable(f"the file has become shorter by {self._left} bytes")
            self._left -= len(data)
        return data


def _unsendable(why: str) -> GatewayError:
    return GatewayError(0, "client.request", f"The file cannot be sent: {why}.")


class Download:
    """The destination of a file. A file at the path is replaced once the whole new file has arrived."""

    def __init__(self, to: Target | None) -> None:
        self._path = _path(to)
        self._file: Any = None if self._path is not None else cast(Any, to)
        self._has_begun = False
        seekable: Callable[[], bool] = getattr(to, "seekable", lambda: False)
        self._start: int | None = cast(Any, to).tell() if seekable() else None

    @property
    def may_repeat(self) -> bool:
        """Whether another attempt can overwrite everything that a failed attempt has written."""
        return self._file is None or self._start is not None or not self._has_begun

    def save(self, headers: Message, chunks: Iterator[bytes]) -> File:
        kind, name = headers.get_content_type(), _name(headers)
        if self._path is not None:
            return File(kind, name, _replace(self._path, chunks))
        if self._file is None:
            content = b"".join(chunks)
            return File(kind, name, len(content), content)
        if self._has_begun:
            self._file.seek(self._start)
            self._file.truncate()
        self._has_begun = True
        return File(kind, name, _write(self._file, chunks))


def _replace(path: str, chunks: Iterator[bytes]) -> int:
    part = f"{path}.{secrets.token_hex(4)}.part"
    try:
        with open(part, "xb") as file:
            size = _write(file, chunks)
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.remove(part)
        raise
    return size


def _write(to: Writable, chunks: Iterator[bytes]) -> int:
    size = 0
    for chunk in chunks:
        to.write(chunk)
        size += len(chunk)
    return size


def _name(headers: Message) -> str | None:
    """The full name. `get_filename` would prefer the plain name, which contains only ASCII (RFC 6266, section 4.3)."""
    for part in headers.get("Content-Disposition", "").split(";"):
        key, _, value = part.strip().partition("=")
        if key.lower() == "filename*" and value.lower().startswith("utf-8''"):
            return urllib.parse.unquote(value[7:])
    return headers.get_filename()
