from odoo import Command
from odoo.tests import new_test_user, tagged

from .common import ChannelCase, create, method, write


@tagged("post_install", "-at_install")
class TestValues(ChannelCase):
    """Values pass the same checks, however they are sent."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.env.ref("base.user_admin")
        cls.tag = cls.env["res.partner.category"].create({"name": "Tag"})
        second = cls.env["res.company"].create({"name": "Second"})
        cls.theirs = cls.env["res.partner"].create({"name": "Theirs", "company_id": second.id})
        cls.rights = [[6, 0, [cls.env.ref("base.group_system").id]]]
        cls.user_values = [[0, 0, {"name": "Sneaky", "login": "sneaky", "group_ids": cls.rights}]]

    def narrowed(self, *scopes):
        return {"scopes": list(scopes), "models": None}

    def as_admin(self, operation, *scopes):
        return self.execute(operation, uid=self.admin.id, grant=self.narrowed(*scopes) if scopes else None)

    def assert_nobody_new(self):
        self.env.invalidate_all()
        self.assertFalse(self.env["res.users"].with_context(active_test=False).search([("login", "=", "sneaky")]))

    # --- The context

    def test_a_context_cannot_make_anyone_an_administrator(self):
        context = {"default_user_ids": self.user_values}
        ids = self.partner.ids
        for name, args in (
            ("create", [{"name": "P"}]),
            ("create", [[{"name": "P"}]]),
            ("web_save", [[], {"name": "P"}, {}]),
            ("web_save", [ids, {"child_ids": [[0, 0, {"name": "P"}]]}, {}]),
            ("write", [ids, {"child_ids": [[0, 0, {"name": "P"}]]}]),
            ("name_create", ["P"]),
            ("load", [["name"], [["P"]]]),
            ("copy", [ids]),
            ("copy", [ids, {"name": "P"}]),
            ("onchange", [[], {}, [], {"name": {}}]),
            ("default_get", [["name", "user_ids"]]),
            ("action_archive", [ids]),
        ):
            with self.subTest(name, args=args):
                scopes = [f"res.partner:{action}" for action in ("read", "write", "call")]
                answer = self.as_admin(method("res.partner", name, *args, context=context), *scopes)
                self.assert_refused(answer, "scope.insufficient", "res.users")
        self.assert_nobody_new()

    def test_a_context_is_checked_like_values(self):
        server = self.env["ir.mail_server"].create({"name": "Mail", "smtp_host": "localhost"})
        for model, context, reason in (
            ("res.partner", {"default_parent_id": self.theirs.id}, "odoo.validation"),
            ("res.partner", {"default_category_id": [[6, 0, [2**30]]]}, "odoo.validation"),
            ("res.partner", {"default_child_ids": [[1, self.partner.id, {"name": "x"}]]}, "odoo.validation"),
            ("res.partner", {"default_child_ids": "[[0, 0, {}]]"}, "odoo.validation"),
            ("res.partner", {"default_lang": "xx_XX"}, "odoo.validation"),
            ("res.partner", {"default_color": "red"}, "odoo.validation"),
            ("res.partner", {"default_name": ["x"]}, "odoo.validation"),
            ("res.partner", {"default_nope": 1}, "odoo.field"),
            ("res.partner", {"default_comment": [[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}, "odoo.arguments"),
            ("mail.mail", {"default_mail_server_id": server.id}, "odoo.exposure"),
            ("ir.attachment", {"default_res_model": "ir.mail_server", "default_res_id": server.id}, "odoo.exposure"),
            (
                "ir.attachment",
                {"default_res_model": "res.partner", "default_res_id": self.theirs.id},
                "odoo.validation",
            ),
            ("res.partner", {"active_model": "ir.mail_server", "active_ids": server.ids}, "odoo.exposure"),
            ("res.partner", {"active_model": "res.partner", "active_id": self.theirs.id}, "odoo.validation"),
            ("res.partner", {"active_model": "res.partner", "active_ids": ["1"]}, "odoo.arguments"),
            ("res.partner", {"active_ids": self.partner.ids}, "odoo.arguments"),
        ):
            with self.subTest(context):
                self.assert_refused(self.execute(method(model, "create", {"name": "x"}, context=context)), reason)
        narrow = self.narrowed("res.partner:write")
        context = {"active_model": "res.users", "active_ids": [self.admin.id]}
        answer = self.execute(method("res.partner", "name_create", "x", context=context), grant=narrow)
        self.assert_refused(answer, "scope.insufficient", "res.users")

    def test_defaults_in_a_context_apply_to_the_called_model(self):
        context = {"default_color": 77, "default_category_id": [[6, 0, self.tag.ids]], "default_parent_id": False}
        for name, args in (
            ("create", [{"name": "P"}]),
            ("name_create", ["P"]),
            ("web_save", [[], {"name": "P"}, {}]),
            ("load", [["name"], [["P"]]]),
        ):
            with self.subTest(name):
                result = self.assert_ok(self.execute(method("res.partner", name, *args, context=context)))
                id_ = result["ids"][0] if name == "load" else result[0]["id"] if name == "web_save" else result
                made = self.env["res.partner"].browse(id_[0] if name == "name_create" else id_)
                self.assertEqual((made.color, made.category_id), (77, self.tag))

    def test_defaults_in_a_context_do_not_apply_to_other_records_created_meanwhile(self):
        partners = type(self.env["res.partner"])

        def gateway_deeper(records, *, as_superuser):
            records = records.sudo() if as_superuser else records
            tag = records.env["res.partner.category"].create({"name": "On the way"})
            own = records.env["res.partner.category"].with_context(default_color=5).create({"name": "Odoo's own"})
            return [tag.color, own.color]

        partners.gateway_deeper = gateway_deeper
        self.addCleanup(delattr, partners, "gateway_deeper")
        for as_superuser in (False, True):
            operation = method(
                "res.partner", "gateway_deeper", [], as_superuser=as_superuser, context={"default_color": 777}
            )
            first, own = self.assert_ok(self.execute(operation, uid=self.admin.id))
            self.assertNotEqual(first, 777)
            self.assertEqual(own, 5)

    def test_checks_stay_on_even_if_a_context_switches_them_off(self):
        partners = type(self.env["res.partner"])
        partners.gateway_context = lambda records: sorted(records.env.context)
        self.addCleanup(delattr, partners, "gateway_context")
        given = {"skip_readonly_check": True, "leave_skip_state_check": True, "uid": 1, "tracking_disable": True}
        seen = self.assert_ok(self.execute(method("res.partner", "gateway_context", [], context=given)))
        self.assertEqual(set(seen) & set(given), {"tracking_disable"})

    # --- Other records' lines

    def test_nested_ids_belong_to_the_record_that_is_written(self):
        partners = self.env["res.partner"]
        mine = partners.create({"name": "Mine", "child_ids": [Command.create({"name": "my child"})]})
        other = partners.create({"name": "Other", "child_ids": [Command.create({"name": "their child"})]})
        line, own = other.child_ids, mine.child_ids
        other.category_id = self.tag
        grandchild = partners.create({"name": "grandchild", "parent_id": line.id})
        for values in (
            {"child_ids": [[1, line.id, {"name": "x"}]]},
            {"child_ids": [[2, line.id]]},
            {"child_ids": [[3, line.id]]},
            {"child_ids": [[4, line.id]]},
            {"child_ids": [[6, 0, [own.id, line.id]]]},
            {"child_ids": [[4, line.id], [1, line.id, {"name": "x"}]]},
            {"child_ids": [[1, other.id, {"name": "x"}]]},  # a line without a record
            {"child_ids": [[1, own.id, {"child_ids": [[1, line.id, {"name": "x"}]]}]]},
            {"child_ids": [[1, own.id, {"child_ids": [[1, grandchild.id, {"name": "x"}]]}]]},
            {"child_ids": [[0, 0, {"name": "new", "child_ids": [[1, own.id, {"name": "x"}]]}]]},
            {"category_id": [[1, self.tag.id, {"name": "x"}]]},
            {"category_id": [[2, self.tag.id]]},
        ):
            name = next(iter(values))
            for operation in (
                write("res.partner", mine.ids, values),
                create("res.partner", {"name": "New", **values}),
                method("res.partner", "write", mine.ids, values),
                method("res.partner", "web_save", mine.ids, values, {}),
                method("res.partner", "web_save_multi", mine.ids, [values], {}),
                method("res.partner", "copy", mine.ids, values),
                method("res.partner", "create", {"name": "New", **values}),
                method("res.partner", "onchange", mine.ids, values, [name], {"name": {}}),
                method("res.partner", "name_create", "x", context={f"default_{name}": values[name]}),
            ):
                with self.subTest(operation):
                    error = self.assert_refused(self.execute(operation, uid=self.admin.id), "odoo.validation")
                    self.assertEqual(error["details"]["field"], name)
        self.env.invalidate_all()
        self.assertEqual((line.name, line.parent_id, own.parent_id), ("their child", other, mine))

    def test_own_lines_and_lines_without_a_record_are_accepted(self):
        partners = self.env["res.partner"]
        mine = partners.create({"name": "Mine", "child_ids": [Command.create({"name": "child"})]})
        second = partners.create({"name": "2", "child_ids": [Command.create({"name": "child"})]})
        free, own, linked = partners.create({"name": "free"}), mine.child_ids, self.env["res.partner.category"]
        linked = linked.create({"name": "linked"})
        mine.category_id = linked
        archived = partners.create({"name": "archived", "parent_id": mine.id, "active": False})
        values = {
            "child_ids": [[1, own.id, {"name": "changed"}], [4, free.id], [1, free.id, {"name": "taken"}], [4, own.id]],
            "category_id": [[1, linked.id, {"name": "renamed"}], [4, self.tag.id], [3, self.tag.id]],
        }
        self.assert_ok(self.execute(write("res.partner", mine.ids, values), uid=self.admin.id))
        self.assertEqual(set(mine.child_ids.mapped("name")), {"changed", "taken"})
        self.assertEqual(linked.name, "renamed")
        both = [[1, own.id, {"name": "a"}], [1, second.child_ids.id, {"name": "b"}], [1, archived.id, {"name": "c"}]]
        self.assert_ok(self.execute(write("res.partner", (mine + second).ids, {"child_ids": both})))
        each = [{"child_ids": [[1, own.id, {"name": "d"}]]}, {"child_ids": [[1, second.child_ids.id, {"name": "e"}]]}]
        self.assert_ok(self.execute(method("res.partner", "web_save_multi", (mine + second).ids, each, {})))
        self.assertEqual((own.name, archived.name, second.child_ids.name), ("d", "c", "e"))
        crossed = method("res.partner", "web_save_multi", (mine + second).ids, each[::-1], {})
        self.assert_refused(self.execute(crossed), "odoo.validation", "child_ids")

    def test_lines_reached_through_an_inherited_field_are_checked_too(self):
        user = new_test_user(self.env, "gateway_other")
        child = self.env["res.partner"].create({"name": "child", "parent_id": user.partner_id.id})
        operation = write("res.users", self.admin.ids, {"child_ids": [[1, child.id, {"name": "x"}]]})
        self.assert_refused(self.execute(operation, uid=self.admin.id), "odoo.validation", "child_ids")
        operation = write("res.users", user.ids, {"child_ids": [[1, child.id, {"name": "changed"}]]})
        self.assert_ok(self.execute(operation, uid=self.admin.id))
        self.assertEqual(child.name, "changed")

    # --- load

    def test_columns_of_a_file_are_checked_like_values(self):
        bank = self.env["res.partner.bank"].create({"acc_number": "1", "partner_id": self.theirs.id})
        theirs = self.env["res.partner"].create({"name": "Other's", "parent_id": self.admin.partner_id.id})
        xml_id = self.theirs.export_data(["id"])["datas"][0][0]
        own = str(self.partner.id)
        for fields, row, reason in (
            ([".id", "user_ids/.id"], [own, str(self.admin.id)], "odoo.validation"),
            ([".id", "bank_ids/.id"], [own, str(bank.id)], "odoo.validation"),
            (["name", "bank_ids/.id"], ["New", str(bank.id)], "odoo.validation"),
            ([".id", "child_ids/.id", "child_ids/name"], [own, str(theirs.id), "x"], "odoo.validation"),
            ([".id", "parent_id/.id"], [own, str(self.theirs.id)], "odoo.validation"),
            ([".id", "parent_id/id"], [own, xml_id], "odoo.validation"),
            (["name", "lang"], ["x", "xx_XX"], None),
            (["name", "nope"], ["x", "y"], "odoo.field"),
            ("name", ["x"], "odoo.arguments"),
        ):
            with self.subTest(fields):
                uid = self.admin.id if "bank_ids/.id" in fields or "user_ids/.id" in fields else self.caller.id
                answer = self.execute(method("res.partner", "load", fields, [row]), uid=uid)
                if reason:
                    self.assert_refused(answer, reason)
                else:
                    self.assertFalse(self.assert_ok(answer)["ids"])
        self.env.invalidate_all()
        self.assertEqual((bank.partner_id, theirs.name), (self.theirs, "Other's"))
        self.assertEqual(self.admin.partner_id.user_ids, self.admin)

    def test_columns_of_a_file_need_the_scopes_of_the_fields_they_write(self):
        own = str(self.partner.id)
        for fields, row, context in (
            (["name", "user_ids/login"], ["x", "sneaky"], {}),
            ([".id", "user_ids/.id"], [own, str(self.admin.id)], {}),
            ([".id", "bank_ids/acc_number"], [own, "1"], {}),
            ([".id", "bank_ids/.id"], [own, "1"], {}),
            (["name", "category_id"], ["x", "New tag"], {"name_create_enabled_fields": {"category_id": True}}),
        ):
            with self.subTest(fields):
                operation = method("res.partner", "load", fields, [row], context=context)
                self.assert_refused(
                    self.as_admin(operation, "res.partner:write", "res.partner:read"), "scope.insufficient"
                )
        self.assert_nobody_new()

    def test_a_file_is_loaded_with_its_lines_and_links(self):
        mine = self.env["res.partner"].create({"name": "Mine", "child_ids": [Command.create({"name": "child"})]})
        fields = [".id", "category_id/.id", "child_ids/.id", "child_ids/name", "country_id/id"]
        rows = [
            [str(mine.id), str(self.tag.id), str(mine.child_ids.id), "renamed", "base.be"],
            ["", "", "", "second", ""],
        ]
        result = self.assert_ok(self.execute(method("res.partner", "load", fields, rows)))
        self.assertEqual(result["ids"], mine.ids, result)
        self.assertEqual(set(mine.child_ids.mapped("name")), {"renamed", "second"})
        self.assertEqual((mine.category_id, mine.country_id.code), (self.tag, "BE"))

    def test_an_import_by_a_module_is_checked_like_one_of_the_callers(self):
        importer = self.env["base_import.import"].with_user(self.admin)
        rows = f".id,user_ids/.id\n{self.partner.id},{self.admin.id}\n".encode()
        wizard = importer.create({"res_model": "res.partner", "file": rows, "file_type": "text/csv"})
        options = {"quoting": '"', "separator": ",", "has_headers": True, "encoding": "utf-8"}
        columns = [".id", "user_ids/.id"]
        operation = method("base_import.import", "execute_import", wizard.ids, columns, columns, options)
        self.assert_refused(self.execute(operation, uid=self.admin.id), "odoo.validation", "user_ids")
        answer = self.as_admin(operation, "base_import.import:call")
        self.assert_refused(answer, "scope.insufficient")

    # --- Properties

    def test_properties_link_as_their_definition_says(self):
        relations = [
            {"name": "one", "type": "many2one", "string": "One", "comodel": "res.partner"},
            {"name": "many", "type": "many2many", "string": "Many", "comodel": "res.partner"},
            {"name": "number", "type": "integer", "string": "Number"},
        ]
        self.env["properties.base.definition"].sudo()._get_definition_for_property_field(
            "res.partner", "properties"
        ).properties_definition = relations
        theirs = self.theirs.id
        disguised = [{"name": "one", "type": "integer", "string": "One", "value": theirs}]
        for value in ({"one": theirs}, {"many": [self.partner.id, theirs]}, disguised):
            for operation in (
                write("res.partner", self.partner.ids, {"properties": value}),
                create("res.partner", {"name": "x", "properties": value}),
                method("res.partner", "name_create", "x", context={"default_properties": value}),
                method("res.partner", "onchange", self.partner.ids, {"properties": value}, [], {"name": {}}),
            ):
                with self.subTest(operation):
                    error = self.assert_refused(self.execute(operation), "odoo.validation", str(theirs))
                    self.assertEqual(error["details"]["field"], "properties")
        honest = {"one": self.partner.id, "many": self.partner.ids, "number": theirs}
        self.assert_ok(self.execute(write("res.partner", self.partner.ids, {"properties": honest})))

    def test_a_cell_of_properties_has_the_same_limits_as_a_column(self):
        definition = [{"name": "tag", "type": "many2one", "string": "Tag", "comodel": "res.partner.category"}]
        holder = self.env["properties.base.definition"].sudo()
        holder._get_definition_for_property_field("res.partner", "properties").properties_definition = definition
        context = {"name_create_enabled_fields": {"Tag": True}}
        load = method("res.partner", "load", [".id", "properties.tag"], [[str(self.partner.id), "New tag"]])
        load["kwargs"]["context"] = context
        scopes, own = (
            ("res.partner:write", "res.partner:read"),
            ("res.partner.category:write", "res.partner.category:read"),
        )
        self.assert_refused(self.as_admin(load, *scopes), "scope.insufficient", "res.partner.category")
        self.assertFalse(self.env["res.partner.category"].search([("name", "=", "New tag")]))
        self.assertTrue(self.assert_ok(self.as_admin(load, *scopes, *own))["ids"])
        users = method("res.partner", "load", [".id", "properties.tag"], [[str(self.partner.id), "x"]])
        definition[0]["comodel"] = "res.users"
        holder._get_definition_for_property_field("res.partner", "properties").properties_definition = definition
        self.assert_refused(self.as_admin(users, *scopes), "scope.insufficient", "read res.users")

    def test_numbers_that_a_method_writes_are_values(self):
        for field, offset in (("parent_id", self.theirs.id), ("user_id", 1), ("name", 1), ("nope", 1), ("color", "1")):
            operation = method("res.partner", "web_resequence", self.partner.ids, {}, field, offset)
            answer = self.execute(operation)
            self.assertIn(answer["error"]["reason"], ("odoo.arguments", "odoo.field"), field)

    def test_domains_and_paths_in_strings_are_checked_when_they_are_written(self):
        secret = "[('user_ids.totp_secret', '=like', 'A%')]"
        flood = repr([("child_ids.name", "ilike", str(number)) for number in range(17)])
        composed = {"model": "res.partner", "composition_mode": "mass_mail", "body": "x"}
        for values in ({"domain": secret}, {"domain": "[('country_id.code', '=', 'BE')]"}):
            values = {"name": "F", "model_id": "res.partner", **values}
            answer = self.as_admin(create("ir.filters", values), "ir.filters:write", "res.partner:read")
            self.assert_refused(answer, "scope.insufficient")
        scopes = ("mail.compose.message:write", "mail.compose.message:read", "res.partner:read")
        for domain in ("[('country_id.code', '=', 'BE')]", secret):
            values = {**composed, "res_domain": domain}
            for operation in (
                create("mail.compose.message", values),
                method("mail.compose.message", "onchange", [], values, [], {"body": {}}),
                method("mail.compose.message", "create", composed, context={"default_res_domain": domain}),
            ):
                with self.subTest(operation):
                    self.assert_refused(self.as_admin(operation, *scopes), "scope.insufficient")
        for values in ({"res_domain": flood}, {"res_domain": "[" * 20_001}):
            answer = self.execute(create("mail.compose.message", {**composed, **values}))
            self.assertIn(answer["error"]["reason"], ("request.too_complex", "odoo.validation"))
        [wizard] = self.assert_ok(self.execute(create("mail.compose.message", composed)))["ids"]
        answer = self.execute(write("mail.compose.message", [wizard], {"res_domain": secret}))
        self.assert_refused(answer, "odoo.exposure", "totp_secret")
        path = {"name": "secret", "document_type": "quotation_document", "path": "create_uid.totp_secret"}
        self.assert_refused(self.as_admin(create("sale.pdf.form.field", path)), "odoo.exposure", "totp_secret")
        honest = {"name": "F", "model_id": "res.partner", "user_ids": [self.caller.id]}
        for domain in ("[('name', '=', 'x'), '|', ('id', 'in', (1, 2)), ('color', '=', 1)]", "[('user_id', '=', uid)]"):
            self.assert_ok(self.execute(create("ir.filters", {**honest, "domain": domain})))

    # --- A model's name with an id

    def test_a_models_name_with_an_id_is_a_link(self):
        server = self.env["ir.mail_server"].create({"name": "Mail", "smtp_host": "localhost"})
        models = {name: self.env["ir.model"]._get_id(name) for name in ("ir.mail_server", "res.partner")}
        attachment = self.env["ir.attachment"].with_user(self.admin).create({"name": "a", "raw": b"a"})
        theirs = self.theirs.id
        for model, values in (
            ("ir.attachment", {"name": "x", "res_model": "{model}", "res_id": "{id}"}),
            ("mail.activity", {"summary": "x", "res_model_id": "{model_id}", "res_id": "{id}"}),
            ("mail.followers", {"partner_id": self.partner.id, "res_model": "{model}", "res_id": "{id}"}),
            ("mail.message", {"body": "x", "model": "{model}", "res_id": "{id}"}),
            ("mail.compose.message", {"body": "x", "model": "{model}", "res_ids": "[{id}]"}),
            ("mail.scheduled.message", {"body": "x", "model": "{model}", "res_id": "{id}"}),
            ("rating.rating", {"res_model_id": "{model_id}", "res_id": "{id}"}),
        ):
            for target, id_, reason, scopes in (
                ("ir.mail_server", server.id, "odoo.exposure", ()),
                ("res.partner", 2**30, "odoo.validation", ()),
                ("res.partner", self.partner.id, "scope.insufficient", (f"{model}:write", f"{model}:read")),
            ):
                for nested in (False, True):
                    filled = {
                        name: models[target]
                        if value == "{model_id}"
                        else id_
                        if value == "{id}"
                        else value.format(model=target, id=id_)
                        if type(value) is str
                        else value
                        for name, value in values.items()
                    }
                    operation = create(model, filled)
                    if nested:
                        context = {f"default_{name}": value for name, value in filled.items()}
                        operation = method(model, "create", {}, context=context)
                    with self.subTest(operation):
                        self.assert_refused(self.as_admin(operation, *scopes), reason)
        attachment.write({"res_model": "res.partner", "res_id": self.partner.id})
        for values, reason in (
            ({"res_model": "ir.mail_server"}, "odoo.exposure"),
            ({"res_model": "res.partner", "res_id": theirs}, "odoo.validation"),
        ):
            self.assert_refused(self.execute(write("ir.attachment", attachment.ids, values)), reason)
        answer = self.execute(write("ir.attachment", attachment.ids, {"res_id": theirs}))
        self.assert_refused(answer, "odoo.validation", "res_id", str(theirs))
        answer = self.as_admin(
            write("ir.attachment", attachment.ids, {"res_id": self.partner.id}), "ir.attachment:write"
        )
        self.assert_refused(answer, "scope.insufficient", "res.partner")
        filters = create("ir.filters", {"name": "x", "model_id": "ir.mail_server"})
        self.assert_refused(self.execute(filters, uid=self.admin.id), "odoo.exposure")

    def test_legitimate_documents_are_attached(self):
        values = {"name": "x", "raw": "", "res_model": "res.partner", "res_id": self.partner.id}
        self.assert_ok(self.execute(create("ir.attachment", values)))
        scopes = ("ir.attachment:write", "res.partner:read")
        self.assert_ok(self.execute(create("ir.attachment", values), grant=self.narrowed(*scopes)))
        activity = {
            "summary": "x",
            "res_model_id": self.env["ir.model"]._get_id("res.partner"),
            "res_id": self.partner.id,
            "user_id": self.caller.id,
        }
        self.assert_ok(self.execute(create("mail.activity", activity)))
