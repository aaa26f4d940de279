"""Changes to Odoo's own code while a read is compiled. The hooks stay in Odoo's modules permanently, but do nothing
outside a compilation."""

from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps

from odoo import fields
from odoo.orm import domains, fields_textual

from odoo.addons.base.models.ir_default import IrDefault

from .. import days
from .hierarchy import children_of, parents_of
from .refusals import NotCompilableError

# (sentinels, overrides) of the running compilation.
_current = ContextVar("api_gateway_compilation", default=None)


@contextmanager
def compiling(sentinels, overrides):
    """Let Odoo's code produce SQL for values that are only known when the SQL runs."""
    token = _current.set((sentinels, overrides))
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def no_statements(cr):
    """Refuse reads from the database: the result would become part of the plan, and later changes would go
    unnoticed."""

    def refuse(query, *_args, **_kwargs):
        raise NotCompilableError("statements", str(getattr(query, "code", query))[:80])

    cr.execute = refuse
    try:
        yield
    finally:
        del cr.execute


def _hook(owner, name):
    """Replace a function of Odoo with one that receives the original function and the compilation's sentinels."""

    def install(replacement):
        original = getattr(owner, name)

        @wraps(original)
        def hooked(*args, **kwargs):
            current = _current.get()
            return original(*args, **kwargs) if current is None else replacement(original, current, *args, **kwargs)

        setattr(owner, name, staticmethod(hooked) if isinstance(owner.__dict__[name], staticmethod) else hooked)
        return replacement

    return install


def _clock(_original, _current, *_args, **_kwargs):
    raise NotCompilableError("clock")


for _owner, _name in (
    (domains, "parse_date"),
    (days, "parse_date"),
    (fields.Date, "today"),
    (fields.Date, "context_today"),
    (fields.Datetime, "now"),
    (fields.Datetime, "today"),
):
    _hook(_owner, _name)(_clock)


@_hook(domains, "_merge_set_conditions")
def _keep_apart(original, current, cls, conditions):
    """Do not merge conditions whose values are known only when the SQL runs. Separate conditions have the same
    result."""
    sentinels, _overrides = current
    return conditions if any(sentinels.holds(c.value) for c in conditions) else original(cls, conditions)


@_hook(fields_textual, "value_to_translated_trigram_pattern")
@_hook(fields_textual, "pattern_to_translated_trigram_pattern")
def _no_pattern(original, current, value):
    """Leave out the extra index pattern that Odoo adds to the condition: it is derived from the value's characters."""
    sentinels, _overrides = current
    return "%" if sentinels.holds(value) else original(value)


@_hook(IrDefault, "_evaluate_condition_with_fallback")
def _no_fallback(original, current, self, model_name, field_expr, operator, value):
    """Do not evaluate a condition on a company's fallback: that only decides whether an index is used."""
    sentinels, _overrides = current
    return None if sentinels.holds(value) else original(self, model_name, field_expr, operator, value)


@_hook(domains, "_operator_child_of_domain")
def _children(_original, _current, comodel, parent):
    return children_of(comodel, parent)


@_hook(domains, "_operator_parent_of_domain")
def _parents(_original, _current, comodel, parent):
    return parents_of(comodel, parent)


@_hook(domains.DomainCondition, "_optimize_field_search_method")
def _known_search(original, current, self, model):
    _sentinels, overrides = current
    overrides.check_search(model, self._field(model), self.operator)
    return original(self, model)
