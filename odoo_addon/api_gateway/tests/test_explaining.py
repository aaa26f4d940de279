from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import html2plaintext

from ..tools.narrowing import meet
from .common import ChannelCase, create, method, read, write

NARROW = {"scopes": ["res.partner:read"], "models": None}


@tagged("post_install", "-at_install")
class TestExplaining(ChannelCase):
    def explain(self, model, id_=None, **call):
        result = self.assert_ok(self.query({"op": "explain", "model": model, "id": id_}, **call))
        return result["actions"]

    def rule(self, name, domain, **values):
        model_id = self.env.ref("base.model_res_partner").id
        return self.env["ir.rule"].create({"name": name, "model_id": model_id, "domain_force": domain, **values})

    def refusal(self, action):
        self.assertFalse(action["allowed"])
        return next(check for check in action["checks"] if not check["allowed"])

    def test_an_action_that_nothing_forbids_is_allowed(self):
        for action in self.explain("res.partner", self.partner.id).values():
            self.assertTrue(action["allowed"], action)

    def test_a_missing_scope_is_named_before_anything_else(self):
        actions = self.explain("res.partner", self.partner.id, grant=NARROW)
        self.assertTrue(actions["read"]["allowed"])
        self.assertEqual(self.refusal(actions["write"])["scope"], "res.partner:write")
        self.assertIn("res.partner:delete", actions["delete"]["why"])

    def test_a_missing_right_is_shown_with_the_groups_that_have_it(self):
        clerk = new_test_user(self.env, "gateway_clerk", groups="base.group_user")
        refusal = self.refusal(self.explain("res.country", uid=clerk.id)["write"])
        self.assertEqual(refusal["check"], "access_right")
        self.assertTrue(refusal["groups"])
        self.assertIn(refusal["groups"][0], refusal["why"])

    def test_a_model_without_a_table_is_refused_as_by_a_read(self):
        reader = new_test_user(self.env, "gateway_reader", groups="base.group_user,account.group_account_readonly")
        for operation in ({"op": "explain", "id": 1}, {"op": "read", "ids": [1]}):
            call = {**operation, "model": "account.code.mapping"}
            self.assert_refused(self.query(call, uid=reader.id), "odoo.user")

    def test_a_rule_that_forbids_a_change_is_named(self):
        self.rule("Only tall ones", "[('name', '=', 'Tall')]", perm_read=False, perm_unlink=False)
        self.rule("All of them", "[(1, '=', 1)]", perm_read=False)
        actions = self.explain("res.partner", self.partner.id)
        self.assertTrue(actions["read"]["allowed"])
        self.assertTrue(actions["delete"]["allowed"])
        refusal = self.refusal(actions["write"])
        self.assertEqual((refusal["check"], refusal["rules"]), ("record_rule", ["Only tall ones"]))
        self.assertIn("Only tall ones", actions["write"]["why"])

    def test_a_hidden_record_is_explained_like_one_that_does_not_exist(self):
        self.rule("Nobody", f"[('id', '!=', {self.partner.id})]")
        lost = self.env["res.partner"].create({"name": "Lost"})
        lost_id = lost.id
        lost.unlink()
        hidden, missing = (self.explain("res.partner", id_) for id_ in (self.partner.id, lost_id))
        self.assertIn("Nobody", self.refusal(hidden["read"])["rules"])
        self.assertEqual(str(hidden).replace(str(self.partner.id), "N"), str(missing).replace(str(lost_id), "N"))

    def test_without_the_scope_to_read_nothing_is_revealed_about_a_record(self):
        grant = {"scopes": ["res.users:read"], "models": None}
        rules = [
            action["checks"][-1]["allowed"]
            for action in self.explain("res.partner", self.partner.id, grant=grant).values()
        ]
        self.assertEqual(rules, [False, False, True, False])

    def test_portal_users_see_no_names_of_groups_and_rules(self):
        portal = new_test_user(self.env, "gateway_portal_why", groups="base.group_portal")
        self.rule("Secret name", "[(0, '=', 1)]", groups=False)
        self.assertNotIn("Secret name", str(self.explain("res.partner", portal.partner_id.id, uid=portal.id)))
        self.assertNotIn("groups", self.explain("res.country", uid=portal.id)["write"]["checks"][1])

    def test_a_narrowed_credential_sees_names_only_with_the_scopes_of_their_models(self):
        self.rule("Secret name", f"[('id', '!=', {self.partner.id})]")
        for scopes, is_named in ((["res.partner:read"], False), (["res.partner:read", "ir.rule:read"], True)):
            answer = str(self.explain("res.partner", self.partner.id, grant={"scopes": scopes, "models": None}))
            self.assertEqual("Secret name" in answer, is_named, scopes)

    def test_a_hidden_record_is_refused_like_one_that_does_not_exist_whatever_the_caller_wants(self):
        self.rule("Nobody", f"[('id', '!=', {self.partner.id})]")
        lost = self.env["res.partner"].create({"name": "Lost"})
        lost_id = lost.id
        lost.unlink()
        for operation in (
            lambda id_: write("res.partner", [id_], {"name": "x"}),
            lambda id_: {"op": "unlink", "model": "res.partner", "ids": [id_]},
            lambda id_: {**method("res.partner", "write", {"name": "x"}), "ids": [id_]},
            lambda id_: {**method("res.partner", "action_archive"), "ids": [id_]},
        ):
            hidden, missing = (
                self.assert_refused(self.execute(operation(id_)), "odoo.missing", "does not exist, or your user may")
                for id_ in (self.partner.id, lost_id)
            )
            self.assertEqual(
                hidden["message"].replace(str(self.partner.id), "N"), missing["message"].replace(str(lost_id), "N")
            )
            self.assertEqual(hidden["details"], {"model": "res.partner", "id": self.partner.id})
        self.assertEqual(self.assert_ok(self.query(read("res.partner", [self.partner.id])))["records"], [])

    def test_a_rule_that_forbids_a_change_refuses_it_in_plain_words(self):
        self.caller.group_ids += self.env.ref("base.group_no_one")  # Odoo then names records and rules
        self.rule("Only tall ones", "[('name', '=', 'Tall')]", perm_read=False)
        for operation, words in (
            (write("res.partner", self.partner.ids, {"ref": "x"}), f"change res.partner {self.partner.id}. GET"),
            (create("res.partner", {"name": "Small"}), "create this res.partner"),
        ):
            error = self.assert_refused(
                self.execute(operation), "odoo.access", f"A record rule does not let your user {words}"
            )
            self.assertNotIn("Uh-oh", error["message"])
            self.assertNotIn(self.partner.name, error["message"])
        bare = self.execute(write("res.partner", self.partner.ids, {"ref": "x"}), context={"bare": True})
        self.assert_refused(bare, "odoo.access", "Uh-oh")  # Odoo's own protocols have its own wording

    def test_models_that_are_never_exposed_are_not_explained(self):
        answer = self.query({"op": "explain", "model": "gateway.key", "id": 1})
        self.assert_refused(answer, "odoo.exposure")


@tagged("post_install", "-at_install")
class TestAccessCheck(ChannelCase):
    """The explanations that managers see for other people's credentials."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(cls.env, "gateway_asking", groups="base.group_user,api_gateway.group_manager")
        cls.profile = cls.env["gateway.profile"].create({"name": "Narrow", "scopes": "read res.country:write"})
        cls.key = cls.env["gateway.key"].create({"name": "Shop", "user_id": cls.caller.id})
        cls.model_id = cls.env.ref("base.model_res_partner").id

    def text(self, key=None, **values):
        checks = self.env["gateway.access.check"].with_user(self.manager)
        key = key or self.key
        self.env.flush_all()
        check = checks.browse(key.with_user(self.manager).action_explain_access()["res_id"])
        check.write({"model_id": self.model_id, **values})
        return " ".join(html2plaintext(check.explanation).split())

    def test_rules_come_with_their_group_and_domain_though_the_manager_may_not_read_them(self):
        group = self.env["res.groups"].create({"name": "Small shops", "user_ids": self.caller.ids})
        rule = {"model_id": self.model_id, "domain_force": "[('name', '=', 'Tall')]", "groups": group.ids}
        self.env["ir.rule"].create({"name": "Only tall ones", **rule})
        text = self.text(res_id=self.partner.id)
        for words in ("Read Refused", "Only tall ones", "Small shops", "[('name', '=', 'Tall')]"):
            self.assertIn(words, text)
        tall = self.env["res.partner"].create({"name": "Tall"})
        self.assertIn("Read Allowed", self.text(res_id=tall.id))
        self.assertIn("The record does not exist", self.text(res_id=2**30))

    def test_scopes_of_key_and_profile_and_rights_of_the_user(self):
        self.key.write({"scopes": "read write", "profile_id": self.profile.id})
        text = self.text()
        self.assertIn("Read Allowed", text)
        self.assertIn("Change Refused The scope res.partner:write is missing", text)
        self.key.write({"scopes": False, "profile_id": False})
        text = self.text(model_id=self.env.ref("base.model_res_country").id)
        self.assertIn("Change Refused The user has no access right. These groups have it:", text)
        self.assertIn("never be reached", self.text(model_id=self.env.ref("api_gateway.model_gateway_key").id))

    def test_a_row_of_the_log_knows_its_credential_model_and_record(self):
        self.key.scopes = "customers_read"
        self.env.flush_all()
        for path, res_id, words in (
            (f"/api/v1/res.partner/{self.partner.id}?fields=name", self.partner.id, "Read Refused The scope"),
            (f"/api/v1/customers/{self.partner.id}", self.partner.id, "Read Allowed"),
            ("/api/v1/res.partner/changes?since=7", 0, "Read Refused The scope"),
        ):
            row = self.env["gateway.request.log"].new(
                {
                    "consumer": f"gateway_key:{self.key.id}",
                    "model": "res.partner",
                    "path": path,
                    "method": "GET",
                    "status": 403,
                }
            )
            check = self.env["gateway.access.check"].with_user(self.manager)._open_for_request(row)
            check = self.env["gateway.access.check"].with_user(self.manager).browse(check["res_id"])
            self.assertEqual((check.user_id, check.model_id.model, check.res_id), (self.caller, "res.partner", res_id))
            self.assertIn(words, " ".join(html2plaintext(check.explanation).split()), path)

    def test_a_credential_that_is_not_valid_is_not_explained(self):
        self.key.active = False
        self.assertIn("its credential is no longer valid", self.text())

    def test_only_managers_get_explanations(self):
        with self.assertRaises(AccessError):
            self.env["gateway.access.check"].with_user(self.caller)._open(f"gateway_key:{self.key.id}", "Shop")
        check = self.env["gateway.access.check"]._open(f"gateway_key:{self.key.id}", "Shop")["res_id"]
        with self.assertRaises(AccessError):
            self.env["gateway.access.check"].with_user(self.caller).browse(check).explanation  # noqa: B018

    def test_scopes_are_combined_as_in_the_sidecar(self):
        for a, b, both in (
            (None, None, None),
            (["read"], None, ["read"]),
            (["read", "write"], ["res.partner:read"], ["res.partner:read"]),
            (["products_read"], ["read", "delete"], ["products_read"]),
            (["res.partner:write"], ["res.partner:read"], []),
        ):
            self.assertEqual((meet(a, b), meet(b, a)), (both, both))
