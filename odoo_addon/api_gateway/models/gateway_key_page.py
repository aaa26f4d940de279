"""The data for the page API Access Keys."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain

from ..tools.settings import setting
from .gateway_credential import MANAGER, WARN_DAYS

USER = "api_gateway.group_user"
UNUSED_DAYS = 90
MOST_KEYS = 100
MOST_APPS = 100
APP_FIELDS = ["name", "source", "host", "user_id", "company_id", "scopes", "create_date", "expires_at", "last_used_at"]
KEY_FIELDS = [
    "name",
    "prefix",
    "user_id",
    "scopes",
    "environment_name",
    "create_date",
    "expires_at",
    "grace_ends_at",
    "last_used_at",
    "last_address",
    "use_count",
    "state",
]


class GatewayKeyPage(models.AbstractModel):
    _name = "gateway.key.page"
    _description = "API Access Keys"

    @api.model
    @api.readonly
    def keys(self, section="active", text="", everyone=False, offset=0, limit=20):
        """One page of keys, newest first: `{total, counts, keys}`.

        `section` is one of the names in `counts`. Without `everyone`, only the user's own keys are listed; with it, all
        that the user may see. Each key has KEY_FIELDS, `own`, and `renewable`: whether the user may get a new secret
        for it."""
        sections = self._sections()
        if section not in sections:
            raise ValidationError(self.env._("There is no section “%s”.", section))
        whose = Domain.TRUE if everyone else Domain("user_id", "=", self.env.uid)
        if text:
            text = str(text)
            whose &= (
                Domain("name", "ilike", text)
                | Domain("prefix", "=like", f"{text[:12]}%")
                | Domain("user_id", "ilike", text)
            )
        keys = self.env["gateway.key"].with_context(active_test=False)
        counts = {name: keys.search_count(whose & found) for name, found in sections.items()}
        page = keys.search(
            whose & sections[section], offset=max(0, int(offset)), limit=max(1, min(int(limit), MOST_KEYS))
        )
        is_system = self.env.is_system()
        read = page.read(KEY_FIELDS)
        for values in read:
            values["own"] = values["user_id"][0] == self.env.uid
            values["renewable"] = (values["own"] or is_system) and not values["environment_name"]
        return {"total": counts[section], "counts": counts, "keys": read}

    @api.model
    @api.readonly
    def apps(self, everyone=False):
        """The apps with access, newest first, MOST_APPS at most: those that the current user allowed, or with
        `everyone` all that the user may see. Each has APP_FIELDS."""
        living = Domain("revoked_at", "=", False) & Domain("expires_at", ">", fields.Datetime.now())
        whose = Domain.TRUE if everyone else Domain("user_id", "=", self.env.uid)
        return self.env["gateway.connected.app"].search_read(living & whose, APP_FIELDS, limit=MOST_APPS)

    def _sections(self):
        now = fields.Datetime.now()
        unused_since = now - timedelta(days=UNUSED_DAYS)
        living = Domain("active", "=", True) & (Domain("expires_at", "=", False) | Domain("expires_at", ">", now))
        return {
            "active": living,
            "expiring": living & Domain("expires_at", "<=", now + timedelta(days=WARN_DAYS[0])),
            "unused": living
            & Domain("create_date", "<", unused_since)
            & (Domain("last_used_at", "=", False) | Domain("last_used_at", "<", unused_since)),
            "ended": ~living,
            "all": Domain.TRUE,
        }

    @api.model
    @api.readonly
    def surroundings(self):
        """The facts needed to create and use a key: `{manager, url, served, database, longest_days, grace_hours,
        profiles: [{id, name}], example_model}`. `url` is the gateway's address for callers, null if unknown.
        `longest_days` is null if a key may live forever. Only managers get profiles."""
        self._check_is_user()
        is_manager = self.env.user.has_group(MANAGER)
        grace_hours = setting(self.env.cr, "key.grace_hours")
        profiles = self.env["gateway.profile"].search([("active", "=", True)]) if is_manager else []
        orders = self.env.get("sale.order")
        return {
            "manager": is_manager,
            "url": next(iter(self.env["gateway.stat"]._live_urls()), None),
            "served": bool(self.env["gateway.sidecar"]._alive(limit=1)),
            "database": self.env.cr.dbname,
            "longest_days": None if self.env.is_system() else self.env["gateway.key"]._longest_days(),
            "grace_hours": grace_hours,
            "profiles": [{"id": profile.id, "name": profile.name} for profile in profiles],
            "example_model": "sale.order" if orders is not None and orders.has_access("read") else "res.partner",
        }

    def _check_is_user(self):
        if not self.env.user.has_group(USER):
            raise AccessError(self.env._("Only users of the API Gateway have keys."))
