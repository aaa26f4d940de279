from odoo import api, models

from ..tools.settings import setting


class GatewayStatDashboard(models.AbstractModel):
    """The dashboard's data other than the figures of requests."""

    _inherit = "gateway.stat"

    @api.model
    @api.readonly
    def surroundings(self, since, until):
        """Sidecars, deliveries of webhooks and open alerts: `{manager, keys, url, logs, sidecars: {alive, stale},
        webhooks: {delivered, failed} | null, alerts: [{id, metric, name, text}]}`. Only managers see deliveries and
        alerts. `url` is the gateway's address for callers, null while no sidecar runs. `keys` is how many keys the
        user has. `logs` is the global log level."""
        self._check_group()
        sidecars = self.env["gateway.sidecar"].sudo()
        alive = sidecars.search_count([("state", "=", "alive")])
        stale = sidecars.search_count([("state", "=", "stale")])
        return {
            "manager": self._is_manager(),
            "keys": self.env["gateway.key"].search_count(
                [("user_id", "=", self.env.uid), ("prefix", "!=", False), ("is_speed_test", "=", False)]
            ),
            "url": next(iter(self._live_urls()), None),
            "logs": setting(self.env.cr, "log.level"),
            "sidecars": {"alive": alive, "stale": stale},
            "webhooks": self._webhooks(since, until) if self._is_manager() else None,
            "alerts": self.env["gateway.alert"]._shown() if self._is_manager() else [],
        }

    def _webhooks(self, since, until):
        self.env.cr.execute(
            """
            select
              count(*) filter (where error is null and status between 200 and 299),
              count(*) filter (where error is not null or status is null or status not between 200 and 299)
            from gateway.webhook_attempt where started_at >= %s and started_at < %s
            """,
            self._span(since, until),
        )
        delivered, failed = self.env.cr.fetchone()
        return {"delivered": delivered, "failed": failed}

    def _live_urls(self):
        """Addresses at which a browser may reach a sidecar: the one in the settings, or those of the living
        sidecars."""
        configured = setting(self.env.cr, "sidecar.url")
        if configured:
            return [configured.rstrip("/")]
        return self.env["gateway.sidecar"]._alive(limit=10).mapped("address")
