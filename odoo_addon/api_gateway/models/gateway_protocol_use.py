import shlex

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.rest_equivalents import rest_equivalent

# If the model or the method of a call does not exist, its row has neither. Nor do rows of clients that were counted
# together ("*").
QUERY = """
    select
      min(u.id) as id, u.source, u.protocol, u.consumer, coalesce(max(c.name), '') as credential,
      nullif(max(u.user_id), 0) as user_id, coalesce(nullif(u.client, ''), %(no_client)s) as client, u.model,
      coalesce(nullif(u.method, ''), case when u.client = '*' then %(several)s else %(unknown)s end) as method,
      sum(u.requests)::bigint as requests,
      coalesce(sum(u.requests) filter (where u.day > gateway.utc_now()::date - 30), 0)::bigint as requests_30,
      sum(u.failed)::bigint as failed, min(u.day) as first_day, max(u.last_at) as last_at
    from gateway.protocol_use u
    left join gateway.consumer c on c.consumer = u.consumer
    group by u.source, u.protocol, u.consumer, u.client, u.model, u.method
"""


class GatewayProtocolUse(models.Model):
    """A kind of call that a client still makes over one of Odoo's own protocols. Counted by sidecars, and by
    `tools/direct_calls.py`."""

    _name = "gateway.protocol.use"
    _inherit = ["gateway.configuration"]
    _description = "Legacy API Calls"
    _auto = False
    _log_access = False
    _order = "requests_30 desc, requests desc, id"
    _rec_name = "method"

    @property
    def _table_query(self):
        return SQL(
            QUERY,
            no_client=self.env._("(no User-Agent)"),
            several=self.env._("(several)"),
            unknown=self.env._("(does not exist)"),
        )

    source = fields.Selection([("gateway", "Gateway"), ("odoo", "Odoo directly")], "Sent to", readonly=True)
    protocol = fields.Selection(
        [("xmlrpc", "XML-RPC 1"), ("xmlrpc.2", "XML-RPC 2"), ("jsonrpc", "JSON-RPC"), ("json2", "JSON-2")],
        readonly=True,
    )
    consumer = fields.Char(readonly=True, help="The key or login that calls, as the dashboard names it.")
    credential = fields.Char("Key", readonly=True)
    user_id = fields.Many2one("res.users", readonly=True)
    client = fields.Char(readonly=True, help="The client's User-Agent.")
    model = fields.Char(readonly=True)
    method = fields.Char(readonly=True)
    requests = fields.Integer("Calls in 90 Days", readonly=True, aggregator="sum")
    requests_30 = fields.Integer("Calls in 30 Days", readonly=True, aggregator="sum")
    failed = fields.Integer("Failed in 90 Days", readonly=True, aggregator="sum")
    first_day = fields.Date(readonly=True)
    last_at = fields.Datetime("Last Call", readonly=True, aggregator="max")
    rest = fields.Text("In REST", compute="_compute_rest")

    @api.depends("model", "method")
    def _compute_rest(self):
        url = next(iter(self.env["gateway.stat"]._live_urls()), "https://gateway.example.com")
        for record in self:
            if not record.model and record.method != "login":
                record.rest = False
                continue
            method = getattr(self.env.registry.get(record.model), record.method or "", None)
            is_of_model = getattr(method, "_api_model", False)
            record.rest = _curl(url, *rest_equivalent(record.model, record.method, is_of_model))

    @api.model
    def _clean(self):
        """Deletes counts of more than 90 days ago: they say little about which clients still have to migrate."""
        self.env.cr.execute("delete from gateway.protocol_use where day <= gateway.utc_now()::date - 90")


def _curl(url, verb, path, body):
    lines = [f"curl -X {verb} {shlex.quote(url + path)}", "-H 'Authorization: Bearer YOUR_KEY'"]
    if body is not None:
        lines += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(body)}"]
    return " \\\n  ".join(lines)
