import base64
import json
import logging
import math
import time
from datetime import date, datetime

from odoo.tools.json import json_default

from ..tools.document_links import mask
from ..tools.gate import gate
from .errors import describe_error
from .refusals import in_plain_words

_logger = logging.getLogger(__name__)


class Answer:
    """One call's result and cost."""

    def __init__(self, cr):
        self._cr = cr
        self._queries = cr.sql_log_count
        self._started = time.perf_counter()
        self.operation = 0
        self.retries = 0
        self.is_replay = False
        self.dry_run = None
        """The report of a dry run, sent with its results (dry_run.py)."""

    def success(self, results, languages, among=1):
        """`languages`: the language of the results; with several operations, each language once. `among`: how many
        calls ran together; the measured cost is divided by this number."""
        body = encode({"ok": True, "results": results, "languages": languages, **self._cost(among)})
        if b"access_token" in body and (call := gate.get()) and call.is_narrowed:
            return mask(body.decode()).encode()
        return body

    def failure(self, exc, env, call):
        cost = self._cost()
        # Callers of Odoo's own protocols get Odoo's own error messages.
        if not call["context"].get("bare"):
            exc = in_plain_words(exc, env, call["operations"][self.operation])
        error = {**describe_error(exc, env), "operation": self.operation}
        if error["reason"] == "odoo.error":
            _logger.error("Request %s of user %s failed", call["request_id"], call["uid"], exc_info=exc)
        else:
            _logger.info("Request %s of user %s: %s", call["request_id"], call["uid"], error["reason"])
        return encode({"ok": False, "error": error, **cost})

    def _cost(self, among=1):
        replay = {"replay": True} if self.is_replay else {}
        dry_run = {"dry_run": self.dry_run} if self.dry_run else {}
        return {
            **replay,
            **dry_run,
            "sql": math.ceil((self._cr.sql_log_count - self._queries) / among),
            "ms": round((time.perf_counter() - self._started) * 1000 / among, 2),
            "retries": self.retries,
        }


def encode(value):
    """JSON as the sidecar expects it: null for NaN and infinity, no lone surrogates."""
    try:
        text = _dumps(value)
    except ValueError:  # rare; checking every number beforehand would cost more
        text = _dumps(_without_nan(value))
    return text.encode("utf-8", "replace")


def _dumps(value):
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)


def _without_nan(value):
    if type(value) is float:
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    return [_without_nan(item) for item in value] if isinstance(value, (list, tuple)) else value


def _plain(value):
    # Odoo uses the year 1 for "always", and writes it without leading zeros.
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes) and not value.isascii():
        return base64.b64encode(value).decode()
    return json_default(value)


def join(answers):
    return b'{"results":[' + b",".join(answers) + b"]}"
