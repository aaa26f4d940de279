from datetime import datetime, timedelta

import pytz

from odoo import api, models
from odoo.exceptions import AccessError, ValidationError

from ..tools.settings import setting

LONGEST_RANGE = timedelta(days=366 * 5)
MOST_FAULTS = 1000
MOST_ROUTES = 500
TOOL_ROUTE = "/mcp "
STATUS_CLASSES = ("1", "2", "3", "4", "5")


class GatewayStat(models.AbstractModel):
    """Asks the figures (sql/009_figures.sql, docs/architecture.md) on behalf of a user of the web client.

    A manager sees all figures, a user those of their own keys, clients and logins.
    """

    _name = "gateway.stat"
    _description = "API Figures"

    @api.model
    @api.readonly
    def dashboard(self, since, until, consumer=None, status_class=None, zone=None):
        """Everything the dashboard draws. `since` and `until` are milliseconds since 1970."""
        span = self._span(since, until)
        who = self._who(consumer)
        zone = self._zone(zone)
        cr = self.env.cr
        cr.execute(
            "select gateway.stat_dashboard(%s, %s, %s, %s::smallint, %s)", (*span, who, self._class(status_class), zone)
        )
        [figures] = cr.fetchone()
        self._add_user_names(figures["consumers"])
        figures["ways"] = self._ways(figures["range"], who, self._class(status_class))
        figures["tools"] = self._tools(span, who, self._class(status_class))
        cr.execute(
            "select coalesce(sum(rows), 0)::bigint from gateway.request_log_dropped where at >= %s and at < %s", span
        )
        [figures["dropped"]] = cr.fetchone()
        return figures

    @api.model
    @api.readonly
    def faults(self, since, until, consumer=None, status_class=None, before=None, take=50):
        """The log's 4xx and 5xx, newest first; `before` is the id to continue from."""
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
        """The consumers so far that the user may see: `[{consumer, name, user_id, user_name, last_seen}]`."""
        self._check_group()
        found = self._consumers_of(None if self._is_manager() else self.env.uid)
        self._add_user_names(found)
        return found

    def _ways(self, span, who, status_class):
        """The ways of reads of records: `compiled`, or `odoo:` and a reason; most requests first."""
        self.env.cr.execute(
            "select gateway.stat_top(%s, %s, %s, %s::smallint, 'way', 20)",
            (*self._span(span["since"], span["until"]), who, status_class),
        )
        return self.env.cr.fetchone()[0]

    def _tools(self, span, who, status_class=None):
        """The tools that AI agents called, most used first, as `stat_top` gives them."""
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

    def _add_user_names(self, entries):
        users = (
            self.env["res.users"].sudo().browse({entry["user_id"] for entry in entries if entry["user_id"]}).exists()
        )
        names = {user.id: user.name for user in users}
        for entry in entries:
            entry["user_name"] = names.get(entry["user_id"])

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
