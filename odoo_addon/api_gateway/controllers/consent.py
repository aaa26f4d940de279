"""The page on which a user decides about an app's request. The app sends the browser to a sidecar, which checks and
signs the request. Odoo logs the user in as usual, and sends the answer to the app."""

import secrets
from urllib.parse import urlencode

from odoo import http
from odoo.http import request

from ..models.gateway_connected_app import host_of
from ..tools.consent_request import read_request

USER = "api_gateway.group_user"
ACTIONS = ("read", "write", "delete", "call")


class ConsentController(http.Controller):
    @http.route("/api_gateway/consent", type="http", auth="user", methods=["GET"], sitemap=False)
    def ask(self, **parameters):
        """Shows the request, with two buttons."""
        agreement, refusal = self._read(parameters)
        return refusal or self._page(agreement, parameters["request"])

    @http.route("/api_gateway/consent", type="http", auth="user", methods=["POST"], sitemap=False)
    def decide(self, **parameters):
        """Redirects back to the app, with a code if the user has allowed something. Odoo has checked the CSRF token."""
        agreement, refusal = self._read(parameters)
        if refusal:
            return refusal
        if parameters.get("decision") != "allow":
            self._log(None, "The user did not allow it.")
            return self._back(agreement, error="access_denied")
        chosen = set(request.httprequest.form.getlist("scope"))
        scopes = [scope for scope in _offered(agreement) if scope in chosen]
        company = request.env.user.company_ids.filtered(lambda found: str(found.id) == parameters.get("company"))
        if not scopes or not company:
            return self._page(agreement, parameters["request"], nothing=True)
        app, code = request.env["gateway.connected.app"]._allow(agreement, scopes, company)
        self._log(app, f"Allowed: {app.scopes}")
        return self._back(agreement, code=code)

    def _read(self, parameters):
        """Returns the request, and None. If the user cannot be asked, returns None and a page with the reason."""
        agreement = read_request(request.env.cr, parameters.get("request"))
        if agreement is None:
            return None, self._render("api_gateway.consent_over", {}, 400)
        if not request.env.user.has_group(USER):
            return None, self._render("api_gateway.consent_no_right", {"name": agreement["name"]}, 403)
        return agreement, None

    def _page(self, agreement, signed, nothing=False):
        env = request.env
        offered = _offered(agreement)
        values = {
            "agreement": agreement,
            "signed": signed,
            "nothing": nothing,
            "host": host_of(agreement["redirect_uri"]),
            "local": agreement["redirect_uri"].startswith("http:"),
            "vouched": agreement["client_id"].split("/")[2] if agreement["source"] == "document" else None,
            "scopes": [
                {"scope": scope, "words": _words(env, scope), "ticked": bool(agreement["scopes"]) or scope == "read"}
                for scope in offered
            ],
            "companies": env.user.company_ids,
            "days": max(1, _days(env)),
        }
        return self._render("api_gateway.consent_page", values, 400 if nothing else 200)

    def _render(self, template, values, status):
        nonce = secrets.token_urlsafe(16)
        scheme = request.httprequest.cookies.get("color_scheme")
        values |= {
            "nonce": nonce,
            "color_scheme": scheme if scheme in ("dark", "light") else None,
            "user": request.env.user,
        }
        response = request.render(template, values, status=status)
        # The policy forbids content from other origins, and framing. It has no `form-action`, which would block the
        # redirect back to the app.
        response.headers["Content-Security-Policy"] = (
            f"default-src 'none'; style-src 'nonce-{nonce}'; frame-ancestors 'none'; base-uri 'none'"
        )
        response.headers["X-Frame-Options"] = "DENY"
        return _private(response)

    def _back(self, agreement, **answer):
        """Redirects to the app with the answer, as in RFC 6749, section 4.1.2, and RFC 9207."""
        uri = agreement["redirect_uri"]
        answer |= {"state": agreement["state"], "iss": agreement["issuer"]}
        query = urlencode({name: value for name, value in answer.items() if value is not None})
        return _private(request.redirect(f"{uri}{'&' if '?' in uri else '?'}{query}", code=303, local=False))

    def _log(self, app, message):
        """Writes a row into the traffic log, as sidecars do."""
        asked = request.httprequest
        request.env.cr.execute(
            "select gateway.log_consent(%s, %s, %s, %s, %s, %s)",
            (
                f"app:{app.id}" if app else f"login:{request.env.uid}",
                app.name if app else None,
                request.env.uid,
                asked.remote_addr,
                (asked.user_agent.string or "")[:500],
                message,
            ),
        )


def _private(response):
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _offered(agreement):
    """Scopes that the user may allow. An app that requests no scopes may get all that the user ticks."""
    return agreement["scopes"] or list(ACTIONS)


def _days(env):
    env.cr.execute("select value::integer / 86400 from gateway.setting where name = 'token.family_s'")
    [days] = env.cr.fetchone()
    return days


def _words(env, scope):
    """A scope, described in plain words."""
    model, _, action = scope.rpartition(":")
    what = ""
    if not model:
        what, _, action = scope.rpartition("_")
    elif found := env["ir.model"].sudo()._get(model):
        what = f"{found.name} ({model})"
    else:
        what = model
    plain = {
        "read": env._("See the records that you can see"),
        "write": env._("Create and change records, where you may do so yourself"),
        "delete": env._("Delete records, where you may do so yourself"),
        "call": env._("Carry out actions, such as confirming an order"),
    }
    narrowed = {
        "read": env._("See: %s", what),
        "write": env._("Create and change: %s", what),
        "delete": env._("Delete: %s", what),
        "call": env._("Carry out actions on: %s", what),
    }
    return (narrowed if what else plain)[action]
