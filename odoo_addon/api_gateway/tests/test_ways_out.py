import inspect

from odoo.exceptions import AccessError
from odoo.service.model import get_public_method
from odoo.tests import tagged

from ..executor import named, special_methods
from .common import ChannelCase, create, method, read, search, tree, write

# Arguments that refer to no part of a record: counts, offsets, formats.
HARMLESS = {
    "attributes",
    "auto_unfold",
    "count_limit",
    "enable_counters",
    "expand",  # adds the other model's records as groups, which needs the right to read them anyway
    "excluded",
    "force",
    "help_message",
    "hierarchize",
    "langs",
    "lazy",
    "limit",
    "load",
    "mobile",
    "name",  # a search text, or the name of a new record
    "new",  # a record, which callers cannot send
    "next_id",
    "offset",
    "operation",
    "raise_exception",
    "source_lang",
    "unfold_read_default_limit",
    "view_type",
}
HARMLESS_IN = {
    "get_view": {"action_id", "embedded_action_id", "embedded_parent_res_id", "load_filters", "toolbar"},  # get_views'
    "update_field_translations": {"translations"},
    "view_header_get": {"view_id"},
}


@tagged("post_install", "-at_install")
class TestWaysOut(ChannelCase):
    """Anything that reveals a record's values needs the right to read the record and the fields that hold them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.belgium = cls.env.ref("base.be")
        cls.partner.write({"country_id": cls.belgium.id, "ref": "R1"})
        cls.ids = cls.partner.ids

    def narrowed(self, *scopes):
        return {"scopes": list(scopes), "models": None}

    def public_methods(self):
        base = self.env["base"]
        for name in dir(type(base)):
            try:
                function = get_public_method(base, name)
            except (AccessError, AttributeError):
                continue
            if inspect.isroutine(function) and any(name in cls.__dict__ for cls in type(base).mro()):
                yield name, function

    def test_every_argument_of_every_method_of_the_orm_is_checked(self):
        methods = list(self.public_methods())
        self.assertGreater(len(methods), 30)
        for name, function in methods:
            parameters = list(inspect.signature(function).parameters.values())
            takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
            if takes_any:
                self.assertIn(name, special_methods.KEYWORDS, "Which other keywords does it accept?")
            names = {p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)} - {"self", "cls"}
            names |= special_methods.KEYWORDS.get(name, set())
            own = special_methods.CHECKS.get(name, (None, ()))[1]
            known = {*named.CHECKS, *own, named.VALUES.get(name), *HARMLESS, *HARMLESS_IN.get(name, ())}
            self.assertFalse(names - known, f"Which check do these arguments of {name} need?")

    def test_methods_that_reveal_records_need_the_right_to_read_them(self):
        write_only = self.narrowed("res.partner:write", "res.partner:call", "res.partner:delete")
        panel = ["country_id"]
        asked = {"name": {}}
        for name, args, kwargs in (
            ("copy_data", [self.ids], {}),
            ("default_get", [["name"]], {}),
            ("export_data", [self.ids, ["name"]], {}),
            ("fields_get", [["name"]], {}),
            ("get_external_id", [self.ids], {}),
            ("get_field_translations", [self.ids, "name"], {}),
            ("get_metadata", [self.ids], {}),
            ("get_property_definition", ["properties.p"], {}),
            ("get_view", [], {}),
            ("onchange", [self.ids, {"name": "x"}, ["name"], asked], {}),
            ("search_panel_select_range", panel, {}),
            ("search_panel_select_multi_range", panel, {}),
            ("web_save", [self.ids, {"color": 1}, asked], {}),
            ("web_save", [[], {"name": "x"}, asked], {}),
            ("web_save_multi", [self.ids, [{"color": 1}], asked], {}),
            ("web_resequence", [self.ids, asked, "color"], {}),
            ("web_read", [self.ids, asked], {}),
            ("name_search", ["x"], {}),
        ):
            with self.subTest(name, args=args):
                answer = self.execute(method("res.partner", name, *args, **kwargs), grant=write_only)
                self.assert_refused(answer, "scope.insufficient", "read res.partner")
        for name, args in (
            ("web_save", [self.ids, {"color": 1}, {}]),
            ("web_save", [self.ids, {"color": 1}, {"id": {}}]),
            ("copy", [self.ids]),
        ):
            with self.subTest(name, args=args):
                self.assert_ok(self.execute(method("res.partner", name, *args), grant=write_only))

    def test_each_argument_is_checked_against_its_own_model(self):
        narrow = self.narrowed("res.partner:read", "res.partner:write", "res.partner:call")
        code = [["code", "=", "BE"]]
        by_code = [["country_id.code", "=", "BE"]]
        lines = {"country_id": {"fields": {"code": {}}}}
        for name, args, kwargs in (
            ("search_panel_select_range", ["country_id"], {"expand": True}),
            ("search_panel_select_range", ["parent_id"], {"filter_domain": by_code}),
            ("search_panel_select_multi_range", ["country_id"], {"group_by": "code"}),
            ("search_panel_select_multi_range", ["country_id"], {"comodel_domain": code}),
            ("search_panel_select_multi_range", ["parent_id"], {"group_domain": by_code}),
            ("search_panel_select_multi_range", ["category_id"], {"group_by": "color"}),
            (
                "search_panel_select_multi_range",
                ["parent_id"],
                {"group_by": "country_id", "group_domain": {"1": by_code}},
            ),
            ("export_data", [self.ids, ["country_id/code"]], {}),
            ("export_data", [self.ids, ["country_id:code", "country_id/.id/", "country_id/code"]], {}),
            ("web_save", [self.ids, {}, lines], {}),
            ("web_save_multi", [self.ids, [{}], lines], {}),
            ("onchange", [self.ids, {}, [], lines], {}),
            ("formatted_read_group", [[]], {"groupby": ["country_id.code"]}),
            ("formatted_read_group", [[]], {"having": [["country_id.code:max", "=", "BE"]]}),
            ("formatted_read_group", [[]], {"groupby": ["name"], "order": "country_id.code"}),
            ("read_progress_bar", [[], "name", {"field": "country_id.code", "colors": {}}], {}),
            ("web_read_group", [[], ["name"]], {"opening_info": [{"progressbar_domain": by_code}]}),
            ("web_read_group", [[], ["name"]], {"unfold_read_specification": lines}),
            ("web_read_group", [[], ["country_id"]], {"groupby_read_specification": {"country_id": {"code": {}}}}),
            ("get_views", [[[False, "search"]], {"load_filters": True}], {}),
            ("get_views", [[[False, "form"]], {"toolbar": True}], {}),
        ):
            with self.subTest(name, args=args, kwargs=kwargs):
                answer = self.execute(method("res.partner", name, *args, **kwargs), grant=narrow)
                self.assert_refused(answer, "scope.insufficient")
        wide = self.narrowed("read", "write", "call")
        for fields in ([{}], 5, [["code"]]):
            operation = method("res.partner", "web_read", self.ids, {"country_id": {"fields": fields}})
            self.assert_refused(self.execute(operation, grant=narrow), "odoo.arguments", "not an object")
        for name, args, kwargs in (
            ("search_panel_select_range", ["country_id"], {"expand": True, "limit": 5}),
            ("search_panel_select_multi_range", ["country_id"], {"group_by": "code", "comodel_domain": code}),
            ("search_panel_select_multi_range", ["category_id"], {"group_by": "color", "group_domain": {"1": by_code}}),
            ("web_save", [self.ids, {}, lines], {}),
            ("onchange", [self.ids, {"name": "x"}, ["name"], {"name": {}}], {}),
            ("get_views", [[[False, "form"], [False, "search"]]], {"options": {"load_filters": True}}),
            ("name_search", ["Gateway"], {}),
            ("copy_data", [self.ids], {}),
        ):
            with self.subTest(name, args=args, kwargs=kwargs):
                self.assert_ok(self.execute(method("res.partner", name, *args, **kwargs), grant=wide))

    def test_a_column_of_an_export_is_checked_as_the_orm_reads_it(self):
        # If a name after a colon begins with `id`, the ORM treats it as a path to the id:
        # `employee_id:identification_id`.
        grant = self.narrowed("res.partner:read", "res.partner:call")
        for path in ("country_id:identity", "country_id.identity", "country_id/identity"):
            answer = self.execute(method("res.partner", "export_data", self.ids, [path]), grant=grant)
            self.assert_refused(answer, "scope.insufficient", "read res.country")

    def test_a_path_ends_at_a_property_or_a_reference(self):
        """Only the record says to which model the field refers."""
        admin = self.env.ref("base.user_admin").id
        definition = [{"name": "who", "type": "many2one", "string": "Who", "comodel": "sale.order"}]
        project = self.env["project.project"].create({"name": "P", "task_properties_definition": definition})
        order = self.env["sale.order"].create({"partner_id": self.partner.id, "access_token": "S3"})
        values = {"name": "T", "project_id": project.id, "task_properties": {"who": order.id}}
        ids = self.env["project.task"].create(values).ids
        grant = self.narrowed("project.task:read", "sale.report:read")
        wide = {"import_compat": False}
        for behind in ("/access_token", "/partner_id/email", "/name", "/id/id", ".name", "/order_line/.id"):
            for given in (None, grant):
                operation = method("project.task", "export_data", ids, [f"task_properties.who{behind}"])
                answer = self.execute(operation, uid=admin, grant=given)
                error = self.assert_refused(answer, "odoo.field", "cannot continue")
                self.assertNotIn("S3", error["message"])
        reference = method("sale.report", "export_data", [1], ["order_reference/access_token"], context=wide)
        self.assert_refused(self.execute(reference, uid=admin, grant=grant), "odoo.field")
        for behind in ("", "/display_name", "/id"):
            operation = method("project.task", "export_data", ids, [f"task_properties.who{behind}"])
            self.assert_ok(self.execute(operation, uid=admin, grant=grant))
        operation = method("project.task", "formatted_read_group", [], ["task_properties.who"])
        operation["args"][0] = [["project_id", "=", project.id]]
        self.assert_ok(self.execute(operation, uid=admin, grant=grant))

    def test_only_an_unrestricted_credential_reads_a_link_that_opens_a_document(self):
        order = self.env["sale.order"].create({"partner_id": self.partner.id, "access_token": "S3"})
        values = {"res_model": "sale.order", "res_id": order.id, "amount": 1.0}
        operation = create("payment.link.wizard", values, fields=tree("link"))
        admin = self.env.ref("base.user_admin").id
        grant = self.narrowed("write", "read", "call")
        self.assert_refused(self.execute(operation, uid=admin, grant=grant), "odoo.exposure", "access to a document")
        for opening in (
            read("discuss.channel", [1], fields=tree("invitation_url")),
            search("discuss.channel", [["uuid", "=like", "a%"]]),
        ):
            answer = self.execute(opening, uid=admin, grant=grant)
            self.assert_refused(answer, "odoo.exposure", "access to a document")
        known = self.execute(write("sale.order", order.ids, {"access_token": "known"}), uid=admin, grant=grant)
        self.assert_refused(known, "odoo.exposure", "grants rights")
        shared = method("spreadsheet.dashboard.share", "search_read", [], ["full_url"])
        self.assert_refused(self.execute(shared, uid=admin, grant=grant), "odoo.exposure", "access to a document")
        self.assertIn("S3", repr(self.assert_ok(self.execute(operation, uid=admin))))

    def test_values_that_are_not_stored_reveal_nothing_about_linked_records(self):
        """Fields of the model may show fields of the linked record, no matter which record the caller names."""
        admin = self.env.ref("base.user_admin")
        phone = ["project.task", {"partner_id": self.partner.id}, {"partner_phone": {}}]
        email = ["res.company", {"partner_id": self.partner.id}, {"email": {}}]
        for model, values, asked in (phone, email):
            tried = method(model, "onchange", [], values, list(values), asked)
            defaults = {f"default_{name}": value for name, value in values.items()}
            given = method(model, "onchange", [], {}, [], asked, context=defaults)
            for operation in (tried, given):
                with self.subTest(operation):
                    answer = self.execute(operation, uid=admin.id, grant=self.narrowed(f"{model}:read"))
                    self.assert_refused(answer, "scope.insufficient", "res.partner")
                    for scope in ("res.partner:read", f"{model}:write"):
                        grant = self.narrowed(f"{model}:read", scope)
                        self.assert_ok(self.execute(operation, uid=admin.id, grant=grant))
        free = method("project.task", "onchange", [], {"name": "x"}, ["name"], {"name": {}})
        self.assert_ok(self.execute(free, uid=admin.id, grant=self.narrowed("project.task:read")))

    def test_a_string_compared_with_a_relation_is_searched_in_fields_of_the_other_model(self):
        narrow = self.narrowed("res.partner:read", "res.partner:write")
        for domain in (
            [["parent_id", "ilike", "@example.com"]],
            [["parent_id", "not ilike", "@example.com"]],
            [["parent_id", "=ilike", "x"]],
        ):
            self.assert_ok(self.query(search("res.partner", domain), grant=narrow))  # the model itself
        for domain in (
            [["country_id", "ilike", "BE"]],
            [["country_id", "=", "BE"]],
            [["country_id", "!=", "BE"]],
            [["country_id", "in", [1, "BE"]]],
            [["country_id", "like", 5]],
            [["country_id", "=like", "BE"]],
            [["country_id.display_name", "=", "BE"]],
            [["country_id", "any", [["display_name", "ilike", "BE"]]]],
            ["!", ["parent_id", "not any", [["country_id", "ilike", "BE"]]]],
            [["parent_id.country_id", "=", "BE"]],
            [["user_ids", "ilike", "admin"]],
            [["user_id", "=?", "admin"]],
            [["country_id", "child_of", "BE"]],
        ):
            with self.subTest(domain):
                operation = search("res.partner", domain)
                self.assert_refused(self.query(operation, grant=narrow), "scope.insufficient", "read res.")
                called = method("res.partner", "search_count", domain)
                self.assert_refused(self.execute(called, grant=narrow), "scope.insufficient", "read res.")
                error = self.query(operation, grant=self.narrowed("read")).get("error", {})
                self.assertNotIn(error.get("reason"), ("odoo.exposure", "scope.insufficient"))
        for domain in (
            [["country_id", "=", self.belgium.id]],
            [["country_id", "in", [self.belgium.id, False]]],
            [["country_id", "!=", False]],
            [["country_id.name", "ilike", "Belg"]],
            [["industry_id", "ilike", "Agri"]],  # searched only by the name
            [["industry_id.display_name", "ilike", "Agri"]],
            [["display_name", "ilike", "Gateway"]],
        ):
            with self.subTest(domain):
                self.assert_ok(self.query(search("res.partner", domain), grant=narrow))

    def test_an_order_or_a_grouping_by_a_relation_reveals_the_order_of_the_other_model(self):
        narrow = self.narrowed("res.company:read", "res.partner:read")
        # partners by complete_name, companies by sequence
        for operation in (search("res.partner", order="company_id desc"), search("res.partner", order="user_id")):
            grant = self.narrowed("res.partner:read")
            self.assert_refused(self.query(operation, grant=grant), "scope.insufficient", "read res.")
            self.assert_ok(self.query(operation, grant=self.narrowed("read")))
        for name, args, kwargs in (
            ("formatted_read_group", [[], ["company_id"]], {}),
            ("web_search_read", [[], {}], {"order": "company_id"}),
            ("search", [[]], {"order": "company_id"}),
            ("web_read", [self.ids, {"child_ids": {"order": "company_id"}}], {}),
            ("read_progress_bar", [[], "company_id", {"field": "type", "colors": {}}], {}),
        ):
            with self.subTest(name):
                operation = method("res.partner", name, *args, **kwargs)
                answer = self.execute(operation, grant=self.narrowed("res.partner:read"))
                self.assert_refused(answer, "scope.insufficient", "read res.company")
                self.assert_ok(self.execute(operation, grant=narrow))
        self.patch(self.env["res.partner"]._fields["industry_id"], "group_expand", True)
        grant = self.narrowed("res.partner:read")
        grouped = method("res.partner", "formatted_read_group", [], ["industry_id"])
        self.assert_ok(self.execute(grouped, grant=grant))
        grouped["kwargs"] = {"context": {"read_group_expand": True}}
        self.assert_refused(self.execute(grouped, grant=grant), "scope.insufficient", "read res.partner.industry")
        for order in ("country_id", "industry_id desc", "company_id.id", "parent_id"):
            self.assert_ok(self.query(search("res.partner", order=order), grant=self.narrowed("res.partner:read")))

    def test_no_argument_reveals_a_field_of_a_group(self):
        self.patch(self.env["res.partner"]._fields["ref"], "groups", "base.group_system")
        for name, args, kwargs in (
            ("export_data", [self.ids, ["ref"]], {}),
            ("copy_data", [self.ids], {}),
            ("get_field_translations", [self.ids, "ref"], {}),
            ("web_save", [self.ids, {}, {"ref": {}}], {}),
            ("onchange", [self.ids, {}, [], {"ref": {}}], {}),
            ("onchange", [[], {}, [], {"child_ids": {"fields": {"ref": {}}}}], {}),
            ("default_get", [["ref"]], {}),
            ("search_panel_select_multi_range", ["parent_id"], {"group_by": "ref"}),
            ("formatted_read_group", [[]], {"aggregates": ["ref:max"]}),
            ("formatted_read_group", [[]], {"having": [["ref:max", "=", "R1"]]}),
            ("read_group", [[], ["name:max(ref)"], ["type"]], {}),
            ("read_group", [[], ["name:max(ref) "], ["type"]], {}),
            ("search", [[["parent_id", "ilike", "R1"]]], {}),
            ("name_search", ["R1"], {}),
            ("search", [[]], {"order": "ref"}),
        ):
            with self.subTest(name, args=args, kwargs=kwargs):
                error = self.execute(method("res.partner", name, *args, **kwargs))["error"]
                self.assertEqual(error["reason"], "odoo.access", error)
                self.assertNotIn("R1", error["message"])
        for operation in (
            search("res.partner", order="ref"),
            search("res.partner", order="ref, id", after=["A", "1"], limit=1),
            search("res.partner", [["ref", "=like", "R%"]], count="exact"),
        ):
            self.assert_refused(self.query(operation), "odoo.access")

    def test_no_argument_reveals_a_secret(self):
        admin = self.env.ref("base.user_admin").id
        order = self.env["sale.order"].create({"partner_id": self.partner.id, "access_token": "S3"})
        ids, known = order.ids, [["access_token", "=like", "S%"]]
        for name, args, kwargs in (
            ("read", [ids, ["access_token"]], {}),
            ("search", [known], {}),
            ("search", [[]], {"order": "access_token"}),
            ("export_data", [ids, ["order_line/order_id/access_token"]], {}),
            ("web_save", [ids, {}, {"access_token": {}}], {}),
            ("web_save", [ids, {}, {"order_line": {"fields": {"order_id": {"fields": {"access_token": {}}}}}}], {}),
            ("onchange", [ids, {}, [], {"access_token": {}}], {}),
            ("get_field_translations", [ids, "access_token"], {}),
            ("formatted_read_group", [[], ["access_token"]], {}),
            ("formatted_read_group", [[]], {"aggregates": ["access_token:max"]}),
            ("formatted_read_group", [[]], {"having": [["access_token:max", "=", "S3"]]}),
            ("read_group", [[], ["name:max(access_token)"], ["state"]], {}),
            ("read_progress_bar", [[], "state", {"field": "access_token", "colors": {"S3": 1}}], {}),
            ("search_panel_select_range", ["access_token"], {}),
            ("search_panel_select_range", ["partner_id"], {"category_domain": known}),
            ("web_read_group", [[], ["state"]], {"opening_info": [{"progressbar_domain": known}]}),
        ):
            with self.subTest(name, args=args, kwargs=kwargs):
                error = self.execute(method("sale.order", name, *args, **kwargs), uid=admin)["error"]
                self.assertEqual(error["reason"], "odoo.exposure", error)
                self.assertNotIn("S3", error["message"])
        operation = search("sale.order", order="access_token, id", after=["A", "1"], limit=1)
        self.assert_refused(self.query(operation, uid=admin), "odoo.exposure", "access_token")
        self.patch(type(self.env["sale.order"]), "_order", "access_token, id")
        self.assertNotIn("next", self.assert_ok(self.query(search("sale.order", limit=1), uid=admin)))
        self.patch(self.env["sale.order"]._fields["access_token"], "copy", True)
        self.assert_refused(self.execute(method("sale.order", "copy_data", ids), uid=admin), "odoo.exposure")
        self.assertNotIn("S3", repr(self.execute(method("sale.order", "read", ids), uid=admin)))

    def test_a_view_must_belong_to_the_model_and_be_visible_to_the_caller(self):
        users = self.env.ref("base.view_users_form")
        for name, args, kwargs in (
            ("get_view", [users.id], {}),
            ("get_views", [[[users.id, "form"]]], {}),
            ("get_view", [], {"context": {"form_view_ref": "base.view_users_form"}}),
            ("get_view", [[1]], {}),
        ):
            answer = self.execute(method("res.partner", name, *args, **kwargs))
            self.assert_refused(answer, "odoo.arguments", "has no view")
        own = self.env.ref("base.view_partner_form")
        self.assert_ok(self.execute(method("res.partner", "get_views", [[own.id, "form"]])))
        other = self.env.ref("base.user_admin").id
        for name in ("get_formview_id", "get_formview_action"):
            self.assert_refused(
                self.execute(method("res.partner", name, self.ids, other)), "odoo.exposure", "access_uid"
            )
            self.assert_ok(self.execute(method("res.partner", name, self.ids, self.caller.id)))

    def test_groups_are_not_padded_with_empty_ones(self):
        context = {"fill_temporal": {"fill_from": "2000-01-01", "fill_to": "2000-01-05", "min_groups": 7}}
        domain = [["id", "=", self.partner.id]]
        operation = method("res.partner", "formatted_read_group", domain, ["create_date:day"], context=context)
        self.assertEqual(len(self.assert_ok(self.execute(operation))), 1)

    def test_a_context_does_not_make_names_of_another_model_reveal_more(self):
        values = {"name": "Parent", "email": "parent@example.com", "vat": "BE0477472701"}
        parent = self.env["res.partner"].create(values)
        bank = self.env["res.partner.bank"].create({"acc_number": "1", "partner_id": parent.id})
        context = {"show_email": True, "show_vat": True, "lang": "en_US"}
        expanded = {"partner_id": {"fields": {"display_name": {}}, "context": context}}
        for operation in (
            method("res.partner.bank", "read", bank.ids, ["partner_id"], context=context),
            method("res.partner.bank", "web_read", bank.ids, expanded),
            method("res.partner.bank", "formatted_read_group", [], ["partner_id"], context=context),
        ):
            with self.subTest(operation):
                rows = self.assert_ok(self.execute(operation, grant=self.narrowed("read")))
                self.assertIn("parent@example.com", repr(rows))
                operation["kwargs"] = {**operation["kwargs"]}
                grant = self.narrowed("res.partner.bank:read")
                if operation["method"] == "formatted_read_group":
                    self.assert_refused(self.execute(operation, grant=grant), "scope.insufficient", "res.partner")
                    continue
                rows = self.assert_ok(self.execute(operation, grant=grant))
                self.assertIn("Parent", repr(rows))
                self.assertNotIn("parent@example.com", repr(rows))
                self.assertNotIn("BE0477472701", repr(rows))
                own = self.narrowed("res.partner.bank:read", "res.partner:read")
                self.assertIn("parent@example.com", repr(self.assert_ok(self.execute(operation, grant=own))))

    def test_names_are_searched_with_operators_that_callers_may_use(self):
        for operator in ("any!", "any", "nope", 5):
            answer = self.execute(method("res.partner", "name_search", "x", [], operator))
            self.assert_refused(answer, "odoo.arguments", "Names cannot be searched with")
