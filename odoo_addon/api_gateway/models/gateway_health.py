"""The health of each part that a request passes through. All data comes from Postgres; no other part is called."""

import time

from odoo import api, models
from odoo.tools import SQL

MINUTES = 5
MOST_CONNECTIONS = 0.8
LONGEST_TRANSACTION_S = 15 * 60
LATE_EVENT_S = 5 * 60
LAG_S = 30


class GatewayHealth(models.AbstractModel):
    _name = "gateway.health"
    _description = "Health of the API Gateway"

    @api.model
    @api.readonly
    def parts(self):
        """For managers: `[{part, name, state, text, todo}]`; state is `ok`, `warning`, `danger` or `off`, todo is null
        unless there is something to do. Other users get an empty list."""
        if not self.env.user.has_group("api_gateway.group_manager"):
            return []
        return [
            self._health_of_sidecars(),
            *self._health_of_odoo(),
            self._health_of_postgres(),
            self._health_of_webhooks(),
            self._health_of_replica(),
        ]

    def _health_of_sidecars(self):
        sidecars = self.env["gateway.sidecar"]
        alive, silent = (sidecars.search_count([("state", "=", state)]) for state in ("alive", "stale"))
        text = self.env._("%(alive)s alive, %(silent)s without a heartbeat.", alive=alive, silent=silent)
        if not alive:
            todo = self.env._("Callers get no answers. Start a sidecar; its log says why it stopped.")
            return _part("sidecars", self.env._("Sidecars"), "danger", text, todo)
        todo = self.env._(
            "Read the log of the silent sidecar, and start it again. After a day of silence, it is no longer listed."
        )
        return _part("sidecars", self.env._("Sidecars"), *(("warning", text, todo) if silent else ("ok", text)))

    def _health_of_odoo(self):
        """The state of Odoo and of the queue in front of it, judging by the answers to recent requests."""
        found = dict(
            self.env.execute_query(
                SQL(
                    """
                    select value, sum(requests)::bigint from gateway.request_stat_minute
                    where step = 'minute' and consumer = '*' and facet = 'reason'
                      and at > gateway.utc_now() - %s * interval '1 min'
                      and value in ('odoo.unavailable', 'odoo.timeout', 'odoo.overloaded')
                    group by value
                    """,
                    MINUTES,
                )
            )
        )
        lost, late, full = (found.get(f"odoo.{reason}", 0) for reason in ("unavailable", "timeout", "overloaded"))
        name = self.env._("Odoo")
        if lost:
            text = self.env._(
                "Requests of the last %(minutes)s minutes that did not reach Odoo: %(count)s.",
                count=lost,
                minutes=MINUTES,
            )
            todo = self.env._("Check that Odoo is running, and check GATEWAY_ODOO_URL on the sidecar's host.")
            odoo = _part("odoo", name, "danger", text, todo)
        elif late:
            text = self.env._(
                "Requests of the last %(minutes)s minutes that took too long: %(count)s.", count=late, minutes=MINUTES
            )
            todo = self.env._(
                "Sort the log by time in Odoo. The slowest callers should request fewer fields or records."
            )
            odoo = _part("odoo", name, "warning", text, todo)
        else:
            odoo = _part("odoo", name, "ok", self.env._("Every request of the last %s minutes reached Odoo.", MINUTES))
        name = self.env._("Queue")
        if full:
            text = self.env._(
                "Requests of the last %(minutes)s minutes that found the queue full: %(count)s.",
                count=full,
                minutes=MINUTES,
            )
            todo = self.env._("Give Odoo more workers, or limit the busiest caller with a profile.")
            return odoo, _part("queue", name, "danger", text, todo)
        return odoo, _part(
            "queue", name, "ok", self.env._("No request of the last %s minutes was turned away.", MINUTES)
        )

    def _health_of_postgres(self):
        started = time.monotonic()
        [[used, most, oldest_s]] = self.env.execute_query(
            SQL(
                """
                select (select sum(numbackends) from pg_stat_database), current_setting('max_connections')::integer,
                  (select extract(epoch from max(clock_timestamp() - xact_start)) from pg_stat_activity
                   where datname = current_database() and backend_type = 'client backend')
                """
            )
        )
        name, oldest_s = self.env._("Postgres"), oldest_s or 0
        text = self.env._(
            "Answers in %(ms)s ms; %(used)s of %(most)s connections are in use.",
            ms=f"{(time.monotonic() - started) * 1000:.1f}",
            used=used,
            most=most,
        )
        if used > most * MOST_CONNECTIONS:
            todo = self.env._("Raise max_connections, or run fewer workers of Odoo and smaller pools.")
            return _part("postgres", name, "warning", text, todo)
        if oldest_s > LONGEST_TRANSACTION_S:
            todo = self.env._(
                "A transaction has been open for %s minutes, and keeps old rows alive. Find it in pg_stat_activity.",
                int(oldest_s // 60),
            )
            return _part("postgres", name, "warning", text, todo)
        return _part("postgres", name, "ok", text)

    def _health_of_webhooks(self):
        [[waiting, late, dead]] = self.env.execute_query(
            SQL(
                """
                select count(*) filter (where state = 'queued'),
                  count(*) filter (
                    where state = 'queued' and attempts = 0 and created_at < gateway.utc_now() - %s * interval '1 s'),
                  count(*) filter (where state = 'dead' and finished_at > gateway.utc_now() - interval '1 day')
                from (
                  select state, attempts, created_at, finished_at from gateway.webhook_job
                  where state = 'queued' and event <> 'test'
                  union all
                  select state, attempts, created_at, finished_at from gateway.webhook_job where state = 'dead'
                ) job
                """,
                LATE_EVENT_S,
            )
        )
        webhooks = self.env["gateway.webhook"].search([("active", "=", True)])
        bad = webhooks.filtered(lambda webhook: webhook.health in ("failing", "paused", "ownerless"))
        name = self.env._("Webhooks")
        if not webhooks:
            return _part("webhooks", name, "off", self.env._("There are no webhooks."))
        text = self.env._(
            "Waiting events: %(waiting)s. New dead letters in 24 hours: %(dead)s.", waiting=waiting, dead=dead
        )
        if bad:
            todo = self.env._("Open %s: the page shows what the receiver answered.", ", ".join(bad[:3].mapped("name")))
            return _part("webhooks", name, "warning", text, todo)
        if dead or late:
            todo = self.env._("Open Webhooks, Jobs. Redeliver dead letters when the receiver works again.")
            return _part("webhooks", name, "warning", text, todo)
        return _part("webhooks", name, "ok", text)

    def _health_of_replica(self):
        """Standbys of this Postgres. Their lag is null without the right to see it (`pg_monitor`)."""
        [[count, is_seen, lag_s]] = self.env.execute_query(
            SQL(
                """
                select count(*), bool_and(state is not null), extract(epoch from max(replay_lag))
                from pg_stat_replication
                """
            )
        )
        name = self.env._("Replica")
        if not count:
            return _part("replica", name, "off", self.env._("None. Compiled reads go to the same Postgres."))
        if not is_seen:
            text = self.env._("Connected: %s. Their lag is not visible, because Odoo's role lacks pg_monitor.", count)
            return _part("replica", name, "ok", text)
        text = self.env._("%(count)s connected, %(lag)s s behind.", count=count, lag=f"{lag_s or 0:.1f}")
        if (lag_s or 0) > LAG_S:
            todo = self.env._(
                "Look for long queries on the replica. Reads that the replica cannot answer yet go through Odoo."
            )
            return _part("replica", name, "warning", text, todo)
        return _part("replica", name, "ok", text)


def _part(part, name, state, text, todo=None):
    return {"part": part, "name": name, "state": state, "text": text, "todo": todo}
