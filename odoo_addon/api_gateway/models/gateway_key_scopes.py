"""Explains scopes in the dialog for a new key while the user types."""

import re

from odoo import api, models
from odoo.exceptions import ValidationError

from ..tools.narrowing import check_scopes, lines
from ..tools.nearest import nearest

PARTS = re.compile(r"^(?:(?P<model>[a-z0-9_.]+):|(?P<resource>[a-z0-9-]+)_)?(?P<action>read|write|delete|call)$")
MOST_EXPLAINED = 50


class GatewayKeyScopes(models.AbstractModel):
    _inherit = "gateway.key.page"

    @api.model
    @api.readonly
    def scope_targets(self):
        """The models and resources that a scope may name: `[{name, label, kind: model | resource}]`. Models that the
        user may not read are left out."""
        self._check_is_user()
        found = [
            {"name": entry["model"], "label": entry["display_name"], "kind": "model"}
            for entry in self.env["ir.model"].get_available_models()
        ]
        found += [{"name": name, "label": label, "kind": "resource"} for name, label in self._resources().items()]
        return sorted(found, key=lambda entry: entry["label"].lower())

    @api.model
    @api.readonly
    def explain_scopes(self, text):
        """Explains scopes: `{fault, lines: [{scope, text, is_wide}]}`. `fault` is about the first word that is not a
        scope, or whose model or resource does not exist in this database; null if there is none."""
        self._check_is_user()
        text = str(text or "")
        try:
            check_scopes(self.env, text)
        except ValidationError as error:
            return {"fault": error.args[0], "lines": []}
        targets = {(entry["kind"], entry["name"]): entry["label"] for entry in self.scope_targets()}
        explained = []
        for scope in lines(text):
            parts = PARTS.match(scope)
            kind = next((kind for kind in ("model", "resource") if parts[kind]), None)
            if kind == "model" and self._may_name(parts["model"]):
                targets.setdefault((kind, parts["model"]), self.env[parts["model"]]._description)
            if kind and (kind, parts[kind]) not in targets:
                return {"fault": self._unknown(scope, kind, parts[kind], targets), "lines": []}
            label = targets.get((kind, parts[kind])) if kind else None
            explained.append(
                {
                    "scope": scope,
                    "text": self._explanation(parts["action"], label),
                    "is_wide": label is None or parts["action"] == "call",
                }
            )
        return {"fault": None, "lines": explained[:MOST_EXPLAINED]}

    def _may_name(self, name):
        """Whether a scope may name the model. This includes wizards and models that external users may read, which
        Odoo's own list leaves out."""
        model = self.env.get(name)
        return model is not None and not model._abstract and model.has_access("read")

    def _unknown(self, scope, kind, name, targets):
        names = [known for of_kind, known in targets if of_kind == kind]
        near = nearest(name, names)
        if kind == "model":
            fault = self.env._('"%(scope)s": there is no model "%(name)s" that you may read.', scope=scope, name=name)
        else:
            fault = self.env._('"%(scope)s": there is no resource "%(name)s".', scope=scope, name=name)
        return f"{fault} {self.env._('Did you mean “%s”?', near[0])}" if near else fault

    def _explanation(self, action, label):
        if label is None:
            return {
                "read": self.env._("Reads everything that you may read."),
                "write": self.env._("Creates and changes everything that you may change."),
                "delete": self.env._("Deletes everything that you may delete."),
                "call": self.env._("Calls all methods that you may call. Such methods can do anything that you can."),
            }[action]
        return {
            "read": self.env._("Reads %s.", label),
            "write": self.env._("Creates and changes %s.", label),
            "delete": self.env._("Deletes %s.", label),
            "call": self.env._("Calls methods of %s, which can do anything that you can.", label),
        }[action]

    def _resources(self):
        # Names and labels are also in the API documentation; only managers may see the rest of a resource.
        resources = self.env["gateway.resource"].sudo().search([("active", "=", True), ("is_nested", "=", False)])
        return {resource.name: resource.label for resource in resources}
