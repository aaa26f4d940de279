from odoo.tests import tagged

from ..tools.external_ids import module_of
from .common import ChannelCase, create, method, search, tree, write

NARROW = {"scopes": ["res.partner:read", "res.partner:write", "res.partner:delete"], "models": None}


@tagged("post_install", "-at_install")
class TestUpserting(ChannelCase):
    def upsert(self, value="crm-7", key="external_id", model="res.partner", namespace="gateway_key_7", **call):
        items = [{"value": one, "values": {"name": "Upserted"}} for one in ([value] if type(value) is str else value)]
        operation = {"op": "upsert", "model": model, "key": key, "items": items, "namespace": namespace}
        return self.execute(operation, **call)

    def test_a_narrowed_credential_creates_changes_and_deletes_by_its_own_names(self):
        made = self.assert_ok(self.upsert(grant=NARROW))
        self.assertEqual(made["created"], [True])
        again = self.assert_ok(self.upsert(grant=NARROW))
        self.assertEqual((again["created"], again["ids"]), ([False], made["ids"]))
        other = self.assert_ok(self.upsert(grant=NARROW, namespace="gateway_key_8"))
        self.assertNotEqual(other["ids"], made["ids"])
        self.assert_ok(self.execute({"op": "unlink", "model": "res.partner", "ids": made["ids"]}, grant=NARROW))
        self.assertEqual(self.assert_ok(self.upsert(grant=NARROW))["created"], [True])

    def test_a_list_keeps_its_order_and_no_key_comes_twice(self):
        [old] = self.assert_ok(self.upsert("b"))["ids"]
        for key in ("external_id", "ref"):
            self.env["res.partner"].browse(old).ref = "b"
            some = self.assert_ok(self.upsert(["a", "b", "c"], key=key))
            self.assertEqual((some["created"], some["ids"][1]), ([True, False, True], old))
            self.assertEqual(self.assert_ok(self.upsert(["c", "a"], key=key))["ids"], [some["ids"][2], some["ids"][0]])
            self.assert_refused(self.upsert(["d", "d"], key=key), "odoo.arguments")

    def test_external_ids_that_name_a_record_stay_closed(self):
        [id_] = self.assert_ok(self.upsert(grant=NARROW))["ids"]
        names = self.env["ir.model.data"].search([("model", "=", "res.partner"), ("res_id", "=", id_)])
        grant = {"scopes": ["read", "write", "delete", "call"], "models": None}
        for operation in (
            {"op": "unlink", "model": "ir.model.data", "ids": names.ids},
            {"op": "write", "model": "ir.model.data", "ids": names.ids, "values": {"res_id": 1}},
        ):
            self.assert_refused(
                self.execute(operation, grant=grant, uid=self.env.ref("base.user_admin").id), "odoo.exposure"
            )

    def test_a_file_gives_no_record_the_external_id_of_a_credential(self):
        [id_] = self.assert_ok(self.upsert())["ids"]
        name = f"{module_of('gateway_key_7')}.res_partner:"
        partners = self.env["res.partner"].with_user(self.caller)
        planted = partners.load(["id", "name"], [[f"{name}crm-8", "Planted"]])
        self.assertIn("API credential", planted["messages"][0]["message"])
        self.assertFalse(self.env.ref(f"{name}crm-8", raise_if_not_found=False))
        self.assertEqual(partners.load(["id", "name"], [[f"{name}crm-7", "Repeated"]])["ids"], [id_])

    def test_no_key_leads_to_a_record_of_a_module_or_of_another_model(self):
        admin = self.env.ref("base.user_admin")
        for value in ("base.user_admin", "user_admin"):
            made = self.upsert(value, model="res.users", uid=admin.id)
            self.assert_refused(made, "odoo.validation")  # it would be a new user, who needs a login
        self.assert_refused(self.upsert(namespace="base"), "odoo.arguments")
        self.assert_refused(self.upsert("7", key="id"), "odoo.field")

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

    def test_values_have_the_same_key_as_the_address(self):
        for key, value, given in (("ref", "a", "b"), ("ref", "a", False), ("color", "3", 4)):
            items = [{"value": value, "values": {"name": "x", key: given}}]
            operation = {
                "op": "upsert",
                "model": "res.partner",
                "key": key,
                "items": items,
                "namespace": "gateway_key_7",
            }
            error = self.assert_refused(self.execute(operation), "odoo.arguments", key, repr(given))
            self.assertEqual(error["details"]["field"], key)
        items[0]["values"]["color"] = 3
        self.assert_ok(self.execute(operation))

    def test_values_that_odoo_refuses_are_accepted_if_they_change_nothing(self):
        admin = self.env.ref("base.user_admin").id
        company = self.env["res.company"].create({"name": "Kept"})
        for about in (
            {"op": "upsert", "key": "name", "items": [{"value": "Kept", "values": {"parent_id": False}}]},
            {
                "op": "write_found",
                "domain": [["id", "=", company.id]],
                "max_affected": 1,
                "values": {"parent_id": False},
            },
        ):
            operation = {"model": "res.company", "namespace": "gateway_key_7", **about}
            with self.subTest(about["op"]):
                self.assertEqual(self.assert_ok(self.execute(operation, uid=admin))["ids"], company.ids)

    def test_max_affected_counts_the_records_of_method_calls(self):
        ids = self.env["res.partner"].create([{"name": str(i)} for i in range(3)]).ids
        rows = [["loaded 1"], ["loaded 2"], ["loaded 3"]]
        for operation, count in (
            (write("res.partner", ids, {"color": 1}), 3),
            (method("res.partner", "action_archive", ids), 3),
            ({**method("res.partner", "action_unarchive"), "ids": ids}, 3),
            (method("res.partner", "create", [{"name": str(i)} for i in range(3)]), 3),
            (method("res.partner", "load", ["name"], rows), 3),
            (method("res.partner", "load", ["name", "lang"], [["x", "nonsense"]]), 0),
            (method("res.partner", "read", ids, ["name"]), 0),
            (search("res.partner", limit=3, fields=tree("name")), 0),
        ):
            with self.subTest(operation):
                call = {**self.call(operation), "max_affected": 2}
                response = self.post("/gateway/execute", self.body("/gateway/execute", [call]))
                [answer] = response.json()["results"]
                if count > 2:
                    self.assert_refused(answer, "odoo.too_many")
                else:
                    self.assert_ok(answer)

    def test_max_affected_counts_through_references(self):
        made = {**create("res.partner", {"name": "a"}, {"name": "b"}), "name": "made"}
        archived = {**method("res.partner", "action_archive"), "ids": {"$ref": "made.ids"}}
        for most in (3, 4):
            call = {**self.call(made, archived), "max_affected": most}
            response = self.post("/gateway/execute", self.body("/gateway/execute", [call]))
            self.assertEqual(response.json()["results"][0]["ok"], most == 4)
