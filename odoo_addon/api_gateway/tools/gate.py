"""The permissions of the running API call. The executor sets them, and the models check them."""

from collections.abc import Callable
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from odoo.exceptions import AccessError


class Gate(NamedTuple):
    """The permissions of an API call."""

    hides: Callable
    """`(model name)`: whether the model is never exposed."""
    guards: Callable
    """`(model name)`: whether the model is closed to writes, even by superuser code."""
    keeps: Callable
    """`(model name)`: whether the model is closed to writes by a method that only reads."""
    shows: Callable
    """`(field)`: whether the field is described to callers, and is read when the caller names no fields."""
    is_narrowed: bool
    """Whether the credential was narrowed."""
    check_doors: Callable
    """`(records, values)`: refuses values that would give the caller access to a user's account."""
    check_accounts: Callable
    """`(users, values)`: refuses internal users that the call has created or given access."""
    loading: object
    """Checks a file that `load` reads: `check_columns`, `check_values` and so on (`executor/loading.py`)."""
    missing_scope: Callable
    """`(model name, action)`: the scope that the credential lacks for the action; None if no scope would permit it."""
    rows: object
    """Decides which rows of a model the call may reach: `domain(env, model name, mode)` finds them (None: all rows),
    and `missing_scope(records, mode)` is the scope that is missing for other rows (`executor/rows.py`)."""


# Set by the executor while a call runs. It is not in the context, where a caller could set it, nor on the cursor, which
# a method could replace.
gate = ContextVar("api_gateway_gate", default=None)

# The model on which a caller's method is called, with the `default_*` keys of the caller's context.
given_defaults = ContextVar("api_gateway_given_defaults", default=None)


@contextmanager
def opened():
    """Suspends the permissions for the gateway's own code that works on the gateway's own models in the middle of a
    call."""
    token = gate.set(None)
    try:
        yield
    finally:
        gate.reset(token)


@contextmanager
def defaults_of(model):
    """While a method of the model runs, the `default_*` keys of its context apply to this model only. Odoo would apply
    them to every record that the method creates, without any check."""
    given = {key: value for key, value in model.env.context.items() if key.startswith("default_")}
    token = given_defaults.set((model._name, given) if given else None)
    try:
        yield
    finally:
        given_defaults.reset(token)


class ExposureError(AccessError):
    """Raised when an API call tries to reach something that it may not reach. :param scope: a scope that would allow
    it; None: no credential may, or only one that was not narrowed"""

    def __init__(self, message, model_name=None, scope=None):
        super().__init__(message)
        self.model_name = model_name
        self.scope = scope


class HiddenModelError(ExposureError):
    """Raised for a model that is never exposed."""

    def __init__(self, model_name):
        super().__init__(f"The model {model_name} cannot be reached through the gateway.", model_name)


class GuardError(ExposureError):
    """Raised when the call makes Odoo write records that contain code or rights, records of the gateway, or records
    outside the call's scopes."""

    def __init__(self, model_name, scope=None):
        super().__init__(f"This request may not change records of {model_name} through the gateway.", model_name, scope)


class RowError(ExposureError):
    """Raised for rows that belong to records that the call may not reach."""

    def __init__(self, records, scope=None):
        super().__init__(
            f"{records._name} {', '.join(map(str, records.ids[:6]))}: this credential may not use these records in "
            "this way. They belong to a model or a field out of its reach, or Odoo serves them as part of its pages.",
            records._name,
            scope,
        )
