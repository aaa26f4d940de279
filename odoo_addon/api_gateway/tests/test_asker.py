import email.message

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import JsonRpcException, new_test_user, tagged
from odoo.tests.common import HttpCase

from .common import ChannelCase, method

MAIL = email.message.EmailMessage()
MAIL["From"] = "someone@example.com"
MAIL["To"] = "catchall@example.com"
MAIL["Subject"] = "Made by mail"
MAIL["Message-Id"] = "<made-by-mail@example.com>"
MAIL.set_content("Nothing.")

CREATED = {
    "gateway.webhook": {"name": "Stolen", "url": "https://example.com/", "model_id": "res.partner", "user_id": 2},
    "gateway.profile": {"name": "Stolen", "minute_limit": 100_000},
    "gateway.key": {"name": "Stolen", "user_id": 2},
    "gateway.client": {"name": "Stolen", "user_id": 2},
    "gateway.resource": {"name": "stolen", "label": "Stolen", "model_name": "res.partner"},
}


def as_superuser(records, model, operation, *args):
    """Stands for any code of Odoo's that goes on as superuser with what its caller says."""
    return getattr(records.env[model].sudo().browse(args[0]), operation)(*args[1:]) and True


def as_another(records, model, operation, *args):
    """And for what goes on as another user, as mail does."""
    return getattr(records.env[model].with_user(2).browse(args[0]), operation)(*args[1:]) and True


class AskerCase(HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plain = new_test_user(cls.env, "gateway_plain", groups="base.group_user")
        cls.manager = new_test_user(cls.env, "gateway_manager", groups="base.group_user,api_gateway.group_manager")
        partners = type(cls.env["res.partner"])
        for function in (as_superuser, as_another):
            function._api_model = True
            setattr(partners, f"gateway_{function.__name__}", function)
            cls.addClassCleanup(delattr, partners, f"gateway_{function.__name__}")

    def values(self, model):
        values = dict(CREATED[model])
        if "model_id" in values:
            values["model_id"] = self.env["ir.model"]._get_id(values["model_id"])
        return values

    def rpc(self, user, model, name, *args, **kwargs):
        """As the web client does. Gives the name of the exception, None when there was none."""
        self.authenticate(user.login, user.login)
        path = f"/web/dataset/call_kw/{model}/{name}"
        try:
            self.make_jsonrpc_request(path, {"model": model, "method": name, "args": list(args), "kwargs": kwargs})
        except JsonRpcException as exc:
            return str(exc)
        return None

    def counts(self):
        return {model: self.env[model].sudo().with_context(active_test=False).search_count([]) for model in CREATED}


@tagged("post_install", "-at_install")
class TestAsker(AskerCase):
    """The gateway's configuration is for those who may change it, whatever code of Odoo's they go through."""

    def test_no_mail_makes_or_changes_configuration(self):
        before = self.counts()
        for user in (self.plain, self.manager, self.env.ref("base.user_admin")):
            for model in ("gateway.webhook", "gateway.profile", "gateway.key", "gateway.client"):
                with self.subTest(user=user.login, model=model):
                    args = [model, MAIL.as_string(), self.values(model)]
                    self.assertTrue(self.rpc(user, "mail.thread", "message_process", *args))
                    self.assertTrue(self.rpc(user, model, "message_new", {"subject": "x"}, self.values(model)))
        self.assertEqual(self.counts(), before)
        with self.assertRaises(AccessError):
            self.env["gateway.profile"].message_new({"subject": "x"}, {"name": "x"})
        profile = self.env["gateway.profile"].create({"name": "Mine"})
        with self.assertRaises(AccessError):
            profile.message_update({}, {"name": "x"})
        self.env["ir.config_parameter"].set_param("mail.catchall.domain", "example.com")
        with self.assertRaises(ValidationError):
            self.env["mail.alias"].create(
                {"alias_name": "x", "alias_model_id": self.env["ir.model"]._get_id("gateway.profile")}
            )

    def test_superuser_code_makes_no_configuration_for_a_user_who_may_not(self):
        before = self.counts()
        for model in CREATED:
            for way in ("gateway_as_superuser", "gateway_as_another"):
                with self.subTest(model=model, way=way):
                    fault = self.rpc(self.plain, "res.partner", way, model, "create", [], self.values(model))
                    self.assertIn("AccessError", fault or "")
        self.assertEqual(self.counts(), before)

    def test_superuser_code_changes_and_deletes_none_either(self):
        for model in CREATED:
            record = self.env[model].create(self.values(model))
            for way in ("gateway_as_superuser", "gateway_as_another"):
                for operation, *args in (("write", {"active": False}), ("unlink",), ("copy", {"name": "other"})):
                    with self.subTest(model=model, way=way, operation=operation):
                        fault = self.rpc(self.plain, "res.partner", way, model, operation, record.ids, *args)
                        self.assertIn("AccessError", fault or "")
            self.assertTrue(record.exists().active)

    def test_every_model_of_the_gateway_asks_who_asks(self):
        """A new model that forgets it is named here."""
        for model in self.env.registry.values():
            if model._name.startswith("gateway.") and not model._abstract and model._name != "gateway.sidecar":
                with self.subTest(model._name):
                    if model._auto:
                        self.assertTrue(
                            any(getattr(cls, "_name", None) == "gateway.configuration" for cls in model.mro())
                        )
                    else:
                        self.assertFalse(
                            self.env["ir.model.access"].search_count(
                                [
                                    ("model_id.model", "=", model._name),
                                    "|",
                                    "|",
                                    ("perm_write", "=", True),
                                    ("perm_create", "=", True),
                                    ("perm_unlink", "=", True),
                                ]
                            )
                        )

    def test_a_manager_makes_no_credential_for_another_as_superuser_either(self):
        for model in ("gateway.key", "gateway.client", "gateway.webhook"):
            for way in ("gateway_as_superuser", "gateway_as_another"):
                with self.subTest(model=model, way=way):
                    fault = self.rpc(self.manager, "res.partner", way, model, "create", [], self.values(model))
                    self.assertIn("AccessError", fault or "")
        own = {"name": "Own", "user_id": self.manager.id, "expires_at": False}
        fault = self.rpc(self.manager, "res.partner", "gateway_as_superuser", "gateway.key", "create", [], own)
        self.assertIn("ValidationError", fault or "", "a key without an end")

    def test_what_was_written_may_not_become_anothers(self):
        webhooks = self.env["gateway.webhook"].create(
            [dict(self.values("gateway.webhook"), user_id=user.id) for user in (self.manager, self.plain)]
        )
        header = self.env["gateway.webhook.header"].create({"webhook_id": webhooks[0].id, "name": "X-Own"})
        mine = header.with_user(self.manager)
        mine.write({"name": "X-Mine"})
        with self.assertRaises(AccessError):
            mine.write({"webhook_id": webhooks[1].id})
            self.env.flush_all()
        with self.assertRaises(AccessError):
            webhooks[0].with_user(self.manager).write({"user_id": self.plain.id})

    def test_what_the_gateway_does_itself_goes_on(self):
        key = self.env["gateway.key"].with_user(self.manager).create({"name": "Own"})
        key._set_secret()
        self.assertIn(key.state, ("active", "expiring"))
        key.action_revoke()
        self.assertEqual(key.state, "revoked")
        self.assertIsNone(self.rpc(self.manager, "gateway.speed.test", "finish", "x"))
        with self.assertRaises(UserError):
            key.write({"active": True})


@tagged("post_install", "-at_install")
class TestAskerByKey(ChannelCase):
    def test_a_key_makes_no_configuration_by_mail(self):
        values = {"name": "Stolen", "minute_limit": 9}
        before = self.env["gateway.profile"].search_count([])
        for uid in (self.caller.id, self.env.ref("base.user_admin").id):
            answer = self.execute(
                method("mail.thread", "message_process", "gateway.profile", MAIL.as_string(), values), uid=uid
            )
            self.assertFalse(answer["ok"], answer)
        self.assertEqual(self.env["gateway.profile"].search_count([]), before)
