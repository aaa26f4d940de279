"""The bytes of the file that is sent together with the JSON of a call."""

from contextlib import contextmanager
from contextvars import ContextVar

from .errors import RefusalError

_current = ContextVar("gateway_file", default=None)


class File:
    """`received`: the bytes that follow the request's JSON. `sent`: the bytes to send after the answer."""

    def __init__(self, received):
        self.received = received
        self.sent = b""

    def after(self, answer):
        return b"\n".join([answer, self.sent]) if self.sent else answer


@contextmanager
def file_of(received):
    file = File(received)
    token = _current.set(file)
    try:
        yield file
    finally:
        _current.reset(token)


def current_file():
    """:raises RefusalError: on a path of the channel that carries no file"""
    file = _current.get()
    if file is None:
        raise RefusalError("odoo.arguments", "This operation needs a path that carries a file.")
    return file
