import secrets
from urllib.parse import urlencode, urlsplit

from odoo import http
from odoo.exceptions import AccessError
from odoo.http import request

# The purpose of tickets for the documentation, as in sidecar/src/routes/docs_login.ts.
DOCS = "api_docs"


class WebController(http.Controller):
    """Requests of the gateway's own pages that do not go through the ORM."""

    @http.route("/api_gateway/live_ticket", type="jsonrpc", auth="user", methods=["POST"])
    def live_ticket(self):
        """Returns `{ticket, database, urls}`: a ticket for the live figures, and the URLs of the sidecars that accept
        it. A page of this origin can use the ticket once, within 30 seconds."""
        if not request.env.user.has_group("api_gateway.group_user"):
            raise AccessError(request.env._("Only users of the API Gateway may see its figures."))
        return {
            "ticket": _ticket(_page_origin(request.httprequest)),
            "database": request.env.cr.dbname,
            "urls": request.env["gateway.stat"]._live_urls(),
        }

    @http.route("/api/docs", type="http", auth="user", methods=["GET"])
    def docs(self):
        """Redirects to the documentation, which a sidecar serves. The page exchanges the ticket for a token of this
        user; the ticket works once, within 30 seconds. It follows the #, so browsers do not send it to servers."""
        urls = request.env["gateway.stat"]._live_urls()
        if not urls:
            reason = request.env._("No sidecar is running, so the API documentation cannot be shown.")
            return request.make_response(reason, status=503, headers={"Content-Type": "text/plain; charset=utf-8"})
        if not request.env.user.has_group("api_gateway.group_user"):
            return request.redirect(f"{urls[0]}/api/docs", local=False)
        ticket = _ticket(DOCS)
        response = request.redirect(
            f"{urls[0]}/api/docs#{urlencode({'ticket': ticket, 'database': request.env.cr.dbname})}", local=False
        )
        response.headers["Cache-Control"] = "no-store"
        return response


def _ticket(purpose):
    """A ticket for the user. `purpose`: the origin of the page that may spend it, or `DOCS`."""
    ticket = secrets.token_urlsafe(32)
    request.env.cr.execute("select gateway.live_ticket_make(%s, %s, %s)", (ticket, request.env.uid, purpose))
    return ticket


def _page_origin(httprequest):
    """The page's origin, which browsers send with every POST."""
    origin = httprequest.headers.get("Origin") or httprequest.host_url
    parts = urlsplit(origin)
    return f"{parts.scheme}://{parts.netloc}"
