"""Narrows a credential to the scopes of what it has used."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..executor.effects import effect_of
from ..executor.reach import DELETE, READ, WRITE, Reach
from ..executor.room import Room
from ..executor.state import current_state
from ..tools.asker import own_code
from ..tools.narrowing import ACTIONS, MAX_LINES, lines

# In one run of the cron, which comes every hour.
MOST_REMINDED = 200
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
    summary = fields.Html(compute="_compute_used", sanitize=False)
    can_narrow = fields.Boolean(compute="_compute_used")

    def _credential(self):
        """The credential, if the user may change it. Raises AccessError."""
        record = self.env[KINDS[self.kind]].browse(self.credential_id)
        record.check_access("write")
        return record

    @api.depends("days", "kind", "credential_id")
    def _compute_used(self):
        for shrink in self:
            credential = shrink._credential()
            granted = lines(credential.scopes)
            uses = self._uses(credential)
            needed = self._needed(credential, uses.filtered("requests_30") if shrink.days == "30" else uses)
            shrink.granted = "\n".join(granted) or self.env._("All")
            shrink.used = "\n".join(needed) or False
            shrink.can_narrow = bool(needed) and len(needed) <= MAX_LINES and set(needed) != set(granted)
            shrink.summary = self.env["ir.qweb"]._render(
                "api_gateway.shrink_summary",
                {
                    "has_uses": bool(uses),
                    "is_minimal": bool(needed) and set(needed) == set(granted),
                    "refused": shrink._refused(uses, needed) if needed else [],
                    "methods": sorted({f"{use.model}.{use.name}" for use in uses if use.action == "call" and use.name}),
                    "models": sorted({use.model for use in uses}),
                },
            )

    @api.model
    def _open(self, credential):
        credential.check_access("write")
        shrink = self.create({"kind": credential._kind, "credential_id": credential.id})
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
        """What the credential has used in 90 days of models that exist. For users who may change the credential."""
        # Only managers may read the uses of others.
        uses = self.env["gateway.use"].sudo().search([("consumer", "=", f"{credential._kind}:{credential.id}")])
        return uses.filtered(lambda use: use.model in self.env)

    @api.model
    def _needed(self, credential, uses):
        """The scopes for these uses, of those that are granted."""
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
        return list(dict.fromkeys(kept))

    @api.model
    def _remind(self):
        """Once a month, puts an activity on credentials that may act on all models and have used only some, for their
        owners. Called by a cron."""
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
        summary = self.env._('"%s" may do more than it does', credential.name)
        is_open = summary in credential.activity_ids.mapped("summary")
        if is_wide and not is_open and self._needed(credential, self._uses(credential)):
            credential.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=summary,
                note=self.env._("Narrow compares its scopes with what it has used, and narrows it in one click."),
                user_id=credential._expiry_recipient().id,
            )
        with own_code():
            credential.wide_reminded_on = fields.Date.today()

    def _refused(self, uses, scopes):
        """The uses of 90 days that these scopes refuse."""
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
        credential.scopes = " ".join(lines(self.used))
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
