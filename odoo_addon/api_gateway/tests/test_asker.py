import json
from contextlib import contextmanager
from datetime import timedelta

from odoo.api import Environment
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests.common import HttpCase, new_test_user, tagged

from ..tools.asker import own_code
from .test_credentials_rights import CredentialsCase

MAIL = """From: someone@example.com
To: catchall@example.com
Subject: Made by mail
Message-Id: <made-by-mail-{n}@example.com>

Hello
"""


class AskerCase(CredentialsCase):
    @contextmanager
    def request_of(self, user):
        """Simulates a request of this user. All superuser code in this context runs for the user."""
        transaction = self.env.transaction
        before = transaction.default_env
        transaction.default_env = self.env(user=user.id, su=False, context={})
        try:
            yield
        finally:
            transaction.default_env = before

    def refused(self, attempt, *, name=None, raises=AccessError):
        with self.subTest(name), self.assertRaises(raises), self.env.cr.savepoint():
            attempt()
            self.env.flush_all()


@tagged("post_install", "-at_install")
class TestAsker(AskerCase):
    """Superuser code that acts on a caller's values has only the caller's rights on the gateway's configuration."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plain = new_test_user(cls.env, "plain_user", groups="base.group_user")
        cls.partner_model = cls.env["ir.model"]._get("res.partner")
        cls.webhook = cls.env["gateway.webhook"].create(
            {"name": "Admin's", "url": "https://example.com", "model_id": cls.partner_model.id, "user_id": cls.admin.id}
        )
        cls.header = cls.env["gateway.webhook.header"].create({"webhook_id": cls.webhook.id, "name": "X-Own"})
        cls.admins_key = cls.env["gateway.key"].create(
            {"name": "Admin's", "user_id": cls.admin.id, "ip_list": "10.0.0.1"}
        )
        rule = cls.env["gateway.alert.rule"].search([], limit=1)
        cls.env["gateway.alert"]._open(rule, "*", 1)

    def models(self):
        return [
            self.env[name]
            for name in sorted(self.env.registry)
            if name.startswith("gateway.") and not self.env.registry[name]._abstract
        ]

    def test_a_plain_user_changes_no_model_of_the_gateway_as_superuser(self):
        self.assertGreater(len(self.models()), 15)
        for user in (self.plain, self.env.ref("base.public_user")):
            with self.request_of(user):
                for model in self.models():
                    # The superuser, and another user to whom Odoo's code may have switched.
                    for acting in (
                        model.sudo(),
                        model.with_user(1),
                        model.with_user(self.admin),
                        model.with_user(user).sudo(),
                    ):
                        record = acting.browse(self._a_record(model))
                        values = {"name": "x"} if "name" in model._fields else {}
                        self.refused(lambda acting=acting, values=values: acting.create(values), name=model._name)
                        self.refused(lambda record=record, values=values: record.write(values), name=model._name)
                        self.refused(record.unlink, name=model._name)

    def _a_record(self, model):
        return model.sudo().with_context(active_test=False).search([], limit=1).id or 1

    def test_code_without_a_user_may_change_it(self):
        with self.request_of(self.plain):
            self.env.transaction.default_env = Environment(self.env.cr, None, {})
            self.refused(lambda: self.env["gateway.profile"].sudo().create({"name": "x"}))

    def test_an_owner_and_a_manager_keep_their_own_rights_as_superuser(self):
        other = self.key(self.other)
        with self.request_of(self.owner):
            keys = self.env["gateway.key"].sudo()
            for values in (
                {"user_id": self.other.id},
                {"profile_id": self.profile.id},
                {"ip_list": "10.0.0.1"},
                {"revoked_at": self.soon},
                {"is_speed_test": True},
            ):
                self.refused(
                    lambda values=values: keys.create(
                        {"name": "x", "user_id": self.owner.id, "expires_at": self.soon, **values}
                    ),
                    name=values,
                )
            own = self.key(self.owner)
            self.refused(lambda: keys.browse(own.id).write({"is_speed_test": True}))
            with own_code():
                keys.browse(own.id).is_speed_test = True
            for values in ({"expires_at": self.soon}, {"scopes": False}, {"name": "x"}):
                self.refused(lambda values=values: keys.browse(own.id).write(values), name=values)
            self.refused(lambda: keys.browse(other.id).write({"name": "x"}))
            self.refused(lambda: keys.browse(other.id).action_revoke())
            self.refused(lambda: keys.browse(other.id).action_revoke_tokens())
            self.refused(lambda: keys.browse(other.id)._set_secret())
            self.assertTrue(keys.create({"name": "x", "user_id": self.owner.id, "expires_at": self.soon})._set_secret())
        with self.request_of(self.manager):
            webhooks, keys = self.env["gateway.webhook"].sudo(), self.env["gateway.key"].sudo()
            webhook = webhooks.browse(self.webhook.id)
            values = {"name": "x", "url": "https://example.com", "model_id": self.partner_model.id}
            for name, attempt in {
                "webhook": lambda: webhooks.create({**values, "user_id": self.admin.id}),
                "url": lambda: webhook.write({"url": "https://example.net"}),
                "secret": webhook.action_rotate_secret,
                "show": webhook.action_show_secret,
                "test": webhook.action_send_test,
                "pause": webhook.action_pause,
                "resume": webhook.action_resume,
                "header": lambda: (
                    self.env["gateway.webhook.header"].sudo().create({"webhook_id": webhook.id, "name": "X"})
                ),
                "value": lambda: self.header.sudo().write({"value": "x"}),
                "unlink": webhook.unlink,
                "key": lambda: keys.create({"name": "x", "user_id": self.admin.id, "expires_at": self.soon}),
                "key's secret": lambda: self.admins_key.sudo()._set_secret(),
                "environment": lambda: keys.create(
                    {"name": "x", "user_id": self.manager.id, "environment_name": "X", "expires_at": self.soon}
                ),
                "signing": lambda: self.env["gateway.signing.secret"].sudo().rotate(True),
            }.items():
                self.refused(attempt, name=name)
            wizard = (
                self.env["gateway.webhook.redeliver"]
                .with_user(self.manager)
                .create({"webhook_id": webhook.id, "since": self.soon})
            )
            self.refused(wizard.sudo().action_redeliver)
            shown = self.env["gateway.webhook.secret"].with_user(self.manager).create({"webhook_id": webhook.id}).sudo()
            self.assertFalse(shown.secret)
        with self.request_of(self.plain):
            for name, attempt in {
                "tokens": lambda: self.env["gateway.token"].sudo().browse(1).action_revoke(),
                "throttle": lambda: self.env["gateway.throttle"].sudo().browse(1).action_reset(),
                "block": lambda: self.env["gateway.ip.block"].sudo().browse(1).action_unblock(),
                "never": lambda: self.env["gateway.ip.block"].sudo().browse(1).action_never_block(),
                "settings": lambda: self._save_setting(),
                "profile": lambda: self.plain.sudo().write({"gateway_profile_id": self.profile.id}),
            }.items():
                self.refused(attempt, name=name)

    def _save_setting(self):
        settings = self.env["res.config.settings"].sudo().create({"gateway_key_inactive_users": True})
        settings.set_values()

    def test_a_header_cannot_be_moved_to_another_owners_webhook(self):
        own = (
            self.env["gateway.webhook"]
            .with_user(self.manager)
            .create({"name": "Own", "url": "https://example.com", "model_id": self.partner_model.id})
        )
        header = own.header_ids.create({"webhook_id": own.id, "name": "X-Api-Key", "value": "s3cret"})
        for name, attempt in {
            "moved": lambda: header.write({"webhook_id": self.webhook.id}),
            "made": lambda: header.create({"webhook_id": self.webhook.id, "name": "X-B"}),
            "taken": lambda: own.write({"header_ids": [Command.link(self.header.id)]}),
            "given": lambda: self.webhook.with_user(self.manager).write({"header_ids": [Command.link(header.id)]}),
        }.items():
            self.refused(attempt, name=name)
        second = own.copy({"url": "https://example.net"})
        header.write({"webhook_id": second.id})
        self.assertEqual(header.webhook_id, second, "moving between own webhooks is allowed")

    def test_domains_are_literals(self):
        def write(domain):
            resource = self.env["gateway.resource"].create(
                {"name": "things", "label": "Thing", "model_name": "res.partner", "domain": domain}
            )
            self.env.flush_all()
            resource.invalidate_recordset()
            return resource

        for domain in (
            "[('id', 'in', [i for i in range(3)])]",
            "[('id', '=', 1 + 1)]",
            "[('id', '=', uid)]",
            "[('name', '=', 'a' * 9)]",
            "[('name', '=', b'a')]",
            "[('id', 'in', {1, 2})]",
            "[('id', '=', 1e999)]",
            "[('id', '=', 1)]" + " " * 20_000 + "#",
            "[" * 300 + "]" * 300,
            "[" + "('id', '=', 1)," * 501 + "]",
            f"[('{'parent_id.' * 17}name', '=', 'x')]",
            "[" + "('parent_id.parent_id.name', '=', 'x')," * 9 + "]",
            "[('parent_id', 'any', " * 17 + "[('id', '=', 1)]" + ")]" * 17,
            "{'a': 1}",
            "'abc'",
            "[('id'",
        ):
            with self.subTest(domain[:40]), self.assertRaises(ValidationError), self.env.cr.savepoint():
                write(domain)
            with (
                self.subTest(domain[:40], model="webhook"),
                self.assertRaises(ValidationError),
                self.env.cr.savepoint(),
            ):
                self.webhook.domain = domain
        self.assertEqual(write("[('is_company', '=', True)]").domain_json, [["is_company", "=", True]])
        self.webhook.domain = f"[('{'parent_id.' * 16}name', '=', 'x')]"
        # Values stored before these rules existed do not block writes.
        self.env.cr.execute(
            "update gateway_webhook set domain = %s where id = %s", ["[('id', 'in', {1, 2})]", self.webhook.id]
        )
        self.env.invalidate_all()
        self.env.registry.clear_cache("stable")
        self.env["res.partner"].create({"name": "Written"})


@tagged("post_install", "-at_install")
class TestWidening(AskerCase):
    """A manager who is not an administrator can restrict others' credentials, but not extend them."""

    def test_managers_cannot_extend_keys_of_others(self):
        soon = self.soon
        wide = self.env["gateway.profile"].create({"name": "Wide", "minute_limit": 9})
        narrow = self.env["gateway.profile"].create(
            {"name": "Narrow", "scopes": "read", "ip_list": "10.0.0.0/8", "model_names": "res.partner"}
        )
        key = self.key(self.admin, scopes="read res.partner:write", ip_list="10.1.0.0/16", profile_id=narrow.id)
        as_manager = key.with_user(self.manager)
        for values in (
            {"scopes": False},
            {"scopes": "read write"},
            {"scopes": "read res.users:write"},
            {"ip_list": False},
            {"ip_list": "10.0.0.0/8"},
            {"ip_list": "10.1.0.1\n192.0.2.1"},
            {"ip_list": "::/0"},
            {"profile_id": False},
            {"profile_id": wide.id},
            {"expires_at": soon + timedelta(days=1)},
        ):
            self.refused(lambda values=values: as_manager.write(values), name=values)
            with self.request_of(self.manager):
                self.refused(lambda values=values: key.sudo().write(values), name=("su", values))
        self.refused(lambda: as_manager.write({"expires_at": False}), raises=UserError)
        with self.request_of(self.manager):
            self.refused(lambda: key.sudo().write({"expires_at": False}), raises=UserError)
        for values in (
            {"scopes": "res.partner:read"},
            {"ip_list": "10.1.2.0/24"},
            {"expires_at": soon - timedelta(days=1)},
            {"name": "Renamed"},
            {"subject": "key"},
            {"active": False},
        ):
            with self.subTest(values):
                as_manager.write(values)
        self.refused(lambda: as_manager.write({"active": True}))
        for values in (
            {"scopes": False},
            {"ip_list": False},
            {"profile_id": False},
            {"active": True},
            {"expires_at": False},
        ):
            key.with_user(self.admin).write(values)
        as_manager.action_revoke()
        own = self.key(self.manager, scopes="read")
        own.with_user(self.manager).write({"scopes": False})

    def test_managers_cannot_extend_profiles_of_others(self):
        values = {
            "name": "Shop",
            "scopes": "read",
            "ip_list": "10.0.0.0/8",
            "model_names": "res.partner\nres.country",
            "minute_limit": 5,
        }
        profile, other = self.env["gateway.profile"].create([values, {"name": "Other"}])
        free = profile.with_user(self.manager)
        free.write({"ip_list": "0.0.0.0/0"})  # it applies to nobody yet
        free.write({"ip_list": "10.0.0.0/8"})
        self.admin.gateway_profile_id = profile
        for governed in ("user", "key"):
            if governed == "key":
                self.admin.gateway_profile_id = False
                self.key(self.admin, profile_id=profile.id)
            for values in (
                {"scopes": False},
                {"scopes": "read write"},
                {"ip_list": False},
                {"ip_list": "0.0.0.0/0"},
                {"model_names": False},
                {"model_names": "res.partner\nres.users"},
            ):
                self.refused(lambda values=values: free.write(values), name=(governed, values))
            free.write({"minute_limit": 50, "model_names": "res.partner"})
            profile.with_user(self.admin).write({"model_names": "res.partner\nres.country"})
        self.admin.gateway_profile_id = profile
        with self.request_of(self.manager):
            self.refused(lambda: free.write({"user_ids": [Command.unlink(self.admin.id)]}), name="taken away")
            self.refused(
                lambda: other.with_user(self.manager).write({"user_ids": [Command.link(self.admin.id)]}),
                name="replaced",
            )
            self.refused(lambda: self.admin.sudo().write({"gateway_profile_id": False}), name="by the user")
            free.write({"user_ids": [Command.link(self.other.id)]})
        self.assertEqual(self.other.gateway_profile_id, profile)


@tagged("post_install", "-at_install")
class TestMail(HttpCase):
    """Odoo accepts mail as superuser, from anyone who calls it."""

    def rpc(self, model, method, *args, **kwargs):
        answer = self.url_open(
            f"/web/dataset/call_kw/{model}/{method}",
            data=json.dumps({"params": {"model": model, "method": method, "args": args, "kwargs": kwargs}}),
            headers={"Content-Type": "application/json"},
        ).json()
        self.env.invalidate_all()
        return answer

    def test_mail_cannot_create_or_change_configuration(self):
        new_test_user(self.env, "plain_user", "base.group_user")
        webhook = {"url": "https://example.com", "model_id": self.env["ir.model"]._get_id("res.partner"), "name": "x"}
        resource = {"label": "x", "model_name": "res.users", "name": "x"}
        made = {
            "gateway.webhook": {**webhook, "user_id": self.env.ref("base.user_admin").id},
            "gateway.profile": {"name": "x"},
            "gateway.key": {"name": "x", "user_id": self.env.ref("base.user_admin").id},
            "gateway.client": {"name": "x", "user_id": self.env.ref("base.user_admin").id},
            "gateway.resource": resource,
        }
        existing = self.env["gateway.webhook"].create({**webhook, "user_id": self.env.ref("base.user_admin").id})
        for login in ("plain_user", "admin"):
            self.authenticate(login, login)
            for n, (model, values) in enumerate(made.items()):
                with self.subTest(model, login=login):
                    count = self.env[model].sudo().with_context(active_test=False).search_count([])
                    message = MAIL.format(n=f"{login}-{n}")
                    answer = self.rpc("mail.thread", "message_process", model, message, custom_values=values)
                    self.assertEqual(answer["error"]["data"]["name"], "odoo.exceptions.AccessError")
                    self.assertEqual(self.env[model].sudo().with_context(active_test=False).search_count([]), count)
            answer = self.rpc("gateway.webhook", "message_update", existing.ids, {}, {"url": "https://example.net"})
            self.assertEqual(answer["error"]["data"]["name"], "odoo.exceptions.AccessError")
            self.assertEqual(existing.url, "https://example.com")
        for model in ("gateway.webhook", "gateway.profile", "gateway.key"):
            with self.subTest(model), self.assertRaises(UserError), self.env.cr.savepoint():
                self.env["mail.alias"].create(
                    {"alias_name": "made", "alias_model_id": self.env["ir.model"]._get_id(model)}
                )
            with self.subTest(model), self.assertRaises(AccessError), self.env.cr.savepoint():
                self.env[model].message_new({"subject": "x"}, made[model])
