"""One delivery by Odoo itself, while no sidecar is alive. The request is the same as a sidecar's."""

import base64
import hashlib
import hmac
import json
import logging
import time
from email.utils import parsedate_to_datetime
from http.client import BadStatusLine, HTTPException, IncompleteRead, RemoteDisconnected
from typing import NamedTuple
from urllib.parse import urlsplit

from requests.structures import CaseInsensitiveDict

from odoo.tools.json import json_default

from ..tools.redact import Secrets
from .connection import post
from .values import iso

_logger = logging.getLogger(__name__)

KEPT_OF_ANSWER = 1024
OVERLAP = 4096
DRAINED_OF_ANSWER = 65_536
"""The rest of a longer answer is not read."""
KEPT_OF_ERROR = 500
MOST_OF_BODY = 5 * 1024 * 1024
EXPECTED = (OSError, ValueError, HTTPException)


class Target(NamedTuple):
    """A row of `gateway.webhooks()`, without the columns for capturing."""

    url: str
    headers: list
    secrets: list


def render_event(job, sequence, values):
    """The body of an event. `sequence`: the number of the record's newest change in the change feed; None if its model
    is not synced. `values`: the record as the owner reads it now; None if it is gone."""
    return json.dumps(
        {
            "id": job["event_id"],
            "type": f"{job['model']}.{job['event']}",
            "timestamp": iso(job["created_at"]),
            "data": {
                "model": job["model"],
                "id": job["res_id"],
                "sequence": sequence,
                "changed": job["changed"],
                "previous": job["previous"],
                "values": values,
            },
        },
        default=json_default,
        ensure_ascii=False,
        separators=(",", ":"),
    )


def sign(secrets, event_id, timestamp, body):
    """Standard Webhooks: one signature for each valid secret, separated by spaces."""
    signed = f"{event_id}.{timestamp}.{body}".encode()
    return " ".join(
        "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode() for secret in secrets
    )


def deliver(allowed, target, event_id, body, timeout_s):
    """Posts once and returns the arguments for `gateway.webhook_finish`. Never raises: each fault becomes a failed
    attempt with its own message. `allowed`: networks allowed by the settings."""
    timestamp = int(time.time())
    started = time.monotonic()
    result = {"status": None, "error": None, "response": None, "retry_after": None, "gone": False}
    try:
        sent = body.encode()
        if len(sent) > MOST_OF_BODY:
            raise ValueError("Not sent: more than 5 MB. Choose fewer fields.")
        headers = _headers(target, event_id, timestamp, body)
        with post(target.url, headers, sent, allowed, timeout_s) as answer:
            result["status"] = answer.status
            result["error"] = _refused(answer.status)
            result["retry_after"] = _retry_after(answer.headers.get("Retry-After"))
            result["gone"] = answer.status == 410
            # More of the answer is cleaned than is stored, so that no part of a secret remains where the text is cut
            # off.
            beginning = answer.beginning(DRAINED_OF_ANSWER)[: KEPT_OF_ANSWER + OVERLAP]
            result["response"] = storable(_without_secrets(beginning.decode("utf-8", "replace"), target))[
                :KEPT_OF_ANSWER
            ]
            if time.monotonic() - started >= timeout_s:  # the answer seemed to end, but it was cut off by the timeout
                raise TimeoutError
    except Exception as exc:  # a fault of one job must not stop the others
        if not isinstance(exc, EXPECTED):
            _logger.warning("webhooks: an attempt failed unexpectedly", exc_info=True)
        late = time.monotonic() - started >= timeout_s
        fault = f"No answer within {timeout_s:g} s" if late else _plain(exc, target)
        result["error"] = result["error"] or storable(_without_secrets(fault, target))[:KEPT_OF_ERROR]
    result["ms"] = round((time.monotonic() - started) * 1000)
    result["outcome"] = "failed" if result["error"] else "delivered"
    result["body"] = body if len(body) <= MOST_OF_BODY else None
    return result


def _headers(target, event_id, timestamp, body):
    """A webhook's own headers are set first, so they cannot replace those that describe the body."""
    if any(header["value"] is None for header in target.headers):
        raise ValueError("A header has lost its value: this database is a copy. Type the value again.")
    headers = CaseInsensitiveDict({"User-Agent": "odoo-api-gateway", "Accept": "*/*"})
    headers.update((header["name"], header["value"]) for header in target.headers)
    headers.update(
        {
            "Connection": "close",
            "Content-Type": "application/json",
            "webhook-id": event_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(target.secrets, event_id, timestamp, body),
        }
    )
    return headers


def _without_secrets(text, target):
    """Receivers and error messages repeat parts of the request, so secrets are removed."""
    values = [header["value"] or "" for header in target.headers]
    return Secrets([*values, *(value.partition(" ")[2] for value in values), urlsplit(target.url).password]).clean(text)


def storable(text):
    """Text that Postgres accepts in JSON: without NUL and lone surrogates."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _refused(status):
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return f"Answered {status}: redirects are not followed"
    return f"Answered {status}"


def _retry_after(text):
    """The number of seconds to wait, from a header that contains a number or an HTTP date."""
    if not text:
        return None
    if text.isdecimal():
        return int(text[:9])
    try:
        return max(0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _plain(exc, target):
    """The text of the error, which includes the receiver's host."""
    text = str(exc) or type(exc).__name__
    if isinstance(exc, BadStatusLine) and not isinstance(exc, RemoteDisconnected):
        text = f"It does not answer in HTTP, but with {exc.line[:100]!r}."
    elif isinstance(exc, IncompleteRead):
        text = "It ended its answer early."
    return f"{urlsplit(target.url).hostname}: {text}"
