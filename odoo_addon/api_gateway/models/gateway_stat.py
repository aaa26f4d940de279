from datetime import datetime, timedelta

import pytz

from odoo import api, models
from odoo.exceptions import AccessError, ValidationError

from ..tools.settings import setting

LONGEST_RANGE = timedelta(days=366 * 5)
MOST_FAULTS = 1000
# The newest rows of the log are enough to show which part takes the time. The log has no index on its time, so at most
# MOST_READ rows of the range's days are read to find them.
MOST_TIMED = 20_000
MOST_READ = 50_000
MOST_ROUTES = 500
TOOL_ROUTE = "/mcp "
# Lengths of ranges that the dashboard offers, in hours.
RANGES = {"15m": 0.25, "1h": 1, "24h": 24, "7d": 7 * 24, "30d": 30 * 24, "1y": 365 * 24}
STATUS_CLASSES = ("1", "2", "3", "4", "5")


class GatewayStat(models.AbstractModel):
    """Queries the figures (sql/009_figures.sql, docs/architecture.md) for a user of the web client. Managers see all
    figures, users those of their own keys, clients and logins.
    """

    _name = "gateway.stat"
    _description = "API Figures"

    @api.model
    @api.readonly
    def dashboard(self, since, until, consumer=None, status_class=None, zone=None, compare=False):
        """All figures that the dashboard draws. `since` and `until` are milliseconds since 1970. With `compare`, they
        include the series of the previous period (`before`)."""
        span = self._span(since, until)
        who = self._who(consumer)
        zone = self._zone(zone)
        cr = self.env.cr
        cr.execute(
            "select gateway.stat_dashboard(%s, %s, %s, %s::smallint, %s)", (*span, who, self._class(status_class), zone)
        )
        [figures] = cr.fetchone()
        self._name_consumers(figures["consumers"])
        self._add_causes(figures["reasons"])
        figures["ways"] = self._ways(figures["range"], who, self._class(status_class))
        figures["parts"] = self._parts(figures["range"], who, self._class(status_class))
        figures["tools"] = self._tools(span, who, self._class(status_class))
        cr.execute(
            "select coalesce(sum(rows), 0)::bigint from gateway.request_log_dropped where at >= %s and at < %s", span
        )
        [figures["dropped"]] = cr.fetchone()
        shown = self._span(figures["range"]["since"], figures["range"]["until"])
        figures["events"] = self._events(shown, consumer)
        figures["before"] = None
        if compare:
            cr.execute(
                "select gateway.stat_series(%s, %s, %s, %s::smallint, %s, %s)",
                (
                    shown[0] - (shown[1] - shown[0]),
                    shown[0],
                    who,
                    self._class(status_class),
                    figures["range"]["step"],
                    zone,
                ),
            )
            [figures["before"]] = cr.fetchone()
        return figures

    @api.model
    @api.readonly
    def faults(self, since, until, consumer=None, status_class=None, before=None, take=50):
        """The logged requests with a status of 4xx or 5xx, newest first; `before` is the id to continue from."""
        self._check_group()
        owner = None if self._is_manager() else self.env.uid
        who = [str(consumer)] if consumer else None
        self.env.cr.execute(
            "select gateway.stat_faults(%s, %s, %s, %s::smallint, %s, %s, %s)",
            (*self._span(since, until), who, self._class(status_class), before and int(before), _take(take), owner),
        )
        return self.env.cr.fetchone()[0]

    @api.model
    @api.readonly
    def consumers(self):
        """All consumers that the user may see: `[{consumer, name, user_id, user_name, last_seen}]`."""
        self._check_group()
        found = self._consumers_of(None if self._is_manager() else self.env.uid)
        self._name_consumers(found)
        return found

    @api.model
    @api.readonly
    def first_range(self):
        """The entry of `RANGES` to show on a first visit: the shortest range with all of the last day's figures,
        otherwise the shortest that includes the newest figures."""
        who = self._who(None)
        self.env.cr.execute(
            """
            select extract(epoch from gateway.utc_now() - max(last_seen)) / 3600 as newest,
                extract(epoch from gateway.utc_now() - min(first_seen)) / 3600 as oldest
            from gateway.consumer where %(who)s::text[] is null or consumer = any (%(who)s)
            """,
            {"who": who},
        )
        newest, oldest = self.env.cr.fetchone()
        if newest is None:
            return "24h"
        back_to = max(newest, min(oldest, 24))
        return next((name for name, hours in RANGES.items() if back_to <= hours), "1y")

    def _add_causes(self, reasons):
        """Adds to each reason the kind of refusal that the dashboard shows (one of four), or None for any other
        failure."""
        self.env.cr.execute(
            "select reason, gateway.refusal(reason) from unnest(%s::text[]) reason",
            ([entry["value"] for entry in reasons],),
        )
        causes = dict(self.env.cr.fetchall())
        for entry in reasons:
            entry["cause"] = causes[entry["value"]]

    def _ways(self, span, who, status_class):
        """How reads of records were answered: `compiled`, or `odoo:` and a reason; most requests first."""
        self.env.cr.execute(
            "select gateway.stat_top(%s, %s, %s, %s::smallint, 'way', 20)",
            (*self._span(span["since"], span["until"]), who, status_class),
        )
        return self.env.cr.fetchone()[0]

    def _parts(self, span, who, status_class):
        """How the newest `MOST_TIMED` logged requests in the range spent their time: averages in milliseconds by step,
        `[{at, requests, auth, throttle, queue, odoo, orm, shape, rest}]`. `odoo` is without the ORM; `rest` includes
        the SQL of compiled reads."""
        since, until = self._span(span["since"], span["until"])
        self.env.cr.execute(
            """
            select (floor(extract(epoch from at) / %(step)s) * %(step)s * 1000)::bigint as at, count(*) as requests,
                avg(auth) as auth, avg(throttle) as throttle, avg(queue) as queue,
                avg(greatest(odoo - orm, 0)) as odoo, avg(orm) as orm, avg(shape) as shape,
                avg(greatest(gateway_ms - auth - throttle - queue - greatest(odoo, orm) - shape, 0)) as rest
            from (
                select * from (
                    select at, consumer, status, gateway_ms, coalesce(auth_ms, 0) as auth,
                        coalesce(throttle_ms, 0) as throttle, coalesce(queue_ms, 0) as queue,
                        coalesce(odoo_ms, 0) as odoo, coalesce(orm_ms, 0) as orm, coalesce(shape_ms, 0) as shape
                    from gateway.request_log
                    where at >= date_trunc('day', %(since)s) and at < date_trunc('day', %(until)s) + interval '1 day'
                    order by id desc limit %(read)s
                ) read
                where at >= %(since)s and at < %(until)s limit %(timed)s
            ) newest
            where (%(who)s::text[] is null or consumer = any (%(who)s))
                and (%(class)s::smallint is null or status / 100 = %(class)s)
            group by 1 order by 1
            """,
            {
                "since": since,
                "until": until,
                "step": span["step"],
                "read": MOST_READ,
                "timed": MOST_TIMED,
                "who": who,
                "class": status_class,
            },
        )
        return self.env.cr.dictfetchall()

    def _tools(self, span, who, status_class=None):
        """The tools that AI agents called, most used first, as `stat_top` returns them."""
        if not setting(self.env.cr, "agent.enabled"):
            return []
        self.env.cr.execute(
            "select gateway.stat_top(%s, %s, %s, %s::smallint, 'route', %s)", (*span, who, status_class, MOST_ROUTES)
        )
        [routes] = self.env.cr.fetchone()
        return [
            {**entry, "value": entry["value"].removeprefix(TOOL_ROUTE)}
            for entry in routes
            if entry["value"].startswith(TOOL_ROUTE)
        ]

    def _who(self, consumer):
        """The consumers whose figures are requested; None for all."""
        self._check_group()
        if self._is_manager():
            return [str(consumer)] if consumer else None
        own = [entry["consumer"] for entry in self._consumers_of(self.env.uid)]
        return own if not consumer else [name for name in own if name == consumer]

    def _consumers_of(self, user_id):
        self.env.cr.execute("select gateway.stat_consumers(%s)", (user_id,))
        return self.env.cr.fetchone()[0]

    def _check_group(self):
        if not self.env.user.has_group("api_gateway.group_user"):
            raise AccessError(self.env._("Only users of the API Gateway may see its figures."))

    def _is_manager(self):
        return self.env.user.has_group("api_gateway.group_manager")

    def _name_consumers(self, entries):
        """Adds to each entry a readable `name`, made unique among equal names, and `user_name`."""
        users = (
            self.env["res.users"].sudo().browse({entry["user_id"] for entry in entries if entry["user_id"]}).exists()
        )
        names = {user.id: user.name for user in users}
        for entry in entries:
            consumer = entry.get("consumer") or entry["value"]
            kind, _, number = consumer.partition(":")
            entry["user_name"] = names.get(entry["user_id"])
            if kind == "none":
                entry["name"] = self.env._("No credential")
            elif entry["name"] in (None, "", consumer):
                entry["name"] = self._nameless(kind, number)
        twins = self._twins([entry.get("consumer") or entry["value"] for entry in entries])
        for entry in entries:
            consumer = entry.get("consumer") or entry["value"]
            if consumer in twins:
                number = consumer.partition(":")[2]
                entry["name"] = self.env._("%(name)s (no. %(number)s)", name=entry["name"], number=number)

    def _twins(self, consumers):
        """The consumers that share their name and user with any other consumer, even one that is not in the list."""
        self.env.cr.execute(
            """
            select c.consumer from gateway.consumer c
            where c.consumer = any (%s) and exists (
                select from gateway.consumer o
                where o.consumer <> c.consumer and o.name = c.name and o.user_id is not distinct from c.user_id)
            """,
            (consumers,),
        )
        return {consumer for (consumer,) in self.env.cr.fetchall()}

    def _nameless(self, kind, number):
        """A name for a consumer whose own name was deleted with its last figures."""
        if kind == "odoo_key":
            return self.env._("Odoo API key no. %s", number)
        if kind == "gateway_key":
            return self.env._("Gateway key no. %s", number)
        if kind == "client":
            return self.env._("Client no. %s", number)
        return self.env._("Caller no. %s", number)

    def _zone(self, zone):
        zone = zone or self.env.user.tz or "UTC"
        if zone not in pytz.all_timezones_set:
            raise ValidationError(self.env._("There is no time zone “%s”.", zone))
        return zone

    def _span(self, since, until):
        try:
            span = [datetime.fromtimestamp(int(ms) / 1000, pytz.utc).replace(tzinfo=None) for ms in (since, until)]
        except (OverflowError, OSError, TypeError, ValueError):
            span = []
        if not span or not timedelta(0) < span[1] - span[0] <= LONGEST_RANGE:
            raise ValidationError(
                self.env._("The range must be in milliseconds since 1970 and at most five years long.")
            )
        return span

    def _class(self, status_class):
        if status_class in (None, False, ""):
            return None
        if str(status_class) not in STATUS_CLASSES:
            raise ValidationError(self.env._("There is no status class “%s”.", status_class))
        return int(status_class)


def _take(take):
    return max(1, min(int(take), MOST_FAULTS))
