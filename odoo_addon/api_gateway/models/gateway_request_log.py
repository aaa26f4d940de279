import json

from odoo import api, fields, models

from ..tools.settings import setting


class GatewayRequestLog(models.Model):
    """One row per logged request, written by the sidecars after they have removed secrets."""

    _name = "gateway.request.log"
    _inherit = ["gateway.configuration"]
    _description = "API Request"
    _auto = False
    _log_access = False
    _order = "id desc"
    _rec_name = "request_id"
    _table_query = """
        select
          id, at, request_id, sidecar, consumer, credential, user_id, profile_id, address, user_agent, method, path,
          route, model, odoo_method, operation, status, (status / 100)::text as status_class, reason, message, level,
          cost, gateway_ms, auth_ms, throttle_ms, queue_ms, odoo_ms, orm_ms, shape_ms, sql_count, retries, bytes_in,
          bytes_out, request_headers, request_body, response_headers, response_body, traceback, way
        from gateway.request_log
    """

    at = fields.Datetime("Time", readonly=True)
    request_id = fields.Char("Request ID", readonly=True)
    sidecar = fields.Char(readonly=True)
    consumer = fields.Char(readonly=True, help="The key, client or login that called, as the dashboard names it.")
    credential = fields.Char(readonly=True)
    user_id = fields.Many2one("res.users", readonly=True)
    profile_id = fields.Many2one("gateway.profile", readonly=True)
    address = fields.Char("IP Address", readonly=True)
    user_agent = fields.Char(readonly=True)
    method = fields.Char(readonly=True)
    path = fields.Char(readonly=True)
    route = fields.Char("Endpoint", readonly=True)
    model = fields.Char(readonly=True)
    odoo_method = fields.Char(readonly=True)
    operation = fields.Selection(
        [("read", "Read"), ("write", "Write"), ("delete", "Delete"), ("call", "Method Call")], readonly=True
    )
    status = fields.Integer(readonly=True, aggregator=None)
    status_class = fields.Selection(
        [("1", "1xx"), ("2", "2xx Success"), ("3", "3xx"), ("4", "4xx Refused"), ("5", "5xx Failed")], readonly=True
    )
    reason = fields.Char(readonly=True)
    message = fields.Char(readonly=True)
    level = fields.Selection(
        [("errors", "Errors"), ("metadata", "Metadata"), ("payloads", "Payloads")], "Log Level", readonly=True
    )
    cost = fields.Integer("Operations", readonly=True)
    gateway_ms = fields.Float("Duration (ms)", readonly=True, aggregator="avg", digits=(12, 1))
    auth_ms = fields.Float("Authentication (ms)", readonly=True, aggregator="avg", digits=(12, 1))
    throttle_ms = fields.Float("Throttle (ms)", readonly=True, aggregator="avg", digits=(12, 1))
    queue_ms = fields.Float("Queue (ms)", readonly=True, aggregator="avg", digits=(12, 1))
    odoo_ms = fields.Float("Odoo (ms)", readonly=True, aggregator="avg", digits=(12, 1))
    orm_ms = fields.Float("ORM (ms)", readonly=True, aggregator="avg", digits=(12, 1))
    shape_ms = fields.Float("Shaping (ms)", readonly=True, aggregator="avg", digits=(12, 1))
    sql_count = fields.Integer("SQL Statements", readonly=True)
    way = fields.Char(
        "Read Path",
        readonly=True,
        help="compiled: with a statement that Odoo had compiled. odoo: through Odoo, with the reason.",
    )
    retries = fields.Integer(readonly=True)
    bytes_in = fields.Integer("Request (bytes)", readonly=True)
    bytes_out = fields.Integer("Response (bytes)", readonly=True)
    request_headers = fields.Json(readonly=True)
    request_body = fields.Text(readonly=True)
    response_headers = fields.Json(readonly=True)
    response_body = fields.Text(readonly=True)
    traceback = fields.Text(readonly=True)

    request_text = fields.Text("Request", compute="_compute_texts")
    response_text = fields.Text("Response", compute="_compute_texts")

    @api.depends("request_headers", "request_body", "response_headers", "response_body", "method", "path", "status")
    def _compute_texts(self):
        for record in self:
            record.request_text = _message(
                f"{record.method} {record.path}", record.request_headers, record.request_body
            )
            record.response_text = _message(f"HTTP {record.status}", record.response_headers, record.response_body)

    @api.depends("method", "path", "status")
    def _compute_display_name(self):
        for record in self:
            record.display_name = f"{record.method} {(record.path or '').partition('?')[0]} · {record.status}"

    @api.model
    def open_request(self, request_id):
        """The action that shows the row of a request. False if it is not there yet, or the caller may not see it."""
        found = self.search([("request_id", "=", request_id)], limit=1)
        if not found:
            return False
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": found.id,
            "views": [(False, "form")],
            "target": "new",
            "name": self.env._("Request %s", request_id),
        }

    def action_explain(self):
        """Shows a manager which rights would decide about such a request now."""
        self.ensure_one()
        return self.env["gateway.access.check"]._open_for_request(self)

    @api.model
    def _cron_clean(self):
        """Called by a cron: drops rows past their retention, and creates the partitions of the next days for the
        sidecars."""
        cr = self.env.cr
        progress = self.env["ir.cron"]._commit_progress
        cr.execute("select gateway.ensure_log_partitions()")
        cr.execute(
            "select day from gateway.log_partitions() where day < gateway.utc_now()::date - %s",
            (setting(cr, "log.retention_days"),),
        )
        days = cr.fetchall()
        progress(0)  # releases the locks of the statements above
        for (day,) in days:
            cr.execute("select gateway.drop_log_day(%s)", (day,))
            if not progress(1):
                return
        self.env["gateway.protocol.use"]._clean()
        self.env["gateway.use"]._clean()
        for statement in ("select gateway.roll_up()::integer", "select gateway.prune_figures()"):
            removed = True
            while removed:
                cr.execute(statement)
                [removed] = cr.fetchone()
                if not progress(1):
                    return


def _message(first_line, headers, body):
    """An HTTP message in readable form, with indented JSON."""
    if headers is None and body is None:
        return False
    lines = [first_line, *(f"{name}: {value}" for name, value in (headers or {}).items())]
    if body:
        lines += ["", _indented(body)]
    return "\n".join(lines)


def _indented(body):
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body
