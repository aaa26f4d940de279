from odoo import api, models

from ..tools.settings import setting

MOST_EVENTS = 200
CREDENTIALS = {"gateway_key": "gateway.key", "client": "gateway.client"}


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

    def _events(self, span, consumer=None):
        """The changes in a range, oldest first, at most `MOST_EVENTS`: `[{at, kind, name}]`, with the kinds of
        sql/039_events.sql. Managers get all, users the upgrades and their own credentials; with a consumer, other
        credentials are left out."""
        models = {kind: self.env[model].with_context(active_test=False) for kind, model in CREDENTIALS.items()}
        credentials = {kind: model for kind, model in models.items() if model.has_access("read")}
        own = None
        if not self._is_manager():
            own = [f"{kind}:{record.id}" for kind, model in credentials.items() for record in model.search([])]
        self.env.cr.execute(
            """
            select * from (
                select id, gateway.ms(at) as at, kind, subject from gateway.event
                where at >= %(since)s and at < %(until)s
                    and (kind = 'upgraded' or %(own)s::text[] is null or subject = any (%(own)s))
                    and (kind in ('upgraded', 'started', 'setting') or %(consumer)s::text is null
                        or subject = %(consumer)s)
                order by at desc, id desc limit %(most)s
            ) newest order by at, id
            """,
            {
                "since": span[0],
                "until": span[1],
                "own": own,
                "consumer": consumer and str(consumer),
                "most": MOST_EVENTS,
            },
        )
        events = self.env.cr.dictfetchall()
        names = self._event_names(events, credentials)
        return [
            {"at": event["at"], "kind": event["kind"], "name": names[event["subject"]]}
            for event in events
            if event["subject"] in names
        ]

    def _event_names(self, events, credentials):
        """`{subject: name}` in the user's language, without credentials that are gone or hidden from the user."""
        names = {event["subject"]: event["subject"] for event in events if event["kind"] in ("upgraded", "started")}
        form = self.env["res.config.settings"]
        labels = {setting: field for field, setting in form._gateway_fields().items()}
        for event in events:
            if event["kind"] == "setting":
                field = labels.get(event["subject"])
                names[event["subject"]] = field._description_string(self.env) if field else event["subject"]
        subjects = {event["subject"].partition(":")[::2] for event in events if event["subject"] not in names}
        for kind, model in credentials.items():
            ids = [int(number) for subject_kind, number in subjects if subject_kind == kind]
            for record in model.search([("id", "in", ids)]):
                names[f"{kind}:{record.id}"] = record.name
        return names

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
        """Addresses at which a browser may reach a sidecar: the one in the settings, or those of the live
        sidecars."""
        configured = setting(self.env.cr, "sidecar.url")
        if configured:
            return [configured.rstrip("/")]
        return self.env["gateway.sidecar"]._alive(limit=10).mapped("address")
