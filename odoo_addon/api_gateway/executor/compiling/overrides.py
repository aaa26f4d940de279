"""Model methods that decide which records are found and read. A plan is equivalent to the ORM's own methods. If a
module overrides one, its source must be known to change nothing but the SQL."""

import hashlib
import inspect
import json
from functools import lru_cache, partial
from pathlib import Path

from odoo.fields import Field
from odoo.models import BaseModel

from .refusals import NotCompilableError

PATH = (
    "_search",
    "_fetch_query",
    "fetch",
    "_fetch_field",
    "_determine_fields_to_fetch",
    "_read_format",
    "_field_to_sql",
    "_traverse_related_sql",
    "_order_to_sql",
    "_order_field_to_sql",
    "_check_access",
    "_has_field_access",
    "has_access",
    "check_access",
    "_filtered_access",
)
NAMES = ("_compute_display_name", "_search_display_name")
OWN = "odoo.addons.api_gateway."


@lru_cache(maxsize=1)
def known_sources():
    """{SHA-256 of a method's source: its classification}, as listed in this version of the addon."""
    entries = json.loads(Path(__file__).with_name("known_methods.json").read_text())
    return {entry["sha256"]: entry["is"] for entry in entries}


@lru_cache(maxsize=8192)
def source_hash(function):
    """The SHA-256 of the function's source; None if the source is not available."""
    try:
        return hashlib.sha256(inspect.getsource(inspect.unwrap(function)).encode()).hexdigest()
    except (OSError, TypeError):
        return None


def overrides_of(model_class, name):
    """The overrides of a method in modules, without the ORM's own version."""
    for cls in model_class.mro():
        if cls is BaseModel:
            return
        function = cls.__dict__.get(name)
        function = getattr(function, "__func__", function)
        if function is not None and not function.__module__.startswith(OWN):
            yield function


def named_methods(registry):
    """{name: function} of all overrides that compiling looks up, with the names used in `known_methods.json`."""
    found = {}
    for cls in registry.values():
        if not (cls._abstract or cls._transient):
            for name in (*PATH, *NAMES):
                for function in overrides_of(cls, name):
                    found[f"{function.__module__}.{function.__qualname__}"] = function
    return found


def verdict(function):
    """The classification of a method's source. `pure`: it depends only on its arguments and on context keys that no
    call sets, and the SQL has its whole effect. `pure for like`: a search that is pure for `like`, `ilike` and their
    variants. `pure for readers`: it is pure for users who may read the model. `recipe …`: a name that the given
    function of `recipes.py` produces. `odoo`: SQL cannot do what the method does. An empty string: the source is
    unknown."""
    return known_sources().get(source_hash(function), "")


class Overrides:
    """Checks that models search and read only with the ORM's own methods. Created for each compilation, because fields
    and modules can change."""

    def __init__(self, env):
        self._env = env
        self._registry = env.registry
        self._checked = set()

    def check_model(self, model_name):
        """:raises NotCompilableError: `model`"""
        if model_name in self._checked:
            return
        cls = self._registry[model_name]
        if cls._abstract or cls._transient or not cls._auto or cls._table_query is not None:
            raise NotCompilableError("model", model_name)
        self.check_methods(model_name, *PATH)
        self._checked.add(model_name)

    def check_methods(self, model_name, *names):
        """:raises NotCompilableError: `model`, if a module overrides one of them"""
        for name in names:
            for function in overrides_of(self._registry[model_name], name):
                known = verdict(function)
                if known == "pure for readers" and self._env[model_name].has_access("read"):
                    continue
                if known != "pure":
                    raise NotCompilableError("model", f"{model_name}.{name}")

    def check_search(self, model, field, operator):
        """Check a condition on a field that has its own search method.

        :raises NotCompilableError: `domain`"""
        if field.related and getattr(field.search, "__func__", field.search) is Field._search_related:
            return
        if field.name == "display_name" and field.search == "_search_display_name":
            methods = list(overrides_of(self._registry[model._name], "_search_display_name"))
        else:
            search = getattr(type(model), field.search, None) if type(field.search) is str else field.search
            methods = [search.func if isinstance(search, partial) else search]
        for method in methods:
            is_like = operator.endswith("like") and not operator.startswith("not")
            if verdict(method) not in (("pure", "pure for like") if is_like else ("pure",)):
                raise NotCompilableError("domain", f"{model._name}.{field.name}")
