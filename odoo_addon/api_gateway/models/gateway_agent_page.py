"""The data of the page Connect an Agent."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..tools.settings import settings

USER = "api_gateway.group_user"
SEEN_WITHIN = timedelta(hours=1)
MOST_KEYS = 100


class GatewayAgentPage(models.AbstractModel):
    _name = "gateway.agent.page"
    _description = "Connect an Agent"

    @api.model
    @api.readonly
    def state(self, key_id=None):
        """`{enabled, writes, administrator, url, served, database, keys, seen}`.

        `keys` are the user's own valid keys: `{id, name, prefix, scopes, shut_out, writes}`. `seen` is about one of
        them, in the last hour: `{at, tools: [{tool, requests, errors}]}`; `at` is a time in Odoo's form, in UTC, false
        if no agent called. Null without `key_id`, or if that is not one of the keys."""
        if not self.env.user.has_group(USER):
            raise AccessError(self.env._("Only users of the API Gateway may connect an agent."))
        values = settings(self.env.cr)
        keys = self._keys()
        chosen = keys.filtered(lambda key: key.id == key_id)
        return {
            "enabled": values["agent.enabled"],
            "writes": values["agent.writes"],
            "administrator": self.env.is_system(),
            "url": next(iter(self.env["gateway.stat"]._live_urls()), None),
            "served": bool(self.env["gateway.sidecar"]._alive(limit=1)),
            "database": self.env.cr.dbname,
            "keys": [
                {
                    "id": key.id,
                    "name": key.name,
                    "prefix": key.prefix,
                    "scopes": key.scopes,
                    "shut_out": self._profile_of(key).agent_access == "off",
                    "writes": self._profile_of(key).agent_writes or values["agent.writes"],
                }
                for key in keys
            ],
            "seen": self._seen(chosen) if chosen else None,
        }

    def _keys(self):
        now = fields.Datetime.now()
        living = [("user_id", "=", self.env.uid), "|", ("expires_at", "=", False), ("expires_at", ">", now)]
        return self.env["gateway.key"].search(living, limit=MOST_KEYS)

    def _profile_of(self, key):
        return key.sudo().profile_id or self.env.user.sudo().gateway_profile_id

    def _seen(self, key):
        now = fields.Datetime.now()
        span = (now - SEEN_WITHIN, now + timedelta(minutes=1))
        tools = self.env["gateway.stat"]._tools(span, [f"gateway_key:{key.id}"])
        return {
            "at": fields.Datetime.to_string(key.last_used_at) if tools and key.last_used_at else False,
            "tools": [
                {"tool": entry["value"], "requests": entry["requests"], "errors": entry["errors"]} for entry in tools
            ],
        }
