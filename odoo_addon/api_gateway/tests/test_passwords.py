import inspect
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tests.common import new_test_user
from odoo.tools import mute_logger

from odoo.addons.base.models.res_users import CryptContext

from ..executor.closed_methods import closed_reason
from .common import ChannelCase, create, method, write

ROUNDS = 40
DERIVATION = "passlib.handlers.pbkdf2.pbkdf2_hmac"

# The closed methods of all modules in these tests. If a name appears after an upgrade of Odoo, a rule of
# executor/closed_methods.py has found it; if one disappears, look for its replacement.
CLOSED = {
    "res.users": {
        "action_change_password_wizard",
        "action_create_passkey",
        "action_reset_password",
        "action_revoke_all_devices",
        "action_totp_disable",
        "action_totp_enable_wizard",
        "api_key_wizard",
        "authenticate",
        "change_password",
        "preference_change_password",
        "reset_password",
        "revoke_all_devices",
        "signup",
    },
    "res.partner": {"action_signup_prepare", "signup_get_auth_param", "signup_prepare"},
    "res.device": {"revoke"},
    "iap.account": {"action_buy_credits", "get_credits_url"},
    # The models below are never exposed at all.
    "res.users.apikeys": {"remove"},
    "res.users.apikeys.description": {"make_key"},
    "res.users.identitycheck": {"run_check"},
    "change.password.own": {"change_password"},
    "auth_totp.device": {"remove"},
    "auth_totp.wizard": {"enable"},
    "auth.passkey.key": {"action_delete_passkey"},
    "auth.passkey.key.create": {"make_key"},
    "ir.mail_server": {"send_email"},
}


def context(rounds):
    return CryptContext(["pbkdf2_sha512", "plaintext"], deprecated=["auto"], pbkdf2_sha512__rounds=rounds)


@tagged("post_install", "-at_install")
class TestPasswords(ChannelCase):
    """Only a login checks a password, and it reveals nothing else."""

    maxDiff = None

    def assert_closed(self, operation, *words, **call):
        name = operation.get("method")
        return self.assert_refused(self.execute(operation, **call), "odoo.exposure", name, *words)

    def test_no_method_reveals_whether_a_password_is_correct(self):
        admin = self.env.ref("base.user_admin")
        right = {"type": "password", "login": "admin", "password": "admin"}
        for operation in (
            method("res.users", "authenticate", [], right, {"interactive": True}),
            method("res.users", "authenticate", [], {**right, "password": "wrong"}, {"interactive": True}),
            method("res.users", "change_password", "admin", "admin"),
            method("res.users", "change_password", old_passwd="wrong", new_passwd="x"),
        ):
            with self.subTest(operation):
                self.assert_closed(operation, "/api/v1/")
                self.assert_closed(operation, uid=admin.id)
                first = create("res.partner", {"name": "First"})
                self.assert_refused(self.execute(first, operation), "odoo.exposure")

    def test_methods_that_reset_passwords_or_give_secrets_are_closed(self):
        partner, user = self.partner.ids, self.caller.ids
        for operation in (
            method("res.users", "reset_password", [], "nobody@example.com"),
            method("res.users", "action_reset_password", user),
            {**method("res.users", "action_reset_password"), "ids": user},
            method("res.users", "signup", {"login": "x", "password": "x"}, None),
            method("res.users", "api_key_wizard", user),
            method("res.users", "revoke_all_devices", user),
            method("res.users", "preference_change_password", user),
            method("res.users", "action_totp_enable_wizard", user),
            method("res.users", "action_totp_disable", user),
            method("res.device", "revoke", [1]),
            method("auth_totp.device", "remove", [1]),
            method("auth_totp.wizard", "enable", [1]),
            method("auth_totp.wizard", "search_read", []),
            method("auth.passkey.key", "search_read", []),
            method("res.partner", "signup_get_auth_param", partner),
            method("res.partner", "signup_prepare", partner),
            method("res.partner", "action_signup_prepare", partner),
        ):
            with self.subTest(operation):
                self.assert_refused(self.execute(operation, uid=self.env.ref("base.user_admin").id), "odoo.exposure")

    def test_a_method_of_any_module_that_takes_a_password_is_closed(self):
        partners = type(self.env["res.partner"])

        def gateway_check(records, login, passwd=None):
            return True

        def gateway_code(records, user_otp):
            return True

        def gateway_open(records, passenger, code_option):
            return True

        for name, function in (("check", gateway_check), ("code", gateway_code), ("open", gateway_open)):
            setattr(partners, f"gateway_{name}", function)
            self.addCleanup(delattr, partners, f"gateway_{name}")
        self.assert_closed(method("res.partner", "gateway_check", [], "admin", "x"))
        self.assert_closed(method("res.partner", "gateway_code", [], "x"))
        self.assert_ok(self.execute(method("res.partner", "gateway_open", [], "x", "y")))

    def test_the_closed_methods_are_these(self):
        found = {}
        for name, model in self.env.items():
            if name.startswith("gateway."):
                continue
            for method_name, function in inspect.getmembers(type(model), inspect.isroutine):
                if not method_name.startswith("_") and closed_reason(model, method_name, function):
                    found.setdefault(name, set()).add(method_name)
        self.assertEqual(found, CLOSED)

    def test_an_administrator_still_sets_a_password(self):
        user = new_test_user(self.env, "gateway_forgetful")
        admin = self.env.ref("base.user_admin").id
        self.assert_ok(self.execute(write("res.users", user.ids, {"password": "a new one"}), uid=admin))
        self.assertEqual(self.login("gateway_forgetful", "a new one"), user.id)
        self.assert_refused(
            self.execute(write("res.users", user.ids, {"password": "another"}), uid=self.caller.id), "odoo.access"
        )

    def test_a_link_that_opens_an_account_is_only_sent_to_its_owner(self):
        """Odoo creates such a link for any user, wherever a template contains it."""
        user = new_test_user(self.env, "gateway_invited", email="invited@example.com")
        template = self.env.ref("auth_signup.set_password_email")
        admin = self.env.ref("base.user_admin").id
        models = ("mail.template.preview", "mail.compose.message", "mail.template", "mail.message", "res.users")
        scopes = [f"{model}:{action}" for model in models for action in ("read", "write", "call")]
        narrow = {"scopes": scopes, "models": None}
        composed = {"template_id": template.id, "model": "res.users", "res_ids": str(user.ids)}
        comment, mass = {**composed, "composition_mode": "comment"}, {**composed, "composition_mode": "mass_mail"}
        body = {"body": {}}
        preview = {"mail_template_id": template.id, "resource_ref": f"res.users,{user.id}"}
        for grant in (None, narrow):
            call = {"grant": grant, "uid": admin}
            shown = self.execute(create("mail.template.preview", preview, fields={"body_html": {}}), **call)
            self.assertNotIn("token=", repr(shown))
            for operation in (
                create("mail.compose.message", comment, fields=body),
                method("mail.compose.message", "onchange", [], comment, ["template_id"], body),
                method("mail.compose.message", "web_save", [], mass, body),
            ):
                answer = self.execute(operation, **call)
                if answer["ok"]:  # rendered when it is sent
                    [wizard] = answer["results"][0]
                    operation = method("mail.compose.message", "action_send_mail", [wizard["id"]])
                    answer = self.execute(operation, **call)
                self.assert_refused(answer, "odoo.exposure", "opens a user's account")
            for values in (
                {"email_to": "other@example.com"},
                {"email_cc": "other@example.com"},
                {"recipient_ids": [[4, self.partner.id]]},
                {"headers": "{'Bcc': 'other@example.com'}"},
            ):
                with self.subTest(**values):
                    sending = method("mail.template", "send_mail", template.ids, user.id, email_values=values)
                    self.assert_refused(self.execute(sending, **call), "odoo.exposure", "opens a user's account")
            sending = method("mail.template", "send_mail", template.ids, user.id)
            mail = self.env["mail.mail"].browse(self.assert_ok(self.execute(sending, **call)))
            self.assertIn("token=", mail.body_html)
        counted = method("mail.message", "search_count", [["id", "=", mail.mail_message_id.id]])
        for caller, count in ((call, 0), ({"uid": self.caller.id}, 0), ({"uid": admin}, 1)):
            self.assertEqual(self.assert_ok(self.execute(counted, **caller)), count, "mail cannot be read as a message")
        values = {"name": "New", "login": "gateway_new", "email": "new@example.com"}
        self.assert_ok(self.execute(create("res.users", values), **call))  # Odoo invites the new user

    def test_no_template_with_account_links_is_left_for_a_cron(self):
        template = self.env.ref("auth_signup.set_password_email")
        admin = self.env.ref("base.user_admin").id
        manager = new_test_user(self.env, "gateway_projects", groups="project.group_project_manager")
        stage = self.env["project.task.type"].create({"name": "Stage", "user_id": False})
        narrow = {"scopes": ["write", "read", "call"], "models": None}
        rating = write("project.task.type", stage.ids, {"rating_template_id": template.id})
        for operation in (
            rating,
            create("mail.activity.type", {"name": "x", "mail_template_ids": [[4, template.id]]}),
            method("project.task.type", "create", {"name": "x"}, context={"default_mail_template_id": template.id}),
        ):
            with self.subTest(operation):
                answer = self.execute(operation, uid=admin, grant=narrow)
                self.assert_refused(answer, "odoo.exposure", "open users' accounts")
        self.assert_refused(self.execute(rating, uid=manager.id), "odoo.exposure", "open users' accounts")
        self.assert_ok(self.execute(rating, uid=admin))
        other = self.env.ref("project.mail_template_data_project_task")
        operation = write("project.task.type", stage.ids, {"mail_template_id": other.id})
        self.assert_ok(self.execute(operation, uid=admin, grant=narrow))

    def login(self, login, password):
        with mute_logger("odoo.addons.base.models.res_users"):
            answer = self.execute({"op": "login", "login": login, "password": password}, uid=None)
        return self.assert_ok(answer)["uid"]

    def test_every_refused_login_costs_one_check_of_a_password(self):
        users = type(self.env["res.users"])
        self.env["ir.config_parameter"].set_param("base.login_cooldown_after", 0)
        made = {
            name: new_test_user(self.env, f"gateway_{name}", email=f"{name}@example.com", password="right horse")
            for name in ("known", "inactive", "without", "old", "cool")
        }
        made["inactive"].active = False
        for name, stored in (("known", context(ROUNDS)), ("old", context(7))):
            made[name]._set_encrypted_password(made[name].id, stored.hash("right horse"))
        self.env.cr.execute("update res_users set password = null where id = %s", (made["without"].id,))
        self.patch(users, "_crypt_context", lambda _self: context(ROUNDS))
        spent = []

        def counted(digest, secret, salt, rounds, *args):
            spent.append(rounds)
            return b"\0" * 64

        def cost(login):
            spent.clear()
            with patch(DERIVATION, counted):
                self.assertIsNone(self.login(login, "wrong horse"))
            return sum(spent)

        for login in (
            "gateway_known",
            "gateway_unknown",
            "gateway_inactive",
            "gateway_without",
            "gateway_old",
            "GATEWAY_KNOWN",
            "known@example.com",
            "__system__",
            "x" * 1000,
        ):
            with self.subTest(login[:50]):
                self.assertEqual(cost(login), ROUNDS)
        # During its cooldown for an address, Odoo does not check the password.
        self.env["ir.config_parameter"].set_param("base.login_cooldown_after", 1)
        for login in ("gateway_known", "gateway_known", "gateway_unknown", "gateway_unknown"):
            self.assertEqual(cost(login), ROUNDS, login)
