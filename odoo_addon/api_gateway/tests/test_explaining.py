from odoo.tests import new_test_user, tagged

from .common import ChannelCase

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

    def test_models_that_are_never_exposed_are_not_explained(self):
        answer = self.query({"op": "explain", "model": "gateway.key", "id": 1})
        self.assert_refused(answer, "odoo.exposure")
