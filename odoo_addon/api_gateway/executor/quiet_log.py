"""Odoo logs what a call stumbled over: the statement that Postgres refused, the traceback. The caller's secrets are
taken out of that before any handler has it."""

import json
import logging
from contextlib import contextmanager
from contextvars import ContextVar

from ..tools.redact import Secrets

_body = ContextVar("api_gateway_body", default=None)
_formatter = logging.Formatter()


@contextmanager
def log_without_secrets(body):
    """For as long as it lasts, what this thread logs shows no secret of the JSON in `body`."""
    token = _body.set(body)
    try:
        yield
    finally:
        _body.reset(token)


class WithoutSecrets(logging.Filter):
    """On handlers, not on loggers: whoever logs while a call runs."""

    def filter(self, record):
        body = _body.get()
        if body is not None:
            secrets = Secrets()
            secrets.learn(json.loads(body)["calls"])
            record.msg, record.args = secrets.clean(record.getMessage()), ()
            if record.exc_info and record.exc_info[0]:
                record.exc_text = secrets.clean(record.exc_text or _formatter.formatException(record.exc_info))
        return True


for handler in logging.getLogger().handlers:
    handler.addFilter(WithoutSecrets())
