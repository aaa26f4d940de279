import time

from odoo.tests import tagged

from .common import ChannelCase, create, method, read, search, tree, write

HIDDEN_MODELS = [
    "res.users.apikeys",
    "res.users.apikeys.description",
    "res.users.identitycheck",
    "change.password.wizard",
    "change.password.own",
    "ir.config_parameter",
    "res.config.settings",
    "ir.actions.server",
    "ir.cron",
    "ir.cron.trigger",
    "ir.rule",
    "ir.model.access",
    "ir.mail_server",
    "gateway.sidecar",
    "gateway.schema",
]


@tagged("post_install", "-at_install")
class TestExposure(ChannelCase):
    """Models that are never exposed stay closed on every path, even for an administrator."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.env.ref("base.user_admin")
        cls.server = cls.env["ir.mail_server"].create({"name": "Mail", "smtp_host": "mail.example.com"})
        cls.hidden_path = "api_key_ids.name"

    def assert_closed(self, operation, reason="odoo.exposure"):
        run = self.query if operation["op"] in ("search", "read", "describe", "types") else self.execute
        return self.assert_refused(run(operation, uid=self.admin.id), reason)

    def test_no_operation_reaches_a_hidden_model(self):
        for model in HIDDEN_MODELS:
            with self.subTest(model):
                self.assert_closed(search(model))
                self.assert_closed(read(model, [1]))
                self.assert_closed(create(model, {"name": "x"}))
                self.assert_closed(write(model, [1], {"name": "x"}))
                self.assert_closed({"op": "unlink", "model": model, "ids": [1]})
                self.assert_closed(method(model, "search_read", []))
                self.assert_closed({"op": "describe", "models": [model]})
                self.assert_closed({"op": "types", "models": [model]})

    def test_the_error_for_a_wrong_name_suggests_a_name_that_the_caller_may_know(self):
        for operation, reason, meant in (
            (search("res.partnr"), "odoo.model", "Did you mean res.partner?"),
            (read("res.partner", [1], fields=tree("emial")), "odoo.field", "Did you mean email?"),
            (search("res.partner", [["country_idd", "=", 1]]), "odoo.field", "Did you mean country_id?"),
        ):
            self.assert_refused(self.query(operation), reason, meant)
        for operation, reason in (
            (search("sale.ordr"), "odoo.model"),  # no right on sale.order
            (search("ir.rul"), "odoo.model"),  # never exposed
            (read("res.users", [1], fields=tree("pasword")), "odoo.field"),
            (search("q" * 1000), "odoo.model"),
        ):
            self.assertNotIn("Did you mean", self.assert_refused(self.query(operation), reason)["message"])

    def test_no_expansion_reaches_a_hidden_model(self):
        self.assert_closed(read("res.users", self.admin.ids, fields=tree("api_key_ids")))
        self.assert_closed(read("res.users", self.admin.ids, fields=tree("api_key_ids.name")))
        self.assert_closed(read("res.partner", self.admin.partner_id.ids, fields=tree("user_ids.api_key_ids.name")))

    def test_no_domain_or_order_reaches_a_hidden_model(self):
        self.assert_closed(search("res.users", [["api_key_ids", "!=", False]]))
        self.assert_closed(search("res.users", [["api_key_ids.name", "like", "a"]]))
        self.assert_closed(search("res.partner", [["user_ids.api_key_ids.name", "like", "a"]]))
        self.assert_closed(search("res.partner", [["user_ids", "any", [["api_key_ids", "any", [["name", "=", "a"]]]]]]))
        self.assert_closed(search("res.partner", ["!", ["user_ids", "not any", [["api_key_ids", "!=", False]]]]))
        self.assert_closed(search("mail.mail", order="mail_server_id"))

    def test_no_value_written_reaches_a_hidden_model(self):
        self.assert_closed(create("mail.mail", {"mail_server_id": self.server.id}))
        self.assert_closed(write("res.users", self.admin.ids, {"api_key_ids": [[0, 0, {"name": "x"}]]}))
        nested = {"user_ids": [[1, self.admin.id, {"api_key_ids": [[0, 0, {"name": "x"}]]}]]}
        self.assert_closed(write("res.partner", self.admin.partner_id.ids, nested))

    def test_no_property_and_no_reference_reaches_a_hidden_model(self):
        partner = self.partner.ids
        property_ = {"name": "p", "type": "many2one", "string": "P", "comodel": "ir.mail_server"}
        for values in (
            {"properties": [{**property_, "value": self.server.id}]},
            {"properties": [{**property_, "definition_changed": True}]},
        ):
            self.assert_closed(write("res.partner", partner, values))
            self.assert_closed(create("res.partner", {"name": "x", **values}))
        definitions = self.env["properties.base.definition"]
        holder = definitions._get_definition_for_property_field("res.partner", "properties").sudo()
        holder.properties_definition = [property_]
        self.partner.properties = {"p": self.server.id}
        answer = self.query(read("res.partner", partner, fields=tree("properties")), uid=self.admin.id)
        [row] = self.assert_ok(answer)["records"]
        self.assertNotIn("Mail", repr(row["properties"]))

        first = create("res.partner", {"name": "ir.mail_server"}, fields=tree("name"))
        for operation in (
            search("ir.mail_server", [["name", "=", {"$ref": "0.records.0.name"}]]),
            {**search("res.partner"), "model": {"$ref": "0.records.0.name"}},
            method({"$ref": "0.records.0.name"}, "search_read", []),
            read("res.users", self.admin.ids, fields=tree("api_key_ids.name")),
        ):
            self.assert_refused(self.execute(first, operation, uid=self.admin.id), "odoo.exposure")

    def test_no_method_of_the_orm_reaches_a_hidden_model(self):
        ids = self.admin.ids
        specification = {"api_key_ids": {"fields": {"name": {}}}}
        domain = [["api_key_ids.name", "!=", False]]
        for name, args, kwargs in (
            ("read", [ids, ["api_key_ids"]], {}),
            ("search", [domain], {}),
            ("search_count", [domain], {}),
            ("search_read", [domain], {}),
            ("search_read", [[]], {"fields": ["api_key_ids"]}),
            ("search_read", [], {"order": "api_key_ids"}),
            ("name_search", ["a", domain], {}),
            ("export_data", [ids, ["api_key_ids/name"]], {}),
            ("load", [["login", "api_key_ids/name"], [["a", "b"]]], {}),
            ("read_group", [[], ["login:count"], ["api_key_ids"]], {}),
            ("read_group", [domain, [], ["login"]], {}),
            ("formatted_read_group", [[]], {"groupby": ["api_key_ids"]}),
            ("formatted_read_group", [[]], {"aggregates": ["api_key_ids:count"]}),
            ("formatted_read_grouping_sets", [[], [["api_key_ids"]]], {}),
            ("web_read", [ids, specification], {}),
            ("web_search_read", [[], specification], {}),
            ("web_name_search", ["a", specification], {}),
            ("web_save", [ids, {"api_key_ids": [[0, 0, {"name": "x"}]]}, {}], {}),
            ("web_save", [ids, {}, specification], {}),
            ("onchange", [[], {}, [], specification], {}),
            ("default_get", [["api_key_ids"]], {}),
            ("copy", [ids, {"api_key_ids": [[0, 0, {"name": "x"}]]}], {}),
            ("create", [{"login": "x", "api_key_ids": [[0, 0, {"name": "x"}]]}], {}),
            ("write", [ids, {"api_key_ids": [[5]]}], {}),
            ("web_read_group", [[], ["login"]], {"opening_info": [{"progressbar_domain": domain}]}),
            ("search_panel_select_range", ["api_key_ids"], {}),
            ("search_panel_select_range", ["company_id"], {"search_domain": domain}),
        ):
            with self.subTest(name, args=args, kwargs=kwargs):
                self.assert_closed(method("res.users", name, *args, **kwargs))

    def test_a_model_that_renames_the_arguments_of_a_method_opens_nothing(self):
        users = type(self.env["res.users"])
        original = users.search_count

        def renamed(records, args, limit=None):
            return original(records, args, limit=limit)

        def packed(records, *arguments, **more):
            return original(records, *arguments, **more)

        domain = [["api_key_ids.name", "!=", False]]
        for override in (renamed, packed):
            override._api_model = True
            self.patch(users, "search_count", override)
            self.assert_ok(self.execute(method("res.users", "search_count", []), uid=self.admin.id))
            self.assert_closed(method("res.users", "search_count", domain))
        self.assert_closed(method("res.users", "search_count", domain=domain))

    def test_no_code_that_runs_as_the_user_reaches_a_hidden_model(self):
        """The last line of defence: whatever a method does, the ORM's own access checks apply the never-exposed
        list."""
        partners = type(self.env["res.partner"])

        def gateway_reach(records, model):
            return records.env[model].search([]).read(["id"])

        partners.gateway_reach = gateway_reach
        self.addCleanup(delattr, partners, "gateway_reach")
        self.assert_closed(method("res.partner", "gateway_reach", [], "ir.mail_server"))
        self.assert_closed(method("res.partner", "gateway_reach", [], "ir.config_parameter"))
        self.assert_ok(self.execute(method("res.partner", "gateway_reach", [], "res.country"), uid=self.admin.id))

    def test_fields_that_refer_to_a_hidden_model_are_neither_described_nor_read_by_default(self):
        described = self.assert_ok(self.query({"op": "describe", "models": ["mail.mail"]}, uid=self.admin.id))
        self.assertNotIn("mail_server_id", described["mail.mail"])
        result = self.assert_ok(self.query(search("mail.message"), uid=self.admin.id))
        self.assertIn("mail_server_id", result["omitted"])
        listed = self.assert_ok(self.query({"op": "models"}, uid=self.admin.id))
        self.assertFalse({model["model"] for model in listed} & set(HIDDEN_MODELS))

    def test_a_setting_extends_the_list(self):
        self.assert_ok(self.query(search("res.partner.bank"), uid=self.admin.id))
        self.env.cr.execute("insert into gateway.never_exposed (pattern) values ('res.partner.ba*')")
        time.sleep(1.1)  # for as long as a process trusts its cache
        self.assert_closed(search("res.partner.bank"))
        self.assert_closed(search("res.partner", [["bank_ids.acc_number", "!=", False]]))

    def test_odoo_itself_is_not_affected(self):
        self.assertTrue(self.env["ir.mail_server"].with_user(self.admin).search([("id", "=", self.server.id)]))
        self.assertIn("mail_server_id", self.env["mail.mail"].with_user(self.admin).fields_get())
