import json
import logging

from psycopg2 import Error
from werkzeug.exceptions import HTTPException, ServiceUnavailable

from odoo.http import Dispatcher, Response

from .channel import ChannelError, open_envelope
from .errors import is_without_postgres
from .quiet_log import log_without_secrets
from .runner import CallFailedError

_logger = logging.getLogger(__name__)


class GatewayDispatcher(Dispatcher):
    """Serves the internal channel: receives a signed body, returns results as JSON."""

    routing_type = "gateway"
    mimetypes = ("application/json",)

    def __init__(self, request):
        super().__init__(request)
        self.envelope = None
        # From here on, if the connection is lost, nobody can know whether the transaction was committed.
        self.may_have_written = False

    @classmethod
    def is_compatible_with(cls, request):
        return request.httprequest.mimetype in cls.mimetypes

    def authenticate(self):
        self.request.session.can_save = False
        try:
            self.envelope = open_envelope(self.request.httprequest, self.request.env.cr)
        except Error as exc:
            if not is_without_postgres(exc):
                raise
            raise ServiceUnavailable from exc  # Odoo turns anything that is not an HTTP error into an AccessDenied

    def dispatch(self, endpoint, args):
        self.request.params = dict(args)  # other modules use it after the dispatch
        with log_without_secrets(self.envelope.raw):
            response = _json_response(self.request.registry["ir.http"]._dispatch(endpoint))
        self.may_have_written = True
        return response

    def handle_error(self, exc):
        if isinstance(exc, CallFailedError):
            _quiet(exc)
            return _json_response(exc.body)
        if isinstance(exc, ChannelError):
            address = self.request.httprequest.remote_addr
            _logger.warning("%s from %s: %s", exc.reason, address, exc.description)
            return _json_response(_error(exc.reason, exc.description), 403)
        if isinstance(exc, ServiceUnavailable) or is_without_postgres(exc):
            _logger.warning(
                "Postgres ended the connection, or refuses connections: %s", str(exc.__cause__ or exc).strip()
            )
            _quiet(exc)
            outcome = "unknown" if self.may_have_written else "nothing_written"
            return _json_response(_error("database.unavailable", "Odoo cannot reach Postgres.", outcome=outcome), 503)
        if isinstance(exc, HTTPException):
            return _json_response(_error("channel.malformed", exc.description), exc.code)
        return _json_response(_error("odoo.error", "Odoo could not execute the request."), 500)


def _error(reason, message, **more):
    return json.dumps({"error": {"reason": reason, "message": message, **more}})


def _json_response(body, status=200):
    return Response(body, status=status, content_type="application/json; charset=utf-8")


def _quiet(exc):
    # Odoo logs every exception of a controller with a traceback. Exceptions that are worth logging are already in the
    # log.
    exc.loglevel = logging.DEBUG
    exc.exc_info = False
