"""The page API Access Keys shows each user only their own keys, and no RPC of Odoo shows or changes another user's."""

import re
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.service.model import get_public_method
from odoo.tests.common import new_test_user, tagged

from .test_credentials_rights import CredentialsCase


@tagged("post_install", "-at_install")
class TestCredentialsPage(CredentialsCase):
    def page(self, user, **query):
        return self.env["gateway.key.page"].with_user(user).keys(**query)

    def names(self, user, **query):
        return {key["name"] for key in self.page(user, **query)["keys"]}

    def test_everyone_means_all_keys_that_the_user_may_see(self):
        self.key(self.owner, name="Mine")
        self.key(self.other, name="Theirs")
        self.assertEqual(self.names(self.owner), {"Mine"})
        self.assertEqual(self.names(self.owner, everyone=True), {"Mine"})
        self.assertEqual(self.names(self.manager), set())
        self.assertLessEqual({"Mine", "Theirs"}, self.names(self.manager, everyone=True, limit=100))
        self.assertEqual(self.names(self.owner, text="Theirs", everyone=True), set())
        stranger = new_test_user(self.env, "key_stranger", groups="base.group_user")
        for attempt in (
            lambda: self.page(stranger),
            lambda: self.env["gateway.key.page"].with_user(stranger).surroundings(),
        ):
            with self.assertRaises(AccessError):
                attempt()

    def test_each_section_lists_the_right_keys(self):
        now = fields.Datetime.now()
        self.key(self.owner, name="Fresh")
        self.key(self.owner, name="Expiring", expires_at=now + timedelta(days=13))
        old, used = self.key(self.owner, name="Old"), self.key(self.owner, name="Old but used")
        (self.key(self.owner, name="Expired").sudo()).expires_at = now - timedelta(days=1)
        self.key(self.owner, name="Revoked").action_revoke()
        self.key(self.owner, name="Archived").active = False
        self.env.flush_all()
        self.env.cr.execute(
            "update gateway_key set create_date = %s where id in %s", (now - timedelta(days=91), (old.id, used.id))
        )
        self.env.cr.execute(
            "select gateway.record_usage('{gateway_key}', %s, '{1}', array[gateway.utc_now()], '{203.0.113.7}')",
            ([used.id],),
        )
        self.env.invalidate_all()
        expected = {
            "active": {"Fresh", "Expiring", "Old", "Old but used"},
            "expiring": {"Expiring"},
            "unused": {"Old"},
            "ended": {"Expired", "Revoked", "Archived"},
        }
        expected["all"] = expected["active"] | expected["ended"]
        for section, names in expected.items():
            with self.subTest(section):
                page = self.page(self.owner, section=section)
                self.assertEqual({key["name"] for key in page["keys"]}, names)
                self.assertEqual((page["total"], page["counts"][section]), (len(names), len(names)))
        with self.assertRaises(ValidationError):
            self.page(self.owner, section="others")

    def test_pages_are_limited_and_can_be_searched_by_name_prefix_and_user(self):
        for number in range(3):
            self.key(self.owner, name=f"Key {number}")
        key = self.key(self.owner, name="With a secret")
        key._set_secret()
        self.assertEqual(len(self.page(self.owner, limit=2)["keys"]), 2)
        self.assertEqual(self.names(self.owner, offset=3, limit=2), {"Key 0"})
        self.assertEqual(len(self.page(self.owner, offset=-5, limit=-5)["keys"]), 1)
        self.assertEqual(self.names(self.owner, text="key 1"), {"Key 1"})
        self.assertEqual(self.names(self.owner, text=key.prefix + "and the rest of it"), {"With a secret"})
        self.assertEqual(len(self.page(self.manager, text=self.owner.name, everyone=True)["keys"]), 4)

    def test_a_secret_may_be_renewed_by_its_user_and_by_administrators(self):
        self.key(self.owner, name="A key")
        pages = [self.page(user, everyone=True) for user in (self.owner, self.manager, self.admin)]
        self.assertEqual([page["keys"][0]["renewable"] for page in pages], [True, False, True])

    def test_only_managers_see_profiles(self):
        surroundings = {
            user: self.env["gateway.key.page"].with_user(user).surroundings()
            for user in (self.owner, self.manager, self.admin)
        }
        self.assertEqual(surroundings[self.owner]["profiles"], [])
        self.assertIn({"id": self.profile.id, "name": "Shop"}, surroundings[self.manager]["profiles"])
        self.assertEqual(
            [found["longest_days"] for found in surroundings.values()],
            [90, 90, None],
        )


@tagged("post_install", "-at_install")
class TestForeignKeys(CredentialsCase):
    """Tries to read or change another user's key through the methods that Odoo's RPC offers."""

    def rpc(self, name, *args, **kwargs):
        """Like /web/dataset/call_kw, which allows only public methods."""
        keys = self.env["gateway.key"].with_user(self.owner)
        method = get_public_method(keys, name)
        if getattr(method, "_api_model", False):
            return method(keys, *args, **kwargs)
        ids, *rest = args
        return method(keys.browse(ids), *rest, **kwargs)

    def test_another_users_key_is_not_seen(self):
        foreign = self.key(self.other, name="Foreign")
        foreign._set_secret()
        ids = foreign.ids
        for name, args, kwargs in (
            ("search", [[("id", "in", ids)]], {}),
            ("search_read", [[("name", "=", "Foreign")]], {}),
            ("search_count", [[("user_id", "=", self.other.id)]], {}),
            ("name_search", ["Foreign"], {}),
            ("web_search_read", [[("id", "in", ids)], {"name": {}}], {}),
            ("formatted_read_group", [[("id", "in", ids)], ["user_id"]], {}),
        ):
            with self.subTest(name):
                found = self.rpc(name, *args, **kwargs)
                self.assertFalse(found["records"] if name == "web_search_read" else found)
        for name, args in (
            ("read", [ids]),
            ("web_read", [ids, {"name": {}, "prefix": {}}]),
            ("export_data", [ids, ["name"]]),
            ("copy_data", [ids]),
            ("get_metadata", [ids]),
        ):
            with self.subTest(name), self.assertRaises(UserError):
                self.rpc(name, *args)
        users = self.env["res.users"].with_user(self.owner)
        self.assertFalse(users.search([("gateway_key_ids.name", "=", "Foreign")]))
        self.assertFalse(users.browse(self.other.id).read(["gateway_key_ids"])[0]["gateway_key_ids"])
        messages = self.env["mail.message"].with_user(self.owner)
        self.assertFalse(messages.search([("model", "=", "gateway.key"), ("res_id", "in", ids)]))

    def test_another_users_key_is_not_changed(self):
        foreign = self.key(self.other, name="Foreign")
        foreign._set_secret()
        before = foreign.sudo().read(["name", "scopes", "active", "revoked_at", "user_id", "expires_at"])
        secrets = self.row("select array_agg(hash) as hashes from gateway.credential_secret where kind = 'gateway_key'")
        ids = foreign.ids
        for name, args in (
            ("write", [ids, {"name": "Taken"}]),
            ("web_save", [ids, {"name": "Taken"}, {}]),
            ("unlink", [ids]),
            ("copy", [ids]),
            ("action_archive", [ids]),
            ("action_revoke", [ids]),
            ("message_post", [ids]),
            ("message_subscribe", [ids, self.other.partner_id.ids]),
            ("activity_schedule", [ids, "mail.mail_activity_data_todo"]),
        ):
            with self.subTest(name), self.assertRaises(UserError):
                self.rpc(name, *args)
        self.assertFalse(self.rpc("message_subscribe", ids, self.owner.partner_id.ids))
        loaded = self.rpc("load", [".id", "name"], [[str(foreign.id), "Taken"]])
        self.assertFalse(loaded["ids"])
        for guarded in ("action_generate", "action_rotate"):
            with self.subTest(guarded), self.assertRaises(UserError):
                keys = self.env["gateway.key"].with_user(self.owner).browse(ids)
                getattr(type(keys), guarded).__wrapped__(keys)
        with self.assertRaises(AccessError):
            self.rpc("_set_secret", ids)
        self.env.invalidate_all()
        after = foreign.sudo().read(["name", "scopes", "active", "revoked_at", "user_id", "expires_at"])
        self.assertEqual(after, before)
        self.assertEqual(
            self.row("select array_agg(hash) as hashes from gateway.credential_secret where kind = 'gateway_key'"),
            secrets,
        )

    def test_scopes_are_explained_and_faults_reported(self):
        self.env["gateway.resource"].create({"name": "gadgets", "label": "Gadget", "model_name": "res.partner"})
        page = self.env["gateway.key.page"].with_user(self.owner)
        explained = page.explain_scopes("read gadgets_read res.partner:call")
        self.assertIsNone(explained["fault"])
        self.assertEqual([line["is_wide"] for line in explained["lines"]], [True, False, True])
        self.assertIn("Gadget", explained["lines"][1]["text"])
        for text, said in (
            ("everything", "is not a scope"),
            ("res.partnr:read", "Did you mean “res.partner”?"),
            ("gadget_read", "Did you mean “gadgets”?"),
            ("ir.cron:read", "there is no model"),
        ):
            with self.subTest(text=text):
                self.assertIn(said, page.explain_scopes(text)["fault"])
        stranger = new_test_user(self.env, "scope_stranger", groups="base.group_user")
        with self.assertRaises(AccessError):
            self.env["gateway.key.page"].with_user(stranger).scope_targets()

    def test_widths_of_columns_are_pixels(self):
        # Odoo's list uses only the number: "9rem" would mean nine pixels.
        views = self.env["ir.ui.view"].search([("type", "=", "list"), ("model", "=like", "gateway.%")])
        self.assertTrue(views)
        for view in views:
            widths = re.findall(r' width="([^"]*)"', view.arch_db)
            self.assertEqual([width for width in widths if not re.fullmatch(r"\d+px", width)], [], view.name)

    def test_the_agents_page_shows_only_the_users_own_keys_and_apps(self):
        mine, theirs = self.key(self.owner, name="Mine"), self.key(self.other, name="Theirs")
        app = self.env["gateway.app"].with_user(self.manager).create({"name": "App", "redirect_uris": "https://a.b/c"})
        page = self.env["gateway.agent.page"].with_user(self.owner)
        nothing = {"at": False, "tools": []}
        state = page.state(key_id=mine.id)
        self.assertEqual(([key["name"] for key in state["keys"]], state["seen"]), (["Mine"], nothing))
        self.assertIn({"id": app.id, "name": "App", "client_id": app.client_id}, state["apps"])
        self.assertIsNone(page.state(key_id=theirs.id)["seen"])
        self.assertEqual(page.state(apps=True)["seen"], nothing)
        stranger = new_test_user(self.env, "agent_stranger", groups="base.group_user")
        with self.assertRaises(AccessError):
            page.with_user(stranger).state(apps=True)
