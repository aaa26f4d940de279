from contextvars import ContextVar
from functools import partial

from odoo import api, models
from odoo.exceptions import AccessError

# Set by the executor for as long as a call runs: tells whether a model is never exposed. Not a context key, which a
# caller could pass, and not the cursor, which a method could replace.
is_hidden = ContextVar("api_gateway_is_hidden", default=None)


class ExposureError(AccessError):
    """A call from outside reached for a model that is never exposed."""

    def __init__(self, model_name):
        super().__init__(f"The model {model_name} cannot be reached through the gateway.")


class Base(models.AbstractModel):
    """The last line of the never-exposed list: whatever path a call takes, the ORM asks here. Code that Odoo itself
    runs as superuser goes on as it does everywhere."""

    _inherit = "base"

    def _check_access(self, operation):
        hidden = is_hidden.get()
        if hidden is not None and hidden(self._name):
            return self, partial(ExposureError, self._name)
        return super()._check_access(operation)

    @api.model
    def _has_field_access(self, field, operation):
        hidden = is_hidden.get()
        if hidden is not None and field.relational and not self.env.su and hidden(field.comodel_name):
            return False
        return super()._has_field_access(field, operation)
