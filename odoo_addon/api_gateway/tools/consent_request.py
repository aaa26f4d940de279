"""An app's request to a user, which the browser passes from a sidecar (oauth/authorization_request.ts) to Odoo."""

import base64
import binascii
import hashlib
import hmac
import json
import time

LONGEST = 8_000


def read_request(cr, text):
    """The claims of a request that a sidecar has signed for this database. None if the request was altered, is too old,
    or is for another database."""
    if not isinstance(text, str) or len(text) > LONGEST or not text.isascii():
        return None
    try:
        signed, _, signature = text.rpartition(".")
        head, payload = (json.loads(_decoded(part)) for part in signed.split("."))
        given = _decoded(signature)
    except (ValueError, binascii.Error):
        return None
    if not isinstance(head, dict) or not isinstance(payload, dict):
        return None
    if (head.get("alg"), head.get("typ")) != ("HS256", "consent+jwt"):
        return None
    cr.execute("select value from gateway.secrets('consent') where kid = %s", (str(head.get("kid")),))
    [secret] = cr.fetchone() or [None]
    if secret is None or not hmac.compare_digest(given, hmac.digest(bytes(secret), signed.encode(), hashlib.sha256)):
        return None
    cr.execute("select gateway.database_uuid()")
    [database] = cr.fetchone()
    if payload.get("aud") != database or payload.get("exp", 0) <= time.time():
        return None
    return {"state": None, **payload}


def _decoded(part):
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
