import inspect

from odoo.exceptions import AccessError
from odoo.service.model import get_public_method
from odoo.tests import tagged

from ..executor.code_and_rights import CODE
from ..executor.effects import EFFECTS
from ..executor.method_rules import NOBODY, RULES, rule_of
from ..executor.module_methods import TEXTS, VALUES
from .common import ChannelCase, method

# Methods of modules that the tests do not install.
NOT_INSTALLED = {
    "link.tracker",
    "purchase.order",
    "data_recycle.model",
    "data_recycle.record",
    "base.automation",
    "calendar.event",
}
# Names of arguments that contain values, models or a search.
TELLING = VALUES | {"domain", "email_values", "model", "model_name", "new_settings", "res_model"}


def public_methods(model):
    """{name: function} of methods that can be called over RPC."""
    found = {}
    for name in dir(type(model)):
        if name.startswith("_") or not any(name in cls.__dict__ for cls in type(model).mro()):
            continue
        try:
            function = get_public_method(model, name)
        except (AccessError, AttributeError):
            continue
        if inspect.isroutine(function):
            found[name] = function
    return found


@tagged("post_install", "-at_install")
class TestEffects(ChannelCase):
    def mixins(self):
        """The abstract models that models with records inherit, including the base of all models."""
        for name, model in self.env.items():
            children, unseen = set(), [name]
            while unseen:
                more = set(self.env.registry[unseen.pop()]._inherit_children) - children
                children |= more
                unseen.extend(more)
            concrete = [child for child in children if not self.env.registry[child]._abstract]
            if model._abstract and concrete and not name.startswith("gateway."):
                yield model

    def test_every_method_that_models_inherit_is_classified(self):
        mixins = list(self.mixins())
        self.assertIn("mail.thread", [mixin._name for mixin in mixins])
        missing = {f"{mixin._name}.{name}" for mixin in mixins for name in public_methods(mixin) if name not in EFFECTS}
        self.assertFalse(missing, "add the effects of these methods to executor/effects.py")

    def test_a_method_that_writes_needs_the_right_to_write_and_no_other(self):
        ids = self.partner.ids
        for name, args in (
            ("action_archive", [ids]),
            ("action_unarchive", [ids]),
            ("toggle_active", [ids]),
            ("message_update", [ids, {}, {"color": 3}]),
            ("message_new", [{"subject": "x"}, {"color": 3}]),
            ("web_save_multi", [ids, [{"color": 1}], {}]),
            ("web_resequence", [ids, {}, "color"]),
            ("update_field_translations", [ids, "name", {}]),
            ("web_override_translations", [ids, {}]),
            ("copy", [ids]),
        ):
            with self.subTest(name):
                others = {"scopes": ["call", "read", "delete"], "models": None}
                answer = self.execute(method("res.partner", name, *args), grant=others)
                error = self.assert_refused(answer, "scope.insufficient", "may not write")
                self.assertEqual(error["details"], {"model": "res.partner", "scope": "res.partner:write"})
                answer = self.execute(
                    method("res.partner", name, *args), grant={"scopes": ["res.partner:write"], "models": None}
                )
                if not answer["ok"]:
                    self.assertNotIn(answer["error"]["reason"], ("odoo.exposure", "scope.insufficient"), answer)

    def test_a_method_that_takes_values_or_a_model_was_reviewed(self):
        """Covers the modules in the test's database. After an upgrade of Odoo, it lists new methods."""
        base = public_methods(self.env["base"])
        unknown = set()
        for name, model in self.env.items():
            if name.startswith(("gateway.", "ir.qweb")):
                continue
            for method_name, function in public_methods(model).items():
                if method_name in base or not TELLING & inspect.signature(function).parameters.keys():
                    continue
                if not any((getattr(cls, "_name", None), method_name) in RULES for cls in type(model).mro()):
                    unknown.add(f"{name}.{method_name}")
        self.assertFalse(unknown, "read these methods and add them to executor/method_rules.py")

    def test_no_method_reaches_a_model_that_is_hidden_or_out_of_scope(self):
        admin = self.env.ref("base.user_admin").id
        missing = {model for model, _name in RULES if model not in self.env.registry}
        self.assertLessEqual(missing, NOT_INSTALLED)
        for model_name, name in RULES:
            if model_name in missing:
                continue
            function = public_methods(self.env[model_name]).get(name)
            if function is None:
                self.assertIn(model_name, ("base.automation",), f"{model_name}.{name} is gone")
                continue
            parameters = list(inspect.signature(function).parameters.values())[1:]
            takes = [
                parameter.name
                for parameter in parameters
                if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
                and parameter.name not in TEXTS
            ]
            takes += ["anything"] if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters) else []
            scopes = [f"{model_name}:{action}" for action in ("read", "write", "delete", "call")]
            narrow = {"scopes": scopes, "models": None}
            for parameter in takes:
                for value, caller in (
                    ("gateway.webhook", {"uid": self.caller.id}),
                    ("gateway.webhook", {"uid": admin}),
                    ({"deep": [{"in": "gateway.webhook"}]}, {"uid": admin}),
                    ("gateway.webhook,1", {"uid": admin}),
                    ("res.country", {"uid": admin, "grant": narrow}),
                    ([{"res_model": "res.country", "res_id": 1}], {"uid": admin, "grant": narrow}),
                ):
                    with self.subTest(model_name, method=name, parameter=parameter, value=value, **caller):
                        operation = self.called(function, model_name, name, parameters, {parameter: value})
                        error = self.execute(operation, **caller)["error"]
                        # A narrowed credential lacks the scope, or no narrowed credential may call the method.
                        reasons = ["odoo.exposure"] + ["scope.insufficient"] * ("grant" in caller)
                        self.assertIn(error["reason"], reasons, error)
            if rule_of(self.env[model_name], name).only:
                with self.subTest(model_name, method=name, only=True):
                    operation = self.called(function, model_name, name, parameters, {})
                    self.assert_refused(self.execute(operation, grant=narrow, uid=admin), "odoo.exposure")

    def called(self, function, model_name, name, parameters, given):
        arguments = {
            parameter.name: 1
            for parameter in parameters
            if parameter.default is parameter.empty
            and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        }
        operation = {**method(model_name, name), "kwargs": {**arguments, **given}}
        return operation if getattr(function, "_api_model", False) else {**operation, "ids": [1]}

    def test_the_lists_name_existing_methods(self):
        for model_name, name in RULES:
            if model_name in self.env.registry and model_name != "base.automation":
                with self.subTest(model_name, method=name):
                    self.assertIn(name, public_methods(self.env[model_name]))
        self.assertTrue(CODE.match("ir.actions.server"))
        self.assertEqual(rule_of(self.env["ir.cron"], "toggle").only, NOBODY)
