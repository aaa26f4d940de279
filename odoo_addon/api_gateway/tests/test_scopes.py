from odoo.tests import tagged

from .common import ChannelCase, create, method, read, search, tree, write


@tagged("post_install", "-at_install")
class TestScopes(ChannelCase):
    """The scopes and models of a credential also apply inside Odoo."""

    def narrowed(self, *scopes, models=None):
        return {"scopes": list(scopes), "models": models}

    def test_each_action_needs_its_scope(self):
        operations = {
            "read": search("res.partner"),
            "write": write("res.partner", self.partner.ids, {"color": 1}),
            "delete": {"op": "unlink", "model": "res.partner", "ids": self.partner.ids},
            "call": method("res.partner", "message_subscribe", self.partner.ids, []),
        }
        for scope, operation in operations.items():
            others = [other for other in operations if other != scope]
            run = self.query if scope == "read" else self.execute
            self.assert_refused(run(operation, grant=self.narrowed(*others)), "scope.insufficient", "res.partner")
            self.assert_refused(run(operation, grant=self.narrowed(f"res.users:{scope}")), "scope.insufficient")
        for scope in ("read", "res.partner:read"):
            self.assert_ok(self.query(operations["read"], grant=self.narrowed(scope)))
        for scope in ("write", "res.partner:write"):
            self.assert_ok(self.execute(operations["write"], grant=self.narrowed(scope)))

    def test_methods_need_the_scopes_of_their_effects(self):
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
            ("action_archive", [ids], "write"),
            ("message_subscribe", [ids, []], "call"),
        ):
            others = {"read", "write", "delete", "call"} - {scope}
            answer = self.execute(method("res.partner", name, *args), grant=self.narrowed(*others))
            self.assert_refused(answer, "scope.insufficient", scope)

    def test_another_models_values_need_its_scope_except_its_id_and_name(self):
        narrow = self.narrowed("res.partner:read")
        for operation in (
            read("res.partner", self.partner.ids, fields=tree("country_id.code")),
            search("res.partner", [["country_id.code", "=", "BE"]]),
            search("res.partner", [["country_id", "any", [["code", "=", "BE"]]]]),
            search("res.partner", [["country_id", "not any", ["|", ["name", "=", "x"], ["code", "=", "BE"]]]]),
            search("res.partner", [["country_id.currency_id.name", "=", "EUR"]]),
            search("res.partner", [["category_id", "child_of", 1]]),
        ):
            self.assert_refused(self.query(operation, grant=narrow), "scope.insufficient")
            self.assert_ok(self.query(operation, grant=self.narrowed("read")))
        for operation in (
            read("res.partner", self.partner.ids, fields=tree("country_id.name", "country_id.display_name")),
            search("res.partner", [["country_id.name", "=", "Belgium"]]),
            search("res.partner", [["industry_id", "=", "Agriculture"]]),
            search("res.partner", [["country_id", "any", [["id", "=", 1]]]], order="country_id"),
        ):
            self.assert_ok(self.query(operation, grant=narrow))

    def test_nested_values_need_the_other_models_scope(self):
        narrow = self.narrowed("res.partner:write")
        tag = self.env["res.partner.category"].create({"name": "Tag"})
        for commands in ([[0, 0, {"name": "new"}]], [[1, tag.id, {"name": "changed"}]], [[2, tag.id]]):
            values = {"category_id": commands}
            self.assert_refused(
                self.execute(write("res.partner", self.partner.ids, values), grant=narrow),
                "scope.insufficient",
                "category",
            )
        self.assert_ok(
            self.execute(write("res.partner", self.partner.ids, {"category_id": [[4, tag.id]]}), grant=narrow)
        )
        self.assert_refused(
            self.execute(create("res.users", {"login": "x", "name": "x"}), grant=narrow),
            "scope.insufficient",
            "res.users",
        )

    def test_methods_of_the_orm_need_the_scopes_for_the_names_in_their_arguments(self):
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
            self.assert_refused(answer, "scope.insufficient")

    def test_a_credential_narrowed_to_models_reaches_no_other(self):
        narrow = {"scopes": None, "models": ["res.partner", "res.country*"]}
        self.assert_ok(self.query(search("res.partner"), grant=narrow))
        self.assert_ok(self.query(search("res.country.state"), grant=narrow))
        self.assert_refused(self.query(search("res.users"), grant=narrow), "scope.insufficient", "res.users")
        operation = read("res.partner", self.partner.ids, fields=tree("user_ids.login"))
        self.assert_refused(self.query(operation, grant=narrow), "scope.insufficient", "res.users")
        listed = self.assert_ok(self.query({"op": "models"}, grant=narrow))
        self.assertLessEqual({model["model"].split(".")[1] for model in listed}, {"partner", "country"})

    def test_a_reference_gives_no_more_access(self):
        narrow = self.narrowed("res.partner:read", "res.partner:write", "res.partner:call")
        found = {**search("res.partner", [["id", "=", self.partner.id]], fields=tree("name")), "name": "found"}
        named = {
            **create("res.partner", {"name": "unlink", "ref": "res.country"}, fields=tree("name", "ref")),
            "name": "n",
        }
        for operation in (
            {**search("res.country"), "domain": [["name", "=", {"$ref": "found.name"}]]},
            search("res.partner", [["country_id.code", "=", {"$ref": "found.name"}]]),
            search("res.partner", [[{"$ref": "path.name"}, "=", "BE"]]),
            read("res.partner", [{"$ref": "found.id"}], fields=tree("country_id.code")),
            read("res.country", [{"$ref": "found.id"}]),
            {**read("res.partner", [self.partner.id]), "model": {"$ref": "n.records.0.ref"}},
            {"op": "unlink", "model": "res.partner", "ids": [{"$ref": "found.id"}]},
            {**method("res.partner", "x", [{"$ref": "found.id"}]), "method": {"$ref": "n.records.0.name"}},
            method("res.partner", "export_data", [{"$ref": "found.id"}], ["country_id/code"]),
            write("res.partner", [{"$ref": "found.id"}], {"category_id": [[0, 0, {"name": {"$ref": "found.name"}}]]}),
        ):
            with self.subTest(operation):
                path = {**create("res.partner", {"name": "country_id.code"}, fields=tree("name")), "name": "path"}
                if "path.name" in repr(operation):
                    operation["domain"][0][0] = {"$ref": "path.records.0.name"}
                before = self.env["res.partner"].search_count([])
                self.assert_refused(self.execute(found, named, path, operation, grant=narrow), "scope.insufficient")
                self.env.invalidate_all()
                self.assertEqual(self.env["res.partner"].search_count([]), before, "all or nothing")
        answer = self.execute(found, read("res.partner", [{"$ref": "found.records.0.country_id.code"}]), grant=narrow)
        self.assert_refused(answer, "odoo.arguments", "has nothing at")
        renamed = write("res.partner", [{"$ref": "found.id"}], {"comment": {"$ref": "found.name"}})
        self.assertTrue(self.execute(found, renamed, grant=narrow)["ok"])

    def test_properties_give_no_more_access(self):
        definition = [{"name": "a", "type": "char", "string": "A"}]
        project = self.env["project.project"].create({"name": "P", "task_properties_definition": definition})
        task = self.env["project.task"].create({"name": "T", "project_id": project.id})
        admin = {"uid": self.env.ref("base.user_admin").id}
        narrow = self.narrowed("project.task:read", "project.task:write")
        changed = [{"name": "b", "type": "char", "string": "B", "value": "x", "definition_changed": True}]
        deleted = [{**definition[0], "definition_deleted": True}]
        for value in (changed, deleted):
            values = {"task_properties": value}
            for operation in (
                write("project.task", task.ids, values),
                create("project.task", {"name": "New", "project_id": project.id, **values}),
                method("project.task", "web_save", task.ids, values, {}),
            ):
                with self.subTest(operation):
                    self.assert_refused(
                        self.execute(operation, grant=narrow, **admin), "scope.insufficient", "write project.project"
                    )
        self.env.invalidate_all()
        self.assertEqual([found["name"] for found in project.task_properties_definition], ["a"])
        self.assert_ok(
            self.execute(write("project.task", task.ids, {"task_properties": {"a": "x"}}), grant=narrow, **admin)
        )
        wider = self.narrowed("project.task:write", "project.project:write")
        self.assert_ok(
            self.execute(write("project.task", task.ids, {"task_properties": changed}), grant=wider, **admin)
        )
        for domain, order in (([["task_properties.b.login", "=", "x"]], None), ([], "task_properties.b.login")):
            operation = search("project.task", domain, **({"order": order} if order else {}))
            answer = self.query(operation, grant=narrow, **admin)
            self.assertIn(answer["error"]["reason"], ("odoo.domain", "odoo.order"))

    def test_a_property_links_only_to_records_that_the_caller_may_read(self):
        company = self.env["res.company"].create({"name": "Second"})
        theirs = self.env["res.partner"].create({"name": "Theirs", "company_id": company.id})
        own = self.env["res.partner"].create({"name": "Own"})
        property_ = {"name": "p", "type": "many2one", "string": "P", "comodel": "res.partner"}
        many = {"name": "q", "type": "many2many", "string": "Q", "comodel": "res.partner"}
        for value in ([{**property_, "value": theirs.id}], [{**many, "value": [own.id, theirs.id]}]):
            answer = self.execute(write("res.partner", self.partner.ids, {"properties": value}))
            self.assertEqual(self.assert_refused(answer, "odoo.validation")["details"]["field"], "properties")
        self.assert_ok(
            self.execute(write("res.partner", self.partner.ids, {"properties": [{**property_, "value": own.id}]}))
        )
