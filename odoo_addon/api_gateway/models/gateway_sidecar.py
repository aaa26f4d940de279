from odoo import api, fields, models


class GatewaySidecar(models.Model):
    """The heartbeats of the sidecars, as they write them."""

    _name = "gateway.sidecar"
    _inherit = ["gateway.configuration"]
    _description = "Sidecar"
    _auto = False
    _log_access = False
    _order = "state, name, id"
    _table_query = """
        select
          id, name, host, address, pid, version, schema_version, started_at, seen_at,
          extract(epoch from seen_at - started_at)::integer as uptime_s,
          case when seen_at > gateway.utc_now() - interval '10 seconds' then 'alive' else 'stale' end as state
        from gateway.sidecar
    """

    name = fields.Char(readonly=True)
    host = fields.Char(readonly=True)
    address = fields.Char(readonly=True, help="Where it listens.")
    pid = fields.Integer("Process", readonly=True, aggregator=None)
    version = fields.Char(readonly=True)
    schema_version = fields.Integer(readonly=True, aggregator=None)
    started_at = fields.Datetime("Started", readonly=True)
    seen_at = fields.Datetime("Last Seen", readonly=True)
    uptime_s = fields.Integer("Uptime (s)", readonly=True, aggregator=None)
    state = fields.Selection(
        [("alive", "Alive"), ("stale", "Stale")],
        readonly=True,
        help="Stale: no heartbeat for 10 seconds.",
    )

    @api.model
    def _cron_clean(self):
        """Called by a cron: what the channel and the heartbeats leave behind."""
        self.env.cr.execute("select gateway.tidy()")
