"""The rules for a caller: limits, addresses, scopes, models and log level."""

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError

from ..tools.asker import askers, have_group
from ..tools.narrowing import check_ip_list, check_model_names, check_scopes
from ..tools.widening import Narrowing


class GatewayProfile(models.Model):
    _name = "gateway.profile"
    _inherit = ["gateway.configuration", "mail.thread"]
    _description = "API Profile"
    _order = "name, id"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(
        default=True,
        help="An archived profile is no longer offered, but still applies where it is set.",
    )
    minute_limit = fields.Integer("Requests per Minute", tracking=True, help="Empty: no limit in this window.")
    hour_limit = fields.Integer("Requests per Hour", tracking=True, help="Empty: no limit in this window.")
    day_limit = fields.Integer("Requests per Day", tracking=True, help="Empty: no limit in this window.")
    subject = fields.Selection(
        [
            ("user", "User: shared by all credentials"),
            ("key", "Credential: each key and client separately"),
            ("client", "Client: each OAuth2 client separately, shared by keys"),
        ],
        "Limits Count per",
        required=True,
        default="user",
        tracking=True,
    )
    max_concurrency = fields.Integer(
        "Requests at a Time",
        tracking=True,
        help="The number of requests that may run at once. Empty: no limit of its own.",
    )
    ip_list = fields.Text(
        "Allowed Addresses",
        tracking=True,
        help="One address or CIDR network per line, IPv4 or IPv6. Empty: any.",
    )
    log_level = fields.Selection(
        [("errors", "Errors"), ("metadata", "Metadata"), ("payloads", "Payloads")],
        help="Empty: as in the settings.",
        tracking=True,
    )
    model_names = fields.Text(
        "Models",
        tracking=True,
        help="Technical names such as res.partner, one per line. Empty: all reachable models.",
    )
    scopes = fields.Char(
        tracking=True,
        help="Separated by spaces: read, write, delete, call, or narrowed such as res.partner:read and products_read. "
        "Empty: all.",
    )
    agent_access = fields.Selection(
        [("allowed", "Allowed"), ("off", "Off")],
        "AI Agents",
        tracking=True,
        help="Empty: allowed, if the settings turn agents on.",
    )
    agent_writes = fields.Selection(
        [("allowed", "At once"), ("ask", "After a person has agreed to the changes"), ("never", "Never")],
        "Agents Change Data",
        tracking=True,
        help="When an AI agent may create, change and delete records or call methods. Empty: as in the settings.",
    )
    user_ids = fields.Many2many(
        "res.users",
        string="Users",
        compute="_compute_user_ids",
        inverse="_inverse_user_ids",
        context={"active_test": False},
        help="All credentials of these users have this profile, unless they have their own.",
    )
    key_ids = fields.One2many("gateway.key", "profile_id", "API Keys")
    client_ids = fields.One2many("gateway.client", "profile_id", "OAuth2 Clients")
    user_count = fields.Integer(compute="_compute_user_count")
    key_count = fields.Integer(compute="_compute_credential_counts")
    client_count = fields.Integer(compute="_compute_credential_counts")

    _limits_not_negative = models.Constraint(
        "CHECK (minute_limit >= 0 AND hour_limit >= 0 AND day_limit >= 0 AND max_concurrency >= 0)",
        "A limit must be 0 (no limit) or more.",
    )

    def _compute_user_ids(self):
        users = (
            self.env["res.users"]
            .sudo()
            .with_context(active_test=False)
            .search([("gateway_profile_id", "in", self.ids)])
        )
        for profile in self:
            profile.user_ids = users.filtered(lambda user, profile=profile: user.gateway_profile_id == profile)

    def _compute_user_count(self):
        counts = dict(
            self.env["res.users"]
            .sudo()
            .with_context(active_test=False)
            ._read_group([("gateway_profile_id", "in", self.ids)], ["gateway_profile_id"], ["__count"])
        )
        for profile in self:
            profile.user_count = counts.get(profile._origin, 0)

    def _inverse_user_ids(self):
        # A manager sets limits for all users, but may lack Odoo's rights to edit users.
        users_of = {profile: profile.user_ids for profile in self}
        for profile, users in users_of.items():
            before = (
                self.env["res.users"]
                .sudo()
                .with_context(active_test=False)
                .search([("gateway_profile_id", "=", profile.id)])
            )
            (before - users).gateway_profile_id = False
            (users.sudo() - before).gateway_profile_id = profile

    @api.depends("key_ids", "client_ids")
    def _compute_credential_counts(self):
        for profile in self:
            profile.key_count = len(profile.key_ids)
            profile.client_count = len(profile.client_ids)

    @api.constrains("ip_list")
    def _check_ip_list(self):
        for profile in self:
            check_ip_list(self.env, profile.ip_list)

    @api.constrains("scopes")
    def _check_scopes(self):
        for profile in self:
            check_scopes(self.env, profile.scopes)

    @api.constrains("model_names")
    def _check_model_names(self):
        for profile in self:
            check_model_names(self.env, profile.model_names)

    def write(self, vals):
        self.check_access("write")
        before = {profile: Narrowing.of(profile) for profile in self.sudo()}
        result = super().write(vals)
        for profile, narrowing in before.items():
            if not Narrowing.of(profile).is_within(narrowing):
                profile._check_widens(self.env, profile._governed_users())
        return result

    def _governed_users(self):
        profile = self.with_context(active_test=False)
        return profile.user_ids | profile.key_ids.user_id | profile.client_ids.user_id

    @api.model
    def _check_widens(self, env, users):
        """Raises AccessError unless the user may lift restrictions of these users' credentials. Administrators may lift
        all, others only their own. Rate limits do not count as restrictions: managers set them for everyone."""
        others = any(users.ids != [asker.uid] for asker in askers(env)) if users else False
        if others and not have_group(env, "base.group_system"):
            raise AccessError(
                self.env._(
                    "Only an administrator may remove or widen the scopes, models "
                    "or addresses of a profile that other users have: %s.",
                    ", ".join(users[:5].mapped("name")),
                )
            )

    def action_open_keys(self):
        return self._open_credentials("gateway_key_action")

    def action_open_clients(self):
        return self._open_credentials("gateway_client_action")

    def _open_credentials(self, action):
        found = self.env["ir.actions.act_window"]._for_xml_id(f"api_gateway.{action}")
        return {**found, "domain": [("profile_id", "in", self.ids)], "context": {"default_profile_id": self[:1].id}}

    def copy_data(self, default=None):
        default = dict(default or {}, user_ids=[Command.clear()])
        return [
            dict(values, name=default.get("name") or self.env._("%s (copy)", profile.name))
            for profile, values in zip(self, super().copy_data(default=default), strict=True)
        ]
