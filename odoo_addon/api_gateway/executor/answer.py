import json
import logging
import math
import time
from datetime import date, datetime

from odoo.tools.json import json_default

from .errors import describe_error

_logger = logging.getLogger(__name__)


class Answer:
    """What one call gave, and what it cost."""

    def __init__(self, cr):
        self._cr = cr
        self._queries = cr.sql_log_count
        self._started = time.perf_counter()
        self.operation = 0
        self.retries = 0
        self.is_replay = False

    def success(self, results, among=1):
        """`among`: calls that ran together, of whose cost this one bears its share."""
        return encode({"ok": True, "results": results, **self._cost(among)})

    def failure(self, exc, env, call):
        cost = self._cost()
        error = {**describe_error(exc, env), "operation": self.operation}
        if error["reason"] == "odoo.error":
            _logger.error("Request %s of user %s failed", call["request_id"], call["uid"], exc_info=exc)
        else:
            _logger.info("Request %s of user %s: %s", call["request_id"], call["uid"], error["reason"])
        return encode({"ok": False, "error": error, **cost})

    def _cost(self, among=1):
        replay = {"replay": True} if self.is_replay else {}
        return {
            **replay,
            "sql": math.ceil((self._cr.sql_log_count - self._queries) / among),
            "ms": round((time.perf_counter() - self._started) * 1000 / among, 2),
            "retries": self.retries,
        }


def encode(value):
    """JSON as the sidecar reads it: no NaN, no half characters."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)
    return text.encode("utf-8", "replace")


def _plain(value):
    # Odoo writes the year 1, which it takes for "always", without zeros in front.
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    return value.isoformat() if isinstance(value, date) else json_default(value)


def join(answers):
    return b'{"results":[' + b",".join(answers) + b"]}"
