"""The entrance to the internal channel: nothing in a body is trusted before its signature is checked."""

import hashlib
import hmac
import json
import re
import time
from typing import NamedTuple

from psycopg2.errors import UniqueViolation
from werkzeug.exceptions import Forbidden

from .channel_body import BodyWithFile, PlainBody
from .state import State, current_state

VERSION = 1
MAX_SKEW_MS = 30_000
READ_PATH = "/gateway/read"
CONTENT_PATH = "/gateway/content"
# On these paths, a body or an answer may contain a file: its bytes follow the JSON, after a line end.
FILE_PATHS = frozenset([CONTENT_PATH, "/gateway/file"])
# The sidecar has already checked the file against its own limit.
MAX_FILE_BYTES = 2 * 1024**3
MAX_CALLS = 32
# Writes that are sent together have the same caller and are of the same kind. They differ only in these keys.
OWN_KEYS = frozenset(["request_id", "operations"])
OWN_OPERATION_KEYS = frozenset(["ids", "values"])
CONTEXT_KEYS = frozenset(["allowed_company_ids", "bare", "lang", "languages", "quiet", "tz"])


class ChannelError(Forbidden):
    """The body was not signed by a sidecar of this database, or was signed for another time or path."""

    def __init__(self, reason, message):
        super().__init__(message)
        self.reason = reason


# How JSON writes characters that Postgres cannot store: NUL, and halves of a surrogate pair.
UNSTORABLE = re.compile(rb"\\u(0000|[dD][89a-fA-F])")


class Envelope(NamedTuple):
    nonce: str
    deadline: float
    """The deadline of the calls, on the clock of `time.monotonic()`."""
    calls: list
    state: State
    raw: bytes
    """The JSON."""
    file: memoryview
    """The bytes that follow the JSON. The file is not signed: an operation that stores it contains its digest."""

    @property
    def may_be_unstorable(self):
        """Whether a string may contain a character that Postgres cannot store; see arguments.check_text."""
        return UNSTORABLE.search(self.raw) is not None

    def fresh_call(self, index):
        """A new copy of a call for a second try, because Odoo changes the values that it gets."""
        return json.loads(self.raw)["calls"][index]


def open_envelope(httprequest, cr):
    """The checked body of a request; raises ChannelError."""
    scheme, _, signature = httprequest.headers.get("X-Gateway-Signature", "").partition("=")
    if scheme != "v1" or len(signature) != 64:
        raise ChannelError("channel.signature", "The body is not signed.")
    body = _body_of(httprequest)
    try:
        envelope = _envelope(httprequest, cr, body.json, signature)
        return envelope._replace(file=_file_of(body))
    except ChannelError:
        body.discard()
        raise


def _body_of(httprequest):
    if httprequest.path not in FILE_PATHS:
        return PlainBody(httprequest)
    return BodyWithFile(httprequest, 0 if httprequest.path == CONTENT_PATH else MAX_FILE_BYTES)


def _envelope(httprequest, cr, raw, signature):
    state = _signed_state(cr, raw, signature)
    try:
        body = json.loads(raw)
        _check_shape(body)
    except (ValueError, KeyError, TypeError, RecursionError) as exc:
        raise ChannelError("channel.malformed", f"The body is not a channel message: {exc}") from exc
    if body["path"] != httprequest.path:
        raise ChannelError("channel.path", "The body is signed for another path.")
    if body["database"] != state.database_uuid:
        raise ChannelError("channel.database", "The body is signed for another database.")
    now = time.time() * 1000
    if abs(now - body["time"]) > MAX_SKEW_MS:
        raise ChannelError("channel.late", "The time of the signature is more than 30 s in the past or future.")
    # A sidecar whose clock runs ahead must not get more time than it asked for.
    budget_ms = body["deadline"] - max(now, body["time"])
    deadline = time.monotonic() + budget_ms / 1000
    return Envelope(body["nonce"], deadline, body["calls"], state, raw, memoryview(b""))


def _file_of(body):
    try:
        return body.file()
    except ValueError as exc:
        raise ChannelError("channel.malformed", f"The body has {exc}.") from exc


def spend_nonce(cr, nonce):
    """Record a write's nonce in the write's transaction, so that the write happens only once."""
    try:
        cr.execute("insert into gateway.channel_nonce (nonce) values (%s)", (nonce,), log_exceptions=False)
    except UniqueViolation as exc:
        raise ChannelError("channel.replay", "The body was already executed.") from exc


def _signed_state(cr, raw, signature):
    state = current_state(cr)
    if not _signed_by_one(state.secrets, raw, signature):
        # The secret may be newer than this process's copy.
        state = current_state(cr, fresh=True)
        if not _signed_by_one(state.secrets, raw, signature):
            raise ChannelError("channel.signature", "The signature does not match the body.")
    return state


def _signed_by_one(secrets, raw, signature):
    return any(
        hmac.compare_digest(hmac.new(secret, raw, hashlib.sha256).hexdigest().encode(), signature.encode())
        for secret in secrets
    )


def _check_shape(body):
    if body["v"] != VERSION:
        raise ValueError(f"version {body['v']!r} instead of {VERSION}")
    for key in ("path", "database", "nonce"):
        _expect(type(body[key]) is str and body[key], key)
    for key in ("time", "deadline"):
        _expect(type(body[key]) is int, key)
    _expect(type(body["calls"]) is list and 0 < len(body["calls"]) <= MAX_CALLS, "calls")
    for call in body["calls"]:
        _check_call(call)
        _expect(body["path"] not in (READ_PATH, CONTENT_PATH) or "dry_run" not in call, "dry_run")
    _expect(body["path"] not in FILE_PATHS or len(body["calls"]) == 1, "calls")
    if body["path"] != READ_PATH and len(body["calls"]) > 1:
        _check_kinship(body["calls"])


def _check_call(call):
    _expect(type(call["request_id"]) is str, "request_id")
    # A call without a user may only log in or ask for Odoo's version.
    nobody = call["uid"] is None and [operation["op"] for operation in call["operations"]] in (["login"], ["version"])
    _expect(nobody or (type(call["uid"]) is int and call["uid"] > 1), "uid")
    _expect(type(call["address"]) is str, "address")
    _expect(type(call["context"]) is dict and call["context"].keys() <= CONTEXT_KEYS, "context")
    _expect(type(call["context"].get("quiet", True)) is bool, "context.quiet")
    grant = call["grant"]
    for key in ("scopes", "models"):
        _expect(grant[key] is None or type(grant[key]) is list, f"grant.{key}")
    _expect(type(call["operations"]) is list and call["operations"], "operations")
    for operation in call["operations"]:
        _expect(type(operation["op"]) is str, "op")
        _expect(type(operation.get("name", "")) is str, "name")
    token = call.get("idempotency")
    if token is not None:
        for key in ("consumer", "key", "method", "path", "fingerprint"):
            _expect(type(token[key]) is str, f"idempotency.{key}")
    most = call.get("max_affected")
    _expect(most is None or (type(most) is int and most > 0), "max_affected")
    dry_run = call.get("dry_run")
    if dry_run is not None:
        _expect(type(dry_run) is dict and type(dry_run["differences"]) is bool and token is None, "dry_run")


def _check_kinship(calls):
    _expect(calls[0]["operations"][0]["op"] in ("create", "write"), "calls")
    for call in calls:
        is_plain = all(call.get(key) is None for key in ("idempotency", "dry_run", "max_affected"))
        _expect(len(call["operations"]) == 1 and is_plain, "calls")
        _expect(_kind(call, OWN_KEYS) == _kind(calls[0], OWN_KEYS), "calls")
        own, first = call["operations"][0], calls[0]["operations"][0]
        _expect(_kind(own, OWN_OPERATION_KEYS) == _kind(first, OWN_OPERATION_KEYS), "calls")


def _kind(values, without):
    return {key: value for key, value in values.items() if key not in without}


def _expect(condition, key):
    if not condition:
        raise ValueError(f"bad {key!r}")
