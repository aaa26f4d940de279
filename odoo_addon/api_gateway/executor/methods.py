"""Public methods. The arguments of the ORM's own methods are checked by their meaning (`named.py`), and those of
modules' methods by their content (`module_methods.py`). Neither may use models that are never exposed."""

import inspect
from collections.abc import Callable
from typing import NamedTuple

from odoo.exceptions import AccessError
from odoo.models import BaseModel
from odoo.service.model import get_public_method

from ..tools.gate import defaults_of, gate
from . import xmlrpc
from .arguments import ids, required
from .binaries import bytes_to_base64, decode_attachments
from .bounds import check_ids
from .closed_methods import check_open
from .context import default_values, method_context
from .effects import effect_of, is_readonly
from .errors import RefusalError
from .faults import explain_range
from .module_methods import check_method
from .named import check_named
from .naming import plain_names
from .reach import READ
from .reading import explain_groups
from .remote_calls import amounts_to
from .special_methods import KEYWORDS
from .values import explain_values


def read_call(env, reach, operation):
    """Calls a method that Odoo marks as read-only."""
    model = reach.known(env, required(operation, "model"), abstract=True)
    if not is_readonly(model, required(operation, "method")):
        raise RefusalError(
            "odoo.arguments",
            f"{model._name}.{operation['method']} may write, so it cannot run as a read.",
            may_write=True,
        )
    return call(env, reach, operation)


class Prepared(NamedTuple):
    """A method, ready to be called, and its effect."""

    model: BaseModel
    """The model with the context of the call."""
    name: str
    method: Callable
    bound: inspect.BoundArguments
    action: str
    is_orms: bool
    """Whether every model has this method."""
    named: list
    """The arguments that are values to be written."""


def call(env, reach, operation):
    result = _called(env, reach, operation)
    return xmlrpc.written(result) if operation.get("form") == "xmlrpc" else result


def _called(env, reach, operation):
    model, name, method, bound, action, is_orms, named = prepare(env, reach, operation)
    with (
        explain_range(operation),
        explain_groups(model, name),
        explain_values(model, [*named, default_values(model.env.context)]),
        defaults_of(model),
        gate.get().rows.flow(model, name),
        reach.during(action),
    ):
        result = method(*bound.args, **bound.kwargs)
        env.flush_all()
    if name == "create" and isinstance(result, BaseModel):
        return result.id if isinstance(bound.args[1], dict) else result.ids
    if isinstance(result, BaseModel):
        return result.ids
    return bytes_to_base64(model, bound, result) if is_orms else result


def prepare(env, reach, operation):
    """Check all names in a call, and refuse a call that is not allowed."""
    model = reach.known(env, required(operation, "model"), abstract=True)
    name = required(operation, "method")
    method = _public_method(model, name)
    check_open(model, name, method)
    action = effect_of(model, name)
    reach.require(model._name, action, *amounts_to(name, action))
    args, kwargs = _arguments(operation)
    context = kwargs.pop("context", None)
    is_trial = action == READ
    if context is not None:
        model = model.with_context(**plain_names(reach, model.env, method_context(reach, model, context, is_trial)))
    records, args = _records(model, method, operation, args)
    bound = _bind(method, name, records, args, kwargs)
    is_orms = hasattr(env.registry["base"], name)
    if is_orms:
        check_ids(records.ids)
        named = check_named(reach, records, name, bound, is_trial)
    else:
        named = []
        check_method(reach, records, name, bound)
        if name.startswith("message_"):
            decode_attachments(bound)
    return Prepared(model, name, method, bound, action, is_orms, named)


def _public_method(model, name):
    def missing(**details):
        message = f"The model {model._name} has no public method {name}."
        return RefusalError("odoo.method", message, model=model._name, method=name, **details)

    if type(name) is not str:
        raise missing()
    try:
        method = get_public_method(model, name)
    except AccessError:
        raise missing(private=True) from None
    except AttributeError:
        raise missing() from None
    if not inspect.isroutine(method) or not any(name in cls.__dict__ for cls in type(model).mro()):
        raise missing()
    return method


def _arguments(operation):
    args, kwargs = operation.get("args", []), operation.get("kwargs", {})
    if type(args) is not list or type(kwargs) is not dict:
        raise RefusalError("odoo.arguments", "'args' must be a list, and 'kwargs' must be an object.")
    return args, dict(kwargs)


def _records(model, method, operation, args):
    """The ids on which the method is called: the operation's, or else, as in execute_kw, the first argument."""
    has_ids = operation.get("ids") is not None
    if getattr(method, "_api_model", False):
        if operation.get("ids"):  # an empty list means no records
            raise RefusalError("odoo.arguments", f"The method {method.__name__} takes no record ids.")
        return model, args
    if has_ids:
        return model.browse(ids(operation)), args
    if not args:
        raise RefusalError("odoo.arguments", f"The method {method.__name__} needs record ids.")
    first = args[0] if type(args[0]) is list else [args[0]]
    return model.browse(ids({"ids": first})), args[1:]


def _bind(method, name, records, args, kwargs):
    try:
        bound = inspect.signature(method).bind(records, *args, **kwargs)
    except TypeError as exc:
        raise RefusalError("odoo.arguments", f"{records._name}.{name}: {exc}.", method=name) from None
    if name in KEYWORDS and (unknown := kwargs.keys() - KEYWORDS[name] - bound.signature.parameters.keys()):
        raise RefusalError("odoo.arguments", f"{records._name}.{name} has no argument {min(unknown)!r}.", method=name)
    return bound
