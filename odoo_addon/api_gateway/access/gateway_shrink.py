"""Narrows a credential to the scopes that it has needed, and to the addresses from which it was used."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..executor.effects import effect_of
from ..executor.reach import DELETE, READ, WRITE, Reach
from ..executor.room import Room
from ..executor.state import current_state
from ..tools.asker import have_group, own_code
from ..tools.narrowing import ACTIONS, MAX_LINES, address_allowed, lines
from ..tools.networks import networks_of

# If the list is longer, the callers probably have no fixed addresses.
MOST_NETWORKS = 50
# The maximum number in one run of the cron, which runs every hour.
MOST_REMINDED = 200
MANAGER = "api_gateway.group_manager"
KINDS = {"gateway_key": "gateway.key", "client": "gateway.client"}


class GatewayShrink(models.TransientModel):
    _name = "gateway.shrink"
    _inherit = ["gateway.configuration"]
    _description = "Narrow a Credential"

    kind = fields.Selection([("gateway_key", "API key"), ("client", "OAuth2 client")], required=True, readonly=True)
    credential_id = fields.Integer(required=True, readonly=True)
    days = fields.Selection([("30", "30 days"), ("90", "90 days")], "Used in the Last", required=True, default="90")
    granted = fields.Text("Scopes Now", compute="_compute_used")
    used = fields.Text("Scopes Needed", compute="_compute_used")
    with_addresses = fields.Boolean(
        "Addresses, Too",
        help="Only a gateway manager may set addresses. Leave this off if the callers' addresses change.",
    )
    may_set_addresses = fields.Boolean(compute="_compute_may_set_addresses")
    granted_addresses = fields.Text("Addresses Now", compute="_compute_used")
    used_addresses = fields.Text("Addresses Needed", compute="_compute_used")
    summary = fields.Html(compute="_compute_used", sanitize=False)
    narrows_scopes = fields.Boolean(compute="_compute_used")
    narrows_addresses = fields.Boolean(compute="_compute_used")
    can_narrow = fields.Boolean(compute="_compute_used")

    def _credential(self):
        """The credential, if the user may change it. Raises AccessError."""
        record = self.env[KINDS[self.kind]].browse(self.credential_id)
        record.check_access("write")
        return record

    @api.depends("days", "kind", "credential_id", "with_addresses")
    def _compute_used(self):
        for shrink in self:
            credential = shrink._credential()
            granted = lines(credential.scopes)
            uses = self._uses(credential)
            needed = self._needed(credential, uses.filtered("requests_30") if shrink.days == "30" else uses)
            calls = self._calls(credential)
            networks, are_many = shrink._networks(credential, calls)
            shrink.granted = "\n".join(sorted(granted)) or self.env._("All")
            shrink.used = "\n".join(needed) or False
            shrink.granted_addresses = "\n".join(lines(credential.ip_list)) or self.env._("Any")
            shrink.used_addresses = "\n".join(networks) or False
            shrink.narrows_scopes = bool(needed) and len(needed) <= MAX_LINES and set(needed) != set(granted)
            shrink.narrows_addresses = bool(networks) and set(networks) != set(lines(credential.ip_list))
            shrink.can_narrow = shrink.narrows_scopes or (shrink.with_addresses and shrink.narrows_addresses)
            kept = "\n".join(networks) if shrink.with_addresses else ""
            shrink.summary = self.env["ir.qweb"]._render(
                "api_gateway.shrink_summary",
                {
                    "has_uses": bool(uses),
                    "is_minimal": bool(needed) and set(needed) == set(granted),
                    "refused": shrink._refused(uses, needed) if needed else [],
                    "calls": [{**call, "passes": address_allowed(call["address"], kept)} for call in calls],
                    "are_many": are_many,
                    "methods": sorted({f"{use.model}.{use.name}" for use in uses if use.action == "call" and use.name}),
                    "models": sorted({use.model for use in uses}),
                },
            )

    def _compute_may_set_addresses(self):
        self.may_set_addresses = have_group(self.env, MANAGER)

    @api.model
    def _calls(self, credential):
        """The credential's calls of the last 90 days, by address, in descending order of requests: `[{"address",
        "requests", "requests_30", "last_day"}]`. The address `*` stands for all addresses that were not stored."""
        self.env.cr.execute(
            """
            select address, sum(requests)::bigint as requests, max(day) as last_day,
              coalesce(sum(requests) filter (where day > gateway.utc_now()::date - 30), 0)::bigint as requests_30
            from gateway.used_address
            where consumer = %s and day > gateway.utc_now()::date - 90
            group by address
            order by requests desc, address
            """,
            [f"{credential._kind}:{credential.id}"],
        )
        return self.env.cr.dictfetchall()

    def _networks(self, credential, calls):
        """`(addresses, are_many)` of these calls. If there are too many addresses, the list is empty, because the
        credential cannot be narrowed to them."""
        addresses = [call["address"] for call in calls if self.days == "90" or call["requests_30"]]
        networks = networks_of(addresses, credential.ip_list)
        are_many = "*" in addresses or len(networks) > MOST_NETWORKS
        return ([], True) if are_many else (networks, False)

    @api.model
    def _open(self, credential):
        credential.check_access("write")
        shrink = self.create({"kind": credential._kind, "credential_id": credential.id})
        shrink.with_addresses = shrink.may_set_addresses and bool(shrink.used_addresses)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Narrow to What Is Used"),
            "res_model": self._name,
            "res_id": shrink.id,
            "views": [(False, "form")],
            "target": "new",
        }

    @api.model
    def _uses(self, credential):
        """The credential's uses of existing models in the last 90 days. Only for users who may change the
        credential."""
        # The uses are read as superuser, because only managers may read those of other users.
        uses = self.env["gateway.use"].sudo().search([("consumer", "=", f"{credential._kind}:{credential.id}")])
        return uses.filtered(lambda use: use.model in self.env)

    @api.model
    def _needed(self, credential, uses):
        """The granted scopes that these uses need."""
        granted = lines(credential.scopes)
        needed = sorted({need for use in uses for need in _needs(self.env, use)})
        if not granted:
            return [f"{model}:{action}" for model, action in needed]
        resources = self.env["gateway.resource"].sudo().search_fetch([], ["name", "model_name"])
        kept = []
        for model, action in needed:
            if {action, f"{model}:{action}"} & set(granted):
                kept.append(f"{model}:{action}")
            # A resource shows less than its model.
            of_resources = [f"{resource.name}_{action}" for resource in resources if resource.model_name == model]
            kept += [scope for scope in of_resources if scope in granted]
        return sorted(set(kept))

    @api.model
    def _remind(self):
        """Called by a cron. Once a month, reminds the owners of credentials that may act on all models but have used
        only some of them: puts an activity on each credential."""
        month_ago = fields.Datetime.now() - timedelta(days=30)
        due = [("revoked_at", "=", False), ("create_date", "<", month_ago)]
        not_yet = ["|", ("wide_reminded_on", "=", False), ("wide_reminded_on", "<=", month_ago.date())]
        for name in KINDS.values():
            owned = [("is_speed_test", "=", False)] if "is_speed_test" in self.env[name]._fields else []
            for credential in self.env[name].search([*due, *not_yet, *owned], limit=MOST_REMINDED):
                self._remind_of(credential)

    def _remind_of(self, credential):
        granted = lines(credential.scopes)
        is_wide = not granted or not ACTIONS.isdisjoint(granted)
        summary = self.env._('"%s" has more rights than it uses', credential.name)
        is_open = summary in credential.activity_ids.mapped("summary")
        if is_wide and not is_open and self._needed(credential, self._uses(credential)):
            credential.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=summary,
                note=self.env._("“Narrow” shows the scopes that it has needed, and limits it to these in one click."),
                user_id=credential._expiry_recipient().id,
            )
        with own_code():
            credential.wide_reminded_on = fields.Date.today()

    def _refused(self, uses, scopes):
        """The uses of the last 90 days that these scopes would not allow."""
        state = current_state(self.env.cr)
        room = Room(state.answer_bytes, state.answer_records)
        resources = {
            f"{resource.name}_{action}": f"{resource.model_name}:{action}"
            for resource in self.env["gateway.resource"].sudo().search_fetch([], ["name", "model_name"])
            for action in ("read", "write", "delete", "call")
        }
        grant = {"scopes": [*scopes, *(resources[scope] for scope in scopes if scope in resources)], "models": None}
        reach = Reach(state.never_exposed, grant, room, self.env(su=False))
        return uses.filtered(
            lambda use: any(not reach.permits(model, action) for model, action in _needs(self.env, use))
        )

    def action_narrow(self):
        self.ensure_one()
        credential = self._credential()
        if not self.can_narrow:
            raise UserError(self.env._("There is nothing to narrow."))
        values = {"scopes": " ".join(lines(self.used))} if self.narrows_scopes else {}
        if self.with_addresses and self.narrows_addresses:
            values["ip_list"] = self.used_addresses
        credential.write(values)
        return {"type": "ir.actions.client", "tag": "soft_reload"}


def _needs(env, use):
    """`{(model, action)}`: a path through relations needs the action on each model that it leads to."""
    model, action, name = env[use.model], use.action, use.name or ""
    if action == "choice":
        return set()
    if action == "call":
        return {(model._name, effect_of(model, name) if name else action)}
    if action == DELETE:
        for step in filter(None, name.split(".")):
            model = _behind(model, step)
            if model is None:
                return set()
        return {(model._name, DELETE)}
    needs = {(model._name, READ if action == READ else WRITE)}
    for step in name.split(".")[:-1]:
        model = _behind(model, step)
        if model is None:
            break
        needs.add((model._name, action))
    return needs


def _behind(model, name):
    field = model._fields.get(name)
    return model.env[field.comodel_name] if field is not None and field.relational else None
