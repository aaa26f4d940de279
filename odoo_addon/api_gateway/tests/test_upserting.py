from odoo.tests import tagged

from .common import ChannelCase

NARROW = {"scopes": ["res.partner:read", "res.partner:write", "res.partner:delete"], "models": None}


@tagged("post_install", "-at_install")
class TestUpserting(ChannelCase):
    def upsert(self, value="crm-7", key="external_id", model="res.partner", namespace="gateway_key_7", **call):
        operation = {"op": "upsert", "model": model, "key": key, "value": value, "namespace": namespace}
        return self.execute({**operation, "values": {"name": "Upserted"}}, **call)

    def test_a_narrowed_credential_creates_changes_and_deletes_by_its_own_names(self):
        made = self.assert_ok(self.upsert(grant=NARROW))
        self.assertTrue(made["created"])
        again = self.assert_ok(self.upsert(grant=NARROW))
        self.assertEqual((again["created"], again["ids"]), (False, made["ids"]))
        other = self.assert_ok(self.upsert(grant=NARROW, namespace="gateway_key_8"))
        self.assertNotEqual(other["ids"], made["ids"])
        self.assert_ok(self.execute({"op": "unlink", "model": "res.partner", "ids": made["ids"]}, grant=NARROW))
        self.assertTrue(self.assert_ok(self.upsert(grant=NARROW))["created"])

    def test_both_scopes_are_needed(self):
        for scope in ("res.partner:read", "res.partner:write"):
            answer = self.upsert(grant={"scopes": [scope], "models": None})
            self.assert_refused(answer, "scope.insufficient")

    def test_a_named_record_that_is_hidden_from_the_user_stays_as_it_is(self):
        [id_] = self.assert_ok(self.upsert())["ids"]
        model_id = self.env.ref("base.model_res_partner").id
        self.env["ir.rule"].create({"name": "Hidden", "model_id": model_id, "domain_force": f"[('id', '!=', {id_})]"})
        self.assert_refused(self.upsert(), "odoo.access")

    def test_keys_that_the_caller_may_not_read_are_refused(self):
        self.patch(self.env["res.partner"]._fields["ref"], "groups", "base.group_system")
        self.assert_refused(self.upsert(key="ref"), "odoo.access")
        self.assert_refused(self.upsert(key="password", model="res.users"), "odoo.exposure")

    def test_writes_to_a_domain_see_no_more_than_the_user(self):
        self.patch(self.env["res.partner"]._fields["ref"], "groups", "base.group_system")
        found = {"op": "unlink_found", "model": "res.partner", "domain": [["ref", "=", "x"]], "max_affected": 5}
        self.assert_refused(self.execute(found), "odoo.access")
        self.assert_refused(
            self.execute(found, grant={"scopes": ["res.partner:delete"], "models": None}), "scope.insufficient"
        )
