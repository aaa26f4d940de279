"""When a call fails, Odoo logs the statement that Postgres refused, and the traceback. The caller's secrets are removed
before any handler gets them."""

import json
import logging
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property

from ..tools.redact import Secrets

_call = ContextVar("api_gateway_logged_call", default=None)
_formatter = logging.Formatter()


@contextmanager
def log_without_secrets(body):
    """In this context, this thread's log lines contain no secret from the JSON in `body`."""
    token = _call.set(_LoggedCall(body))
    try:
        yield
    finally:
        _call.reset(token)


class _LoggedCall:
    """The body of a running call. It is searched for secrets only when the first line is logged."""

    def __init__(self, body):
        self._body = body

    @cached_property
    def secrets(self):
        secrets = Secrets()
        secrets.learn(json.loads(self._body)["calls"])
        return secrets


class WithoutSecrets(logging.Filter):
    """Removes the running call's secrets. This filter is on the handlers, not on the loggers, so that it covers every
    logger."""

    def filter(self, record):
        if call := _call.get():
            secrets = call.secrets
            record.msg, record.args = secrets.clean(record.getMessage()), ()
            if record.exc_info and record.exc_info[0]:
                record.exc_text = secrets.clean(record.exc_text or _formatter.formatException(record.exc_info))
        return True


for handler in logging.getLogger().handlers:
    handler.addFilter(WithoutSecrets())
