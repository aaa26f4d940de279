"""One delivery from Odoo itself, while no sidecar is alive: the same request that a sidecar sends."""

import base64
import hashlib
import hmac
import json
import time
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlsplit

import requests

from odoo.tools.json import json_default

from ..tools.redact import Secrets
from .values import iso

KEPT_OF_ANSWER = 1024
OVERLAP = 4096
MOST_OF_BODY = 5 * 1024 * 1024


class Target(NamedTuple):
    """A row of `gateway.webhooks()`, without what capture needs."""

    url: str
    headers: list
    secrets: list


def render_event(job, values):
    """The body. `values`: what the owner reads of the record now, None when it is gone."""
    return json.dumps(
        {
            "id": job["event_id"],
            "type": f"{job['model']}.{job['event']}",
            "timestamp": iso(job["created_at"]),
            "data": {
                "model": job["model"],
                "id": job["res_id"],
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
    """Standard Webhooks: one signature for each living secret, with spaces between."""
    signed = f"{event_id}.{timestamp}.{body}".encode()
    return " ".join(
        "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode() for secret in secrets
    )


def deliver(session, target, event_id, body, timeout_s):
    """Posts once and gives what `gateway.webhook_finish` takes. Never raises for what the receiver does."""
    timestamp = int(time.time())
    started = time.monotonic()
    result = {"status": None, "error": None, "response": None, "retry_after": None, "gone": False}
    try:
        if len(body) > MOST_OF_BODY:
            raise ValueError("Not sent: more than 5 MB. Choose fewer fields.")
        if any(header["value"] is None for header in target.headers):
            raise ValueError("A header has lost its value: this database is a copy. Type the value again.")
        with session.post(
            target.url,
            data=body.encode(),
            headers={
                "User-Agent": "odoo-api-gateway",
                "Accept": "*/*",
                **{header["name"]: header["value"] for header in target.headers},
                "Content-Type": "application/json",
                "webhook-id": event_id,
                "webhook-timestamp": str(timestamp),
                "webhook-signature": sign(target.secrets, event_id, timestamp, body),
            },
            timeout=timeout_s,
            allow_redirects=False,
            stream=True,
        ) as response:
            result["status"] = response.status_code
            # More than is kept: of a secret that the cut goes through, no half stays.
            answer = response.raw.read(KEPT_OF_ANSWER + OVERLAP).decode("utf-8", "replace")
            result["response"] = _without_secrets(answer, target)[:KEPT_OF_ANSWER].replace("\0", "")
            result["error"] = _refused(response)
            result["retry_after"] = _retry_after(response.headers.get("Retry-After"))
            result["gone"] = response.status_code == 410
    except (requests.RequestException, OSError, ValueError) as exc:
        late = time.monotonic() - started >= timeout_s
        result["error"] = f"No answer within {timeout_s:g} s" if late else _plain(exc, target)
    result["error"] = result["error"] and _without_secrets(result["error"], target)
    result["ms"] = round((time.monotonic() - started) * 1000)
    result["outcome"] = "failed" if result["error"] else "delivered"
    result["body"] = body if len(body) <= MOST_OF_BODY else None
    return result


def _without_secrets(text, target):
    """Receivers repeat what they were sent, and errors what could not be."""
    values = [header["value"] or "" for header in target.headers]
    return Secrets([*values, *(value.partition(" ")[2] for value in values), urlsplit(target.url).password]).clean(text)


def _refused(response):
    status = response.status_code
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return f"Answered {status}: redirects are not followed"
    return f"Answered {status}"


def _retry_after(text):
    """Seconds, from a number or an HTTP date."""
    if not text:
        return None
    if text.isdecimal():
        return int(text[:9])
    try:
        return max(0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def _plain(exc, target):
    """The innermost message: requests and urllib3 wrap it in one another."""
    inner = [found for found in (*exc.args, getattr(exc, "reason", None)) if isinstance(found, BaseException)]
    if inner:
        return _plain(inner[-1], target)
    return f"{urlsplit(target.url).hostname}: {exc}"[:500]
