from collections.abc import Callable
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import NamedTuple

import psycopg2

from odoo import api, models
from odoo.exceptions import AccessError

from ..webhooks import capture


class Gate(NamedTuple):
    """What a call from outside may do, as the ORM asks while the call runs."""

    hides: Callable
    """`(model name)`: whether the model is never exposed."""
    guards: Callable
    """`(model name)`: whether nothing may write the model, superuser code included."""
    keeps: Callable
    """`(model name)`: whether a method that only reads may not write the model."""
    shows: Callable
    """`(field)`: whether the field is described, and read when nobody names fields."""
    is_narrowed: bool
    """Whether the credential was narrowed."""
    check_doors: Callable
    """`(records, values)`: refuses values that would open a user's account to the caller."""
    loading: object
    """Checks a file that `load` reads: `check_columns`, `check_values` and their like (`executor/loading.py`)."""
    rows: object
    """The rows of a model that the call reaches: `domain(env, model name, mode)` (`executor/rows.py`); None: all."""


# Set by the executor while a call runs. Not a context key, which a caller could pass, and not the cursor, which
# a method could replace.
gate = ContextVar("api_gateway_gate", default=None)

# The model that a caller's method is called on, with the `default_*` keys of the caller's context.
given_defaults = ContextVar("api_gateway_given_defaults", default=None)


@contextmanager
def opened():
    """While the gateway's own code works on the gateway's own models in the middle of a call."""
    token = gate.set(None)
    try:
        yield
    finally:
        gate.reset(token)


@contextmanager
def defaults_of(model):
    """While a method of the model runs, the `default_*` keys of its context hold for this model only. Odoo applies them
    to whatever is created on the way, where nobody has checked them."""
    given = {key: value for key, value in model.env.context.items() if key.startswith("default_")}
    token = given_defaults.set((model._name, given) if given else None)
    try:
        yield
    finally:
        given_defaults.reset(token)


class ExposureError(AccessError):
    """A call from outside reached for a model that is never exposed."""

    def __init__(self, model_name):
        super().__init__(f"The model {model_name} cannot be reached through the gateway.")


class GuardError(ExposureError):
    """A call from outside made Odoo write records that are code or rights, or the gateway's own."""

    def __init__(self, model_name):
        AccessError.__init__(self, f"This request may not change records of {model_name} through the gateway.")


class RowError(ExposureError):
    """A call from outside reached for rows about records that are out of its reach."""

    def __init__(self, records):
        AccessError.__init__(
            self,
            f"{records._name} {', '.join(map(str, records.ids[:6]))}: this credential may not use these records in "
            "this way. They belong to a model or a field out of its reach, or Odoo serves them as part of its pages.",
        )


class _InUseError(psycopg2.errors.ForeignKeyViolation):
    """What Postgres 17 and older say of a record that another one refers to with `on delete restrict`. Since 18 that
    has an error of its own, which Odoo has no words for."""

    def __init__(self, violation):
        super().__init__(*violation.args)
        self._diag = violation.diag

    @property
    def diag(self):
        return self._diag


# No docstring: Odoo would keep it as the description of every model without one of its own.
#
# The last line of the never-exposed list: whatever path a call takes, the ORM asks here. Code that Odoo itself
# runs as superuser goes on as it does everywhere, but writes neither the gateway's own models nor, for a narrowed
# credential, what is code or rights.
class Base(models.AbstractModel):
    _inherit = "base"

    def _check_access(self, operation):
        if (call := gate.get()) and call.hides(self._name):
            return self, partial(ExposureError, self._name)
        return super()._check_access(operation)

    def _gateway_check_guard(self):
        call = gate.get()
        is_stored = not self or any(self._ids)  # not what a form is about to make
        if call and (call.guards(self._name) or (is_stored and call.keeps(self._name))):
            raise GuardError(self._name)

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        """What is not described is not read either by `read` and `search_read` without names. Only here: methods that
        live beside such a field go on, for it is their code and not the caller that asks for it."""
        return self._gateway_shown(super().fields_get(allfields, attributes), allfields)

    def _gateway_shown(self, described, allfields):
        """Fields that were asked for by name are left: Odoo keeps what it learns of tracked fields."""
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
                # Those that Odoo's code has set on the way are its own.
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
        """What checks a file that is loaded for a caller; None where Odoo loads its own."""
        call = gate.get()
        return None if self.env.su or call is None else call.loading

    # --- Where webhooks learn of changes. On models that nobody watches this costs a look into a cached dictionary.
    # `_write_multi` sees each column that is really updated, recomputed ones included; `write` is needed only for
    # one2many and many2many. Not seen: direct SQL, deletions that a foreign key cascades, the other side of many2many.

    def _gateway_watch(self):
        """The webhooks of this model, or None."""
        # While a registry is being loaded the tables may not be there yet, or not any more.
        return self.env["gateway.webhook"]._watched().get(self._name) if self.pool.ready else None

    @api.model
    def _create(self, data_list):
        # Not in `create`: what that computes and flushes would look like updates of older records.
        self._gateway_check_guard()
        records = super()._create(data_list)
        if watch := self._gateway_watch():
            capture.note_created(records, watch)
        return records

    def write(self, vals):
        if self:
            self._gateway_check_guard()
        if (watch := self._gateway_watch()) and watch.x2many:
            capture.note_relations(self, watch, vals)
        return super().write(vals)

    def _write_multi(self, vals_list):
        if watch := self._gateway_watch():
            capture.note_columns(self, watch, set().union(*vals_list))
        return super()._write_multi(vals_list)

    def _update_field_translations(self, field_name, translations, digest=None, source_lang=""):
        # Terms of a translated column are updated by SQL of its own.
        if watch := self._gateway_watch():
            capture.note_columns(self, watch, {field_name})
        return super()._update_field_translations(field_name, translations, digest, source_lang)

    def unlink(self):
        if self:
            self._gateway_check_guard()
        if watch := self._gateway_watch():
            capture.note_deleted(self, watch)
        return super().unlink()
