from odoo import api, models, tools

from ..tools.gate import RowError, gate
from ..tools.secret_fields import is_secret


# Rows about records that a call may not reach are hidden from every search and access check, as a record rule would do.
class IrRule(models.Model):
    _inherit = "ir.rule"

    @api.model
    def _compute_domain(self, model_name, mode="read"):
        call = gate.get()
        reached = None if call is None or self.env.su else call.rows
        domain = None if reached is None else reached.domain(self.env, model_name, mode)
        if domain is None:
            return super()._compute_domain(model_name, mode)
        # Our rule is switched off here, because Odoo caches the domain of a parent model's rules for other calls.
        token = gate.set(call._replace(rows=None))
        try:
            rules = super()._compute_domain(model_name, mode)
        finally:
            gate.reset(token)
        return rules & domain

    def _make_access_error(self, operation, records):
        call = gate.get()
        reached = None if call is None else call.rows
        domain = None if reached is None else reached.domain(self.env, records._name, operation)
        if domain and (refused := records - records.sudo().filtered_domain(domain)):
            return RowError(refused, reached.missing_scope(refused, operation))
        error = super()._make_access_error(operation, records)
        # Odoo's error message is for its own pages; callers get another one (executor/refusals.py).
        error.gateway_refused = (operation, records._name, records.ids)
        return error

    @api.model
    @tools.ormcache()
    def _gateway_secret_files(self):
        """{model: the names of its secret fields that are stored as attachments}"""
        secret = {}
        for model_name, model in self.env.registry.items():
            names = [name for name, field in model._fields.items() if field.type == "binary" and is_secret(field)]
            if names:
                secret[model_name] = names
        return secret
