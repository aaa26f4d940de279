"""Shows a manager what a credential may do with a model or a record, and which checks decide that."""

import re

from odoo import api, fields, models

from ..executor.explaining import explain_to_manager
from ..executor.gates import entered
from ..executor.languages import own_context
from ..executor.reach import Reach
from ..executor.room import Room
from ..executor.state import current_state
from ..tools.narrowing import meet
from ..tools.settings import setting

# `/api/v1/res.partner/7`, `/api/v1/customers/7/access`
PATH = re.compile(r"/api/v1/(?P<name>[a-z][\w.-]*)(?:/(?P<id>[1-9]\d{0,9})(?=[/?]|$))?")


class GatewayAccessCheck(models.TransientModel):
    _name = "gateway.access.check"
    _inherit = ["gateway.configuration"]
    _description = "Access of a Credential"

    consumer = fields.Char(required=True, readonly=True, help="The kind of the credential, and its number.")
    credential = fields.Char(readonly=True)
    resource = fields.Char(readonly=True, help="The resource that the request was for.")
    request = fields.Char(readonly=True)
    message = fields.Char("Answer", readonly=True)
    model_id = fields.Many2one("ir.model", domain=[("abstract", "=", False)], ondelete="cascade")
    res_id = fields.Integer("Record ID", help="Empty: the model as a whole.")
    user_id = fields.Many2one("res.users", compute="_compute_user_id")
    explanation = fields.Html(compute="_compute_explanation", sanitize=False)

    @api.model
    def _open(self, consumer, credential, **values):
        check = self.create({"consumer": consumer, "credential": credential, **values})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Why Was This Refused?") if values else self.env._("Access"),
            "res_model": self._name,
            "res_id": check.id,
            "views": [(False, "form")],
            "target": "new",
        }

    @api.model
    def _open_for_request(self, row):
        """Opens the form for a row of the traffic log."""
        model = self.env["ir.model"].sudo().search([("model", "=", row.model or "")], limit=1)
        place = PATH.match(row.path or "")
        name = place["name"] if place and model else None
        return self._open(
            row.consumer,
            row.credential,
            request=row.display_name,
            message=row.message,
            model_id=model.id,
            res_id=int(place["id"] or 0) if name else 0,
            resource=name if name != row.model else None,
        )

    @api.depends("consumer")
    def _compute_user_id(self):
        for check in self:
            found = check._credential()
            check.user_id = found and found[0]

    @api.depends("consumer", "model_id", "res_id", "resource")
    def _compute_explanation(self):
        for check in self:
            check.explanation = check._explanation()

    def _credential(self):
        """`(user id, scopes or None, models or None)`; None if there is no such credential, or it is not valid."""
        kind, _, id_ = (self.consumer or "").partition(":")
        if not id_.isdecimal():
            return None
        self.env.cr.execute(
            "select user_id, scopes, policy, user_active from gateway.credential(%s, %s)", (kind, int(id_))
        )
        row = self.env.cr.fetchone()
        if row is None or not (row[3] or setting(self.env.cr, "key.inactive_users")):
            return None
        user_id, scopes, policy, _is_active = row
        return user_id, meet(scopes, policy["scopes"]), policy["models"]

    def _explanation(self):
        self.check_access("read")
        found = self._credential()
        model = self.env.get(self.model_id.sudo().model or "")
        if found is None or model is None:
            return self._rendered(is_valid=found is not None, is_known=model is not None)
        user_id, scopes, allowed_models = found
        if scopes and self._is_of_resource(model):
            # Scopes of the resource count as scopes of its model, as they do for a request to the resource.
            own = [scope.rpartition("_")[2] for scope in scopes if scope.rpartition("_")[0] == self.resource]
            scopes = [*scopes, *(f"{model._name}:{action}" for action in own)]
        state = current_state(self.env.cr)
        if state.never_exposed.match(model._name) or model._abstract:
            return self._rendered(is_valid=True, is_known=True, is_hidden=True, model=model._name)
        room = Room(state.answer_bytes, state.answer_records)
        reach = Reach(state.never_exposed, {"scopes": scopes, "models": allowed_models}, room, self.env)
        env = self.env(user=user_id, su=False, context={})
        env = env(context=own_context(env))
        with entered(reach):
            checks = explain_to_manager(reach, env[model._name], self.res_id or None)
        return self._rendered(is_valid=True, is_known=True, model=model._name, checks=checks)

    def _is_of_resource(self, model):
        """Whether the resource belongs to the model: the manager may have chosen another model in the form."""
        named = [("name", "=", self.resource), ("model_name", "=", model._name)]
        return bool(self.resource and self.env["gateway.resource"].sudo().search_count(named, limit=1))

    def _rendered(self, **values):
        labels = {
            "read": self.env._("Read"),
            "write": self.env._("Change"),
            "create": self.env._("Create"),
            "delete": self.env._("Delete"),
        }
        values = {"labels": labels, "checks": {}, "is_hidden": False, **values}
        return self.env["ir.qweb"]._render("api_gateway.access_explanation", values)
