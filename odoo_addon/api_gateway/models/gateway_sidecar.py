from odoo import api, fields, models
from odoo.tools import SQL

# A sidecar writes its heartbeat every 2 seconds. Without a heartbeat for this long, a sidecar is stale, and browsers no
# longer get its address.
ALIVE_S = 10
# If no sidecar has sent a heartbeat for this long, Odoo does the sidecars' work. A restart takes less time than this.
GONE_S = 60


class GatewaySidecar(models.Model):
    """The sidecars' heartbeats, written by the sidecars themselves."""

    _name = "gateway.sidecar"
    _inherit = ["gateway.configuration"]
    _description = "Sidecar"
    _auto = False
    _log_access = False
    _order = "state, name, id"
    _table_query = SQL(
        """
        select
          id, name, host, address, pid, version, schema_version, started_at, seen_at,
          extract(epoch from seen_at - started_at)::integer as uptime_s,
          case when seen_at > gateway.utc_now() - make_interval(secs => %s) then 'alive' else 'stale' end as state
        from gateway.sidecar
        """,
        ALIVE_S,
    )

    name = fields.Char(readonly=True)
    host = fields.Char(readonly=True)
    address = fields.Char(readonly=True, help="The address on which the sidecar listens.")
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
    def _alive(self, limit=None):
        """The live sidecars, sorted by address. Uses sudo, because any user's code may call this."""
        return self.sudo().search([("state", "=", "alive")], order="address, id", limit=limit)

    @api.model
    def _all_gone(self):
        """Whether no sidecar has sent a heartbeat for `GONE_S`: a stale one may only be restarting."""
        self.env.cr.execute(
            """
            select not exists (
              select from gateway.sidecar where seen_at > gateway.utc_now() - make_interval(secs => %s)
            )
            """,
            (GONE_S,),
        )
        return self.env.cr.fetchone()[0]

    @api.model
    def _cron_clean(self):
        """Called by a cron. Deletes old rows, such as nonces, heartbeats, idempotency keys and events."""
        self.env.cr.execute("select gateway.tidy(), gateway.prune_read_signals()")
