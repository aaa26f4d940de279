from functools import partial

import psycopg2

from odoo import api, models

from ..tools.gate import GuardError, HiddenModelError, gate, given_defaults


class _InUseError(psycopg2.errors.ForeignKeyViolation):
    """The error of Postgres 17 and older for a record that another record refers to with `on delete restrict`. Postgres
    18 has a new error for it, which Odoo does not know."""

    def __init__(self, violation):
        super().__init__(*violation.args)
        self._diag = violation.diag

    @property
    def diag(self):
        return self._diag


# This class has no docstring, because Odoo would use it as the description of every model without a description.
#
# The last line of defence of the never-exposed list: whatever path a call takes, the ORM checks access here. Odoo's own
# superuser code runs as usual, but it cannot write the gateway's own models. If the credential is narrowed, it cannot
# write code or rights either.
class Base(models.AbstractModel):
    _inherit = "base"

    def _check_access(self, operation):
        if (call := gate.get()) and call.hides(self._name):
            return self, partial(HiddenModelError, self._name)
        return super()._check_access(operation)

    def _gateway_check_guard(self):
        call = gate.get()
        is_stored = not self or any(self._ids)  # false for a record of an unsaved form
        if call and call.guards(self._name):
            raise GuardError(self._name)
        if call and is_stored and call.keeps(self._name):
            raise GuardError(self._name, call.missing_scope(self._name, "write"))

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        """`read` and `search_read` without field names return only the fields that are described here. Other methods of
        the model still read hidden fields, because Odoo's code calls these methods, not the caller."""
        return self._gateway_shown(super().fields_get(allfields, attributes), allfields)

    def _gateway_shown(self, described, allfields):
        """Fields that were requested by name are kept, because Odoo caches the result for tracked fields."""
        call = gate.get()
        if call is None or allfields:
            return described
        return {name: description for name, description in described.items() if call.shows(self._fields[name])}

    @api.model
    def _sql_error_to_message_generic(self, exc):
        if isinstance(exc, psycopg2.errors.RestrictViolation):
            exc = _InUseError(exc)
        return super()._sql_error_to_message_generic(exc)

    @api.model
    def default_get(self, fields):
        if given := given_defaults.get():
            model_name, defaults = given
            context = self.env.context
            if self._name != model_name or self.env.su:
                # Values that Odoo's code has added in the meantime are kept, because they are not the caller's.
                theirs = {key for key, value in defaults.items() if context.get(key) is value}
                if theirs:
                    self = self.env(context={key: value for key, value in context.items() if key not in theirs})[
                        self._name
                    ]
        return super().default_get(fields)

    @api.model
    def load(self, fields, data):
        guard = self._gateway_loading()
        if guard is None:
            return super().load(fields, data)
        guard.check_columns(self, fields, data)
        result = super().load(fields, data)
        guard.end()
        return result

    def _load_records_write(self, values):
        if guard := self._gateway_loading():
            guard.check_values(self, [values], [self.ids])
        return super()._load_records_write(values)

    def _load_records_create(self, vals_list):
        if guard := self._gateway_loading():
            guard.check_values(self, vals_list, None)
        return super()._load_records_create(vals_list)

    def _gateway_loading(self):
        """The checks for a file that a caller imports; None if Odoo loads one of its own files."""
        call = gate.get()
        return None if self.env.su or call is None else call.loading

    @api.model
    def _create(self, data_list):
        self._gateway_check_guard()
        return super()._create(data_list)

    def write(self, vals):
        if self:
            self._gateway_check_guard()
        return super().write(vals)

    def unlink(self):
        if self:
            self._gateway_check_unlink()
        return super().unlink()

    def _gateway_check_unlink(self):
        self._gateway_check_guard()
