"""Calls over Odoo's own protocols. They accept the same arguments as Odoo, because existing scripts rely on that, and
their context does not get the user's language and time zone. The rights of a credential are the same as on `/call`."""

from odoo.tests.common import tagged

from .common import ChannelCase, create, method, write

BARE = {"bare": True}
READS = {"scopes": ["res.partner:read"], "models": None}
WRITES = {"scopes": ["res.partner:write", "res.partner:read"], "models": None}
PARTNERS = {"scopes": None, "models": ["res.partner", "mail.*"]}


@tagged("post_install", "-at_install")
class TestBareCalls(ChannelCase):
    def bare(self, *operations, **call):
        return self.execute(*operations, context=BARE, **call)

    def test_contexts_may_have_keys_that_the_model_does_not_use(self):
        for context, reason in (({"tz": "Nowhere/Else"}, "odoo.arguments"), ({"default_nope": 1}, "odoo.field")):
            count = method("res.partner", "search_count", [["id", "=", self.partner.id]], context=context)
            with self.subTest(context):
                self.assertEqual(self.assert_ok(self.bare(count)), 1)
                self.assertEqual(self.assert_ok(self.query(count, context=BARE)), 1)
                self.assert_refused(self.execute(count), reason)

    def test_a_language_is_checked_and_refused_in_odoos_words(self):
        for lang in ("xx_XX", "../../../../tmp/x", ["en_US"], {"a": 1}, 5, "x" * 500):
            has_access = method("res.partner", "has_access", [], "read", context={"lang": lang})
            with self.subTest(lang):
                self.assert_refused(self.bare(has_access), "odoo.user", "Invalid language code: ")
                self.assert_refused(self.execute(has_access), "odoo.arguments")

    def test_values_are_written_as_odoo_writes_them(self):
        self.assert_ok(
            self.bare(method("res.partner", "write", self.partner.ids, {"name": "", "ref": "", "color": 2.5}))
        )
        self.env.cr.execute("select name, ref, color from res_partner where id = %s", self.partner.ids)
        self.assertEqual(self.env.cr.fetchone(), ("", "", 2))
        self.assert_refused(self.bare(write("res.partner", self.partner.ids, {"color": 2**31})), "odoo.validation")
        self.assert_refused(self.execute(create("res.partner", {"name": "x", "color": 2.5})), "odoo.validation")

    def test_scripts_ask_for_a_field_to_see_whether_it_is_there(self):
        described = self.assert_ok(self.bare(method("res.partner", "fields_get", ["nope", "ref"], ["type"])))
        self.assertEqual(described, {"ref": {"type": "char"}})
        self.assertEqual(self.assert_ok(self.bare(method("res.partner", "fields_get", ["nope"]))), {})
        defaults = self.assert_ok(self.bare(method("res.partner", "default_get", ["nope", "type", "nope"])))
        self.assertEqual(defaults, {"type": "contact"})
        self.assert_refused(self.execute(method("res.partner", "default_get", ["nope"])), "odoo.field")
        for text in ("nope password", "display_name.password"):  # Odoo looks for names in a string
            self.assert_refused(self.bare(method("res.users", "fields_get", text)), "odoo.field")
        for name in ("fields_get", "default_get"):
            self.assert_refused(self.bare(method("res.partner", name, [5])), "odoo.arguments")
        hidden = method("res.partner", "default_get", ["credit_limit", "type"])
        self.assertEqual(self.assert_ok(self.bare(hidden)), {"type": "contact"})

    def test_it_reaches_no_further_than_a_call(self):
        """Each call is refused for the same reason, over Odoo's own protocols and on `/call`."""
        admin, uid = self.env.ref("base.user_admin"), self.env.uid
        attachment = self.env["ir.attachment"].sudo().create({"name": "of nobody", "res_model": "res.users"})
        one = self.partner.ids
        doomed = self.env["res.partner"].create({"name": "stays"})
        link = {"res_model": "res.partner", "res_id": doomed.id + 0.5, "name": "x"}
        for operation, grant, user in (
            # Models and fields that are never exposed, including through relations.
            (method("ir.config_parameter", "search_read", []), None, admin),
            (method("ir.config_parameter", "fields_get", ["key"]), None, admin),
            (method("res.users", "read", admin.ids, ["password"]), None, admin),
            (method("res.users", "fields_get", ["api_key_ids"]), None, admin),
            (method("res.users", "fields_get", ["password", "nope"]), None, admin),
            (method("res.users", "fields_get", "api_key_ids"), None, admin),
            (method("res.users", "default_get", ["api_key_ids", "nope"]), None, admin),
            (method("res.partner", "fields_get", ["user_ids.password"]), None, admin),
            (method("res.users", "write", admin.ids, {"api_key_ids": [[0, 0, {"name": ""}]]}), None, admin),
            # Effects of methods.
            (method("res.partner", "write", one, {"name": ""}), READS, None),
            (method("res.partner", "action_archive", one), READS, None),
            (method("res.partner", "unlink", one), WRITES, None),
            (method("res.partner", "message_post", one, body=""), READS, None),
            (method("res.partner", "sudo", one), None, admin),
            (method("res.partner", "with_user", one, uid), None, admin),
            (method("res.partner", "_write", one, {"color": 1.5}), None, admin),
            # Values in lines and in contexts, and numbers whose decimals Odoo would cut off.
            (method("res.partner", "write", one, {"user_ids": [[0, 0, {"login": ""}]]}), WRITES, None),
            (method("res.partner", "write", one, {"category_id": [[0, 0, {"name": ""}]]}), WRITES, None),
            (method("res.partner", "create", {"name": ""}, context={"default_parent_id": 2.5}), None, admin),
            (
                method("res.partner", "create", {"name": ""}, context={"default_user_ids": [[0, 0, {"login": ""}]]}),
                WRITES,
                None,
            ),
            (method("res.partner", "create", {"name": "", "parent_id": 1.5}), None, admin),
            (method("res.partner", "write", [one[0] + 0.5], {"name": ""}), None, admin),
            (method("res.partner", "search_count", [], context={"active_id": 1, "active_ids": [1]}), None, admin),
            (method("res.partner", "search_count", [], context={"allowed_company_ids": [99_999_999]}), None, admin),
            # Links that consist of a model's name and an id.
            (
                method("res.partner", "search_count", [], context={"active_model": "ir.cron", "active_id": 1}),
                None,
                admin,
            ),
            (method("ir.attachment", "create", {**link, "res_model": "ir.cron", "res_id": 1}), None, admin),
            (method("ir.attachment", "create", link), None, admin),
            (method("ir.attachment", "create", {**link, "res_id": 99_999_999}), None, admin),
            (method("mail.activity", "create", {"res_model": "res.users", "res_id": uid, "note": ""}), PARTNERS, None),
            (method("res.partner", "message_post", one, body="", attachment_ids=attachment.ids), None, None),
            # Keys of the call's own context.
            (
                method("res.users", "read", admin.ids, ["login"], context={"bare": True, "su": True, "uid": 1}),
                READS,
                None,
            ),
        ):
            with self.subTest(operation["method"], operation=operation, grant=grant):
                asked = {"grant": grant, "uid": (user or self.caller).id}
                plain, bare = self.execute(operation, **asked), self.bare(operation, **asked)
                self.assertFalse(plain["ok"] or bare["ok"], (plain, bare))
                self.assertEqual(bare["error"]["reason"], plain["error"]["reason"], bare)
        self.assertEqual(doomed.name, "stays")
