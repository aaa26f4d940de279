from odoo.tests import tagged

from .common import ChannelCase, create, method, read, search, tree, write


@tagged("post_install", "-at_install")
class TestScopes(ChannelCase):
    """What a credential was narrowed to holds inside Odoo too."""

    def narrowed(self, *scopes, models=None):
        return {"scopes": list(scopes), "models": models}

    def test_each_action_needs_its_scope(self):
        operations = {
            "read": search("res.partner"),
            "write": write("res.partner", self.partner.ids, {"color": 1}),
            "delete": {"op": "unlink", "model": "res.partner", "ids": self.partner.ids},
            "call": method("res.partner", "action_archive", self.partner.ids),
        }
        for scope, operation in operations.items():
            others = [other for other in operations if other != scope]
            run = self.query if scope == "read" else self.execute
            self.assert_refused(run(operation, grant=self.narrowed(*others)), "odoo.exposure", "res.partner")
            self.assert_refused(run(operation, grant=self.narrowed(f"res.users:{scope}")), "odoo.exposure")
        for scope in ("read", "res.partner:read"):
            self.assert_ok(self.query(operations["read"], grant=self.narrowed(scope)))
        for scope in ("write", "res.partner:write"):
            self.assert_ok(self.execute(operations["write"], grant=self.narrowed(scope)))

    def test_methods_need_what_they_do(self):
        ids = self.partner.ids
        for name, args, scope in (
            ("search_read", [[]], "read"),
            ("read", [ids], "read"),
            ("create", [{"name": "x"}], "write"),
            ("write", [ids, {"color": 1}], "write"),
            ("copy", [ids], "write"),
            ("name_create", ["x"], "write"),
            ("load", [["name"], [["x"]]], "write"),
            ("web_save", [ids, {"color": 1}, {}], "write"),
            ("unlink", [ids], "delete"),
            ("action_archive", [ids], "call"),
        ):
            others = {"read", "write", "delete", "call"} - {scope}
            answer = self.execute(method("res.partner", name, *args), grant=self.narrowed(*others))
            self.assert_refused(answer, "odoo.exposure", scope)

    def test_another_models_values_need_its_scope_but_its_id_and_name(self):
        narrow = self.narrowed("res.partner:read")
        for operation in (
            read("res.partner", self.partner.ids, fields=tree("country_id.code")),
            search("res.partner", [["country_id.code", "=", "BE"]]),
            search("res.partner", [["country_id", "any", [["code", "=", "BE"]]]]),
            search("res.partner", [["country_id", "not any", ["|", ["name", "=", "x"], ["code", "=", "BE"]]]]),
            search("res.partner", [["country_id.currency_id.name", "=", "EUR"]]),
            search("res.partner", [["category_id", "child_of", 1]]),
        ):
            self.assert_refused(self.query(operation, grant=narrow), "odoo.exposure")
            self.assert_ok(self.query(operation, grant=self.narrowed("read")))
        for operation in (
            read("res.partner", self.partner.ids, fields=tree("country_id.name", "country_id.display_name")),
            search("res.partner", [["country_id.name", "=", "Belgium"]]),
            search("res.partner", [["country_id", "=", "Belgium"]]),
            search("res.partner", [["country_id", "any", [["id", "=", 1]]]], order="country_id"),
        ):
            self.assert_ok(self.query(operation, grant=narrow))

    def test_nested_values_need_the_other_models_scope(self):
        narrow = self.narrowed("res.partner:write")
        tag = self.env["res.partner.category"].create({"name": "Tag"})
        for commands in ([[0, 0, {"name": "new"}]], [[1, tag.id, {"name": "changed"}]], [[2, tag.id]]):
            values = {"category_id": commands}
            self.assert_refused(
                self.execute(write("res.partner", self.partner.ids, values), grant=narrow), "odoo.exposure", "category"
            )
        self.assert_ok(
            self.execute(write("res.partner", self.partner.ids, {"category_id": [[4, tag.id]]}), grant=narrow)
        )
        self.assert_refused(
            self.execute(create("res.users", {"login": "x", "name": "x"}), grant=narrow), "odoo.exposure", "res.users"
        )

    def test_methods_of_the_orm_are_narrowed_by_what_their_arguments_name(self):
        narrow = self.narrowed("res.partner:read", "res.partner:write")
        ids = self.partner.ids
        for name, args in (
            ("search_read", [[["country_id.code", "=", "BE"]]]),
            ("export_data", [ids, ["country_id/code"]]),
            ("web_read", [ids, {"country_id": {"fields": {"code": {}}}}]),
            ("web_save", [ids, {"category_id": [[0, 0, {"name": "x"}]]}, {}]),
            ("load", [["name", "category_id/name"], [["x", "y"]]]),
        ):
            scopes = [*narrow["scopes"], "res.partner:call"]
            answer = self.execute(method("res.partner", name, *args), grant=self.narrowed(*scopes))
            self.assert_refused(answer, "odoo.exposure")

    def test_a_credential_narrowed_to_models_reaches_no_other(self):
        narrow = {"scopes": None, "models": ["res.partner", "res.country*"]}
        self.assert_ok(self.query(search("res.partner"), grant=narrow))
        self.assert_ok(self.query(search("res.country.state"), grant=narrow))
        self.assert_refused(self.query(search("res.users"), grant=narrow), "odoo.exposure", "res.users")
        operation = read("res.partner", self.partner.ids, fields=tree("user_ids.login"))
        self.assert_refused(self.query(operation, grant=narrow), "odoo.exposure", "res.users")
        listed = self.assert_ok(self.query({"op": "models"}, grant=narrow))
        self.assertLessEqual({model["model"].split(".")[1] for model in listed}, {"partner", "country"})
