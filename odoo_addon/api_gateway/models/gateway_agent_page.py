"""The data for the page Connect an Agent."""

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
    def state(self, key_id=None, apps=False):
        """`{enabled, writes, administrator, url, served, database, keys, allowed_apps, apps, seen}`.

        `keys` are the user's own valid keys: `{id, name, prefix, scopes, shut_out, writes}`; `shut_out` means that the
        key's profile does not allow agents. `allowed_apps` is the setting `oauth.apps`. `apps` are the apps that a
        manager has registered: `{id, name, client_id}`.

        `seen` is the use in the last hour: `{at, tools: [{tool, requests, errors}]}`. It covers the key `key_id` or,
        with `apps`, all apps that the user has allowed. `at` is a time in Odoo's format, in UTC; false if no agent
        called. `seen` is null if neither is requested, or if the key belongs to another user."""
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
            "allowed_apps": values["oauth.apps"],
            "apps": self.env["gateway.app"].sudo().search([], limit=MOST_KEYS).read(["name", "client_id"]),
            "seen": self._seen(self._allowed() if apps else chosen) if apps or chosen else None,
        }

    def _allowed(self):
        """The apps that the user has allowed."""
        living = [
            ("user_id", "=", self.env.uid),
            ("revoked_at", "=", False),
            ("expires_at", ">", fields.Datetime.now()),
        ]
        return self.env["gateway.connected.app"].search(living, limit=MOST_KEYS)

    def _keys(self):
        now = fields.Datetime.now()
        living = [("user_id", "=", self.env.uid), "|", ("expires_at", "=", False), ("expires_at", ">", now)]
        return self.env["gateway.key"].search(living, limit=MOST_KEYS)

    def _profile_of(self, key):
        return key.sudo().profile_id or self.env.user.sudo().gateway_profile_id

    def _seen(self, credentials):
        now = fields.Datetime.now()
        span = (now - SEEN_WITHIN, now + timedelta(minutes=1))
        kind = "app" if credentials._name == "gateway.connected.app" else "gateway_key"
        tools = self.env["gateway.stat"]._tools(span, [f"{kind}:{credential.id}" for credential in credentials])
        used = [credential.last_used_at for credential in credentials if credential.last_used_at]
        return {
            "at": fields.Datetime.to_string(max(used)) if tools and used else False,
            "tools": [
                {"tool": entry["value"], "requests": entry["requests"], "errors": entry["errors"]} for entry in tools
            ],
        }
