"""Checks from Odoo which server answers at an address, before callers are sent there."""

import hashlib
import hmac
import json
import secrets
import time

import requests

from odoo import api, models
from odoo.exceptions import AccessError, ValidationError
from odoo.modules import Manifest

from ..tools.asker import have_group
from .res_config_settings import check_address

TIMEOUT_S = 5
# A sidecar's answer is a few hundred bytes long. The rest of a longer answer is not read.
MOST_BYTES = 65_536


class GatewaySidecarDiagnosis(models.AbstractModel):
    _inherit = "gateway.sidecar"

    @api.model
    def diagnose(self, url):
        """Checks whether a sidecar of this database answers at `url`. The request carries no credential, only a proof
        that it comes from Odoo. The answer carries a proof that it comes from a sidecar. A server that does not know
        the secret shared with this database's sidecars learns nothing and cannot pretend to be one.

        :param str url: the address to test; if empty, that of a live sidecar
        :return: `{state, url, message, total_ms, postgres_ms, odoo_ms, version}`; state is `ok`, `address`,
            `unreachable`, `not_a_gateway`, `other_database`, `version` or `away` (a gateway that does not reach
            Postgres or Odoo); milliseconds and version are null unless it is a sidecar of this database
        """
        if not have_group(self.env, "base.group_system"):
            raise AccessError(self.env._("Only an administrator may test the address."))
        url = (url or "").strip() or self._alive(limit=1).address
        if not url:
            return _diagnosis("unreachable", self.env._("No sidecar is alive, and no address is given."))
        try:
            check_address(self.env, url)
        except ValidationError as exc:
            return _diagnosis("address", str(exc))
        return {**self._diagnose(url.rstrip("/")), "url": url.rstrip("/")}

    def _diagnose(self, url):
        nonce, uuid, keys = self._question()
        started = time.monotonic()
        try:
            status, answer = self._ask(url, nonce, _proof(keys[0], "question", uuid, nonce))
        except requests.RequestException as exc:
            return _diagnosis("unreachable", self._why_unreachable(url, exc))
        return self._judge(url, status, answer, nonce, uuid, keys, (time.monotonic() - started) * 1000)

    def _question(self):
        self.env.cr.execute(
            "select gateway.database_uuid(), array(select encode(value, 'hex') from gateway.secrets('channel'))"
        )
        uuid, keys = self.env.cr.fetchone()
        return secrets.token_urlsafe(16), uuid, [bytes.fromhex(key) for key in keys]

    def _ask(self, url, nonce, proof):
        with requests.post(
            f"{url}/api/identify",
            json={"nonce": nonce, "proof": proof},
            headers={"X-Odoo-Database": self.env.cr.dbname},
            timeout=TIMEOUT_S,
            allow_redirects=False,
            stream=True,
        ) as response:
            raw = response.raw.read(MOST_BYTES, decode_content=True)
        try:
            answer = json.loads(raw)
        except ValueError:
            answer = None
        return response.status_code, answer if isinstance(answer, dict) else None

    def _why_unreachable(self, url, exc):
        text = str(exc)
        if isinstance(exc, requests.Timeout):
            return self.env._("%(url)s did not answer within %(seconds)s seconds.", url=url, seconds=TIMEOUT_S)
        if isinstance(exc, requests.exceptions.SSLError):
            return self.env._("The certificate of %(url)s is not valid: %(fault)s", url=url, fault=text[:300])
        if "NameResolution" in text or "Name or service not known" in text or "getaddrinfo" in text:
            return self.env._("The host name in %s cannot be resolved. Check the spelling or your DNS.", url)
        if "refused" in text:
            return self.env._("Nothing listens at %s: is the sidecar running, and is the port right?", url)
        return self.env._("%(url)s could not be reached: %(fault)s", url=url, fault=text[:300])

    def _judge(self, url, status, answer, nonce, uuid, keys, total_ms):
        error = (answer or {}).get("error")
        if isinstance(error, dict) and "request_id" in error:
            return self._judge_refusal(url, str(error.get("reason")), str(error.get("message"))[:300])
        data = (answer or {}).get("data")
        if not isinstance(data, dict) or not isinstance(data.get("proof"), str):
            return _diagnosis(
                "not_a_gateway",
                self.env._(
                    "Something answers at %(url)s (HTTP %(status)s), but it is not a gateway. Does a proxy send /api "
                    "to the sidecar?",
                    url=url,
                    status=status,
                ),
            )
        version, schema = str(data.get("version"))[:50], data.get("schema_version")
        said = ("answer", uuid, nonce, version, str(schema))
        if not any(hmac.compare_digest(_proof(key, *said).encode(), data["proof"].encode()) for key in keys):
            return _diagnosis("other_database", self._other_database(url))
        times = {"total_ms": total_ms, "postgres_ms": data.get("postgres_ms"), "odoo_ms": data.get("odoo_ms")}
        found = {"version": version, **times}
        own = Manifest.for_addon("api_gateway")["version"].removeprefix("19.0.")
        if version != own:
            return _diagnosis(
                "version",
                self.env._(
                    "The sidecar at %(url)s has version %(version)s, and this addon %(own)s. Upgrade the older one.",
                    url=url,
                    version=version,
                    own=own,
                ),
                **found,
            )
        if data.get("odoo_ms") is None:
            message = self.env._(
                "This is a sidecar of this database, but it does not reach Odoo: check GATEWAY_ODOO_URL on its host."
            )
            return _diagnosis("away", message, **found)
        return _diagnosis("ok", self.env._("A sidecar of this database answers at %s.", url), **found)

    def _judge_refusal(self, url, reason, message):
        if reason in ("database.unknown", "auth.invalid"):
            return _diagnosis("other_database", self._other_database(url))
        if reason.startswith("route."):
            return _diagnosis(
                "version",
                self.env._(
                    "A gateway answers at %s, but does not know this path. Its version differs from this addon's, or "
                    "the address must be entered without a path.",
                    f"{url}/api/identify",
                ),
            )
        return _diagnosis("away", self.env._("A gateway answers at %(url)s: %(message)s", url=url, message=message))

    def _other_database(self, url):
        return self.env._(
            "A gateway answers at %(url)s, but not for this database (%(database)s): it serves another one, or a copy "
            "of the same name. Add this database to GATEWAY_DATABASES on the sidecar's host.",
            url=url,
            database=self.env.cr.dbname,
        )


def _proof(key, *said):
    """The proof that `sidecar/src/routes/identify.ts` computes, too."""
    return hmac.new(key, "\n".join(("identify", *said)).encode(), hashlib.sha256).hexdigest()


def _diagnosis(state, message, **found):
    return {
        "state": state,
        "message": message,
        **dict.fromkeys(("url", "total_ms", "postgres_ms", "odoo_ms", "version")),
        **found,
    }
