"""Counts, in memory, the calls of Odoo's own protocols that reach Odoo directly. The counts are added to
`gateway.protocol_use` every few seconds, so a call is delayed only by one addition. Counts that cannot be stored are
lost: they are figures, not a log."""

import json
import logging
import re
import threading
import time
from collections import Counter

from odoo.modules.registry import Registry
from odoo.service.server import thread_local

from .settings import settings

_logger = logging.getLogger(__name__)

FLUSH_AFTER_S = 5
SETTING_FOR_S = 10
MOST_KINDS = 1_000
COUNTED = "api_gateway.counted"
LONGEST = 200
JSON2 = re.compile(r"/json/2/([^/]+)/([^/]+)/?")

_lock = threading.Lock()
# {(database, protocol, uid, client, model, method, has failed): calls}
_counts = Counter()
_is_counted = {}
_timer = None


def protocol_of(path):
    """The name of Odoo's own protocol that uses the path; None if there is no such protocol."""
    if not path.startswith(("/xmlrpc/", "/jsonrpc", "/json/2/")):
        return None
    if path.startswith("/xmlrpc/"):
        return "xmlrpc.2" if path.startswith("/xmlrpc/2/") else "xmlrpc"
    return "json2" if path.startswith("/json/2/") else "jsonrpc"


def is_counted(cr):
    """Whether direct calls of this database are to be counted, according to the settings, which are read at
    intervals."""
    now = time.monotonic()
    until, answer = _is_counted.get(cr.dbname, (0, False))
    if until <= now:
        answer = settings(cr).get("rpc.count_direct") is True
        _is_counted[cr.dbname] = (now + SETTING_FOR_S, answer)
    return answer


def count(database, protocol, httprequest, uid, has_failed):
    """Count a call that has ended. Calls whose key Odoo has refused have no method (odoo/service/model.py), so they are
    not counted."""
    if protocol == "json2":
        named = JSON2.fullmatch(httprequest.path)
        model, method = named.groups() if named else ("", "")
    else:
        model, _dot, method = thread_local.rpc_model_method.rpartition(".")
        uid = getattr(threading.current_thread(), "uid", None)
    if not (uid and method):
        return
    client = httprequest.headers.get("User-Agent", "")
    key = (database, protocol, uid, _storable(client), _storable(model), _storable(method), has_failed)
    earlier = httprequest.environ.get(COUNTED)
    httprequest.environ[COUNTED] = key
    with _lock:
        if _counts.get(earlier):  # Odoo has tried the request again
            _counts[earlier] -= 1
            if not _counts[earlier]:
                del _counts[earlier]
        if key in _counts or len(_counts) < MOST_KINDS:
            _counts[key] += 1
            _schedule()


def _storable(text):
    """The beginning of a caller's text, without characters that Postgres refuses to store."""
    return text[:LONGEST].replace("\0", "").encode("utf-8", "replace").decode()


def flush():
    """Stores the counts in the databases' tables."""
    global _timer
    with _lock:
        counted = dict(_counts)
        _counts.clear()
        _timer = None
    uses = {}
    for (database, protocol, uid, client, model, method, has_failed), calls in counted.items():
        use = {"source": "odoo", "protocol": protocol, "consumer": f"user:{uid}", "user_id": uid, "client": client}
        use |= {"model": model, "method": method, "requests": calls, "failed": calls if has_failed else 0}
        uses.setdefault(database, []).append(use)
    for database, rows in uses.items():
        try:
            with Registry(database).cursor() as cr:
                cr.execute("select gateway.add_protocol_uses(%s)", (json.dumps(rows),))
        except Exception:
            _logger.warning("Counts of direct calls were lost", exc_info=True)


def _schedule():
    global _timer
    if _timer is None:
        _timer = threading.Timer(FLUSH_AFTER_S, flush)
        _timer.daemon = True
        _timer.start()
