from odoo import Command
from odoo.tests import tagged

from .common import ChannelCase, create, method, read, tree, write


@tagged("post_install", "-at_install")
class TestReadOnly(ChannelCase):
    """Fields that people cannot write in Odoo are ignored if sent back unchanged, and otherwise refused."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.env.ref("base.user_admin")
        product = cls.env["product.product"].create({"name": "Desk", "list_price": 10, "taxes_id": [Command.clear()]})
        line = {"product_id": product.id, "product_uom_qty": 2}
        cls.order = cls.env["sale.order"].create({"partner_id": cls.partner.id, "order_line": [Command.create(line)]})
        cls.line = cls.order.order_line
        cls.product = product

    def as_admin(self, *operations, **call):
        return self.execute(*operations, uid=self.admin.id, **call)

    def sent_back(self):
        """The order as a client has read it, in the format that the sidecar passes on."""
        row = self.assert_ok(self.as_admin(read("sale.order", self.order.ids, fields=tree(*self.FIELDS))))["records"][0]
        return {name: value[0] if type(value) is list and name in self.LINKS else value for name, value in row.items()}

    FIELDS = ("name", "state", "amount_total", "display_name", "create_date", "write_uid", "currency_id", "note")
    LINKS = ("write_uid", "currency_id")
    IGNORED = ("amount_total", "create_date", "currency_id", "display_name", "id", "state", "write_uid")

    def test_a_whole_record_can_be_sent_back(self):
        values = {**self.sent_back(), "client_order_ref": "mine", "tag_ids": []}
        result = self.assert_ok(self.as_admin(write("sale.order", self.order.ids, values)))
        self.assertLessEqual(set(self.IGNORED) - {"currency_id"}, set(result["ignored"]))
        self.assertEqual((self.order.client_order_ref, self.order.state), ("mine", "draft"))

    def test_a_field_that_odoo_refuses_in_every_write_may_be_sent_back(self):
        company = self.env.company
        parent = company.create({"name": "Parent"})
        child = company.create({"name": "Child", "parent_id": parent.id})
        for record in (company, child):
            values = {"id": record.id, "name": record.name, "parent_id": record.parent_id.id, "street": "Changed"}
            self.assert_ok(self.as_admin(write("res.company", record.ids, values)))
            self.assertEqual(record.street, "Changed")
        for other in (False, company.id):
            answer = self.as_admin(write("res.company", child.ids, {"parent_id": other, "street": "Never"}))
            self.assert_refused(answer, "odoo.user")
        self.assertEqual(child.street, "Changed")

    def test_a_confirmed_order_may_be_sent_back(self):
        """Once an order is confirmed, Odoo refuses every write that contains its pricelist."""
        order, other = self.order, self.env["product.pricelist"].create({"name": "Other"})
        order.pricelist_id = other
        order.action_confirm()
        values = {"pricelist_id": other.id, "partner_id": order.partner_id.id, "client_order_ref": "Changed"}
        self.assert_ok(self.as_admin(write("sale.order", order.ids, values)))
        self.assertEqual((order.client_order_ref, order.pricelist_id), ("Changed", other))
        answer = self.as_admin(write("sale.order", order.ids, {**values, "pricelist_id": False}))
        self.assert_refused(answer, "odoo.user")

    def test_a_link_to_a_hidden_record_may_be_sent_back(self):
        hidden = self.env["res.partner"].create({"name": "Hidden", "active": False})
        self.env["ir.rule"].create(
            {
                "name": "Not this one",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {hidden.id})]",
            }
        )
        project = self.env["project.project"].create({"name": "Project"})
        values = {"name": "Task", "project_id": project.id}
        task, other = project.task_ids.create([{**values, "partner_id": hidden.id}, values])
        self.assert_ok(self.as_admin(write("project.task", task.ids, {"partner_id": hidden.id, "name": "Changed"})))
        self.assertEqual(task.name, "Changed")
        answer = self.as_admin(write("project.task", other.ids, {"partner_id": hidden.id}))
        self.assert_refused(answer, "odoo.validation", "partner_id")

    def test_an_internal_note_of_odoo_may_be_sent_back(self):
        move = self.env["account.move"].create({"move_type": "out_invoice"})
        self.assert_ok(self.as_admin(write("account.move", move.ids, {"sending_data": False, "ref": "Changed"})))
        self.assertEqual(move.ref, "Changed")
        answer = self.as_admin(write("account.move", move.ids, {"sending_data": {"author_user_id": 2}}))
        self.assert_refused(answer, "odoo.exposure", "sending_data")

    def test_changed_fields_are_named_and_nothing_is_written(self):
        changed = {
            "id": self.order.id + 1,
            "amount_total": 999,
            "display_name": "x",
            "create_date": "2020-01-01 00:00:00",
            "write_uid": self.caller.id,
            "state": "sale",
            "invoice_ids": [[4, self.partner.id]],
            "partner_credit_warning": "none",
        }
        for name, value in changed.items():
            for values in ({name: value}, {**self.sent_back(), name: value}):
                with self.subTest(name):
                    values = {**values, "client_order_ref": "never"}
                    answer = self.as_admin(write("sale.order", self.order.ids, values))
                    error = self.assert_refused(answer, "odoo.validation", name)
                    self.assertEqual(error["details"]["fields"], [name])
        both = {"amount_total": 1, "display_name": "x"}
        error = self.assert_refused(self.as_admin(write("sale.order", self.order.ids, both)), "odoo.validation")
        self.assertEqual(error["details"]["fields"], ["amount_total", "display_name"])
        self.assertEqual((self.order.state, self.order.amount_total), ("draft", 20))
        self.assertFalse(self.order.client_order_ref)

    def test_lines_follow_the_same_rule(self):
        def of_line(**values):
            return write("sale.order", self.order.ids, {"order_line": [[1, self.line.id, values]]})

        result = self.assert_ok(self.as_admin(of_line(product_uom_qty=3, price_subtotal=20, id=self.line.id)))
        self.assertEqual(sorted(result["ignored"]), ["order_line[0].id", "order_line[0].price_subtotal"])
        self.assertEqual(self.order.amount_total, 30)
        for values in ({"price_subtotal": 999}, {"create_uid": self.caller.id}):
            [name] = values
            answer = self.as_admin(of_line(product_uom_qty=9, **values))
            self.assert_refused(answer, "odoo.validation", f"order_line[0].{name}")
        new = {"product_id": self.product.id, "price_subtotal": 5}
        answer = self.as_admin(write("sale.order", self.order.ids, {"order_line": [[0, 0, new]]}))
        self.assert_refused(answer, "odoo.validation", "order_line[0].price_subtotal")
        self.assertEqual(self.line.product_uom_qty, 3)

    def test_links_that_are_read_only(self):
        """Links may be sent back as they were read: as ids, or expanded."""
        partner = self.partner.ids
        for same, changed in ((self.partner.id, self.admin.partner_id.id), (self.partner.id, False)):
            values = {"commercial_partner_id": same}
            result = self.assert_ok(self.as_admin(write("res.partner", partner, values)))
            self.assertEqual(result["ignored"], ["commercial_partner_id"])
            answer = self.as_admin(write("res.partner", partner, {"commercial_partner_id": changed}))
            self.assert_refused(answer, "odoo.validation", "commercial_partner_id")
        order = self.order.ids
        team = self.order.team_id
        for commands in ([], [[6, 0, []]]):
            self.assertEqual(
                self.assert_ok(self.as_admin(write("sale.order", order, {"invoice_ids": commands})))["ignored"],
                ["invoice_ids"],
            )
        for commands in (
            [[4, team.id or 1]],
            [[1, 1, {"ref": "x"}]],
            "x",
            [[]],
            [["a"]],
            [[6, 0, None]],
            [[6, 0, [[]]]],
        ):
            with self.subTest(commands):
                answer = self.as_admin(write("sale.order", order, {"invoice_ids": commands}))
                self.assert_refused(answer, "odoo.validation", "invoice_ids")

    def test_a_new_record_accepts_a_computed_value_only_if_odoo_computes_the_same(self):
        values = {"partner_id": self.partner.id, "order_line": [[0, 0, {"product_id": self.product.id}]]}
        right = {"amount_total": 10, "state": "draft", "partner_credit_warning": False}
        result = self.assert_ok(self.as_admin(create("sale.order", {**values, **right})))
        self.assertEqual(sorted(result["ignored"]), sorted(right))
        for wrong in ({"amount_total": 11}, {"state": "sale"}, {"create_date": "2020-01-01 00:00:00"}, {"id": 7}):
            [name] = wrong
            with self.subTest(name):
                before = self.env["sale.order"].search_count([])
                self.assert_refused(self.as_admin(create("sale.order", {**values, **wrong})), "odoo.validation", name)
                several = create("sale.order", values, {**values, **wrong})
                self.assert_refused(self.as_admin(several), "odoo.validation", f"[1].{name}")
                self.assertEqual(self.env["sale.order"].search_count([]), before)

    def test_the_state_of_a_document_is_writable_if_its_form_lets_people_write_it(self):
        move = self.env["account.move"].create({"partner_id": self.partner.id, "move_type": "out_invoice"})
        task = self.env["project.task"].create({"name": "t", "user_ids": [Command.set(self.admin.ids)]})
        for record, state, is_written in (
            (self.order, "sale", False),
            (move, "posted", False),
            (task, "1_done", True),
        ):
            with self.subTest(record._name):
                answer = self.as_admin(write(record._name, record.ids, {"state": state}))
                if is_written:
                    self.assert_ok(answer)
                else:
                    self.assert_refused(answer, "odoo.validation", "state", "methods")
                self.assertEqual(record.state == state, is_written)
        self.assert_ok(self.as_admin(method("sale.order", "action_confirm", self.order.ids)))
        self.assertEqual(self.order.state, "sale")

    def test_a_form_may_let_people_write_a_read_only_field(self):
        self.assert_refused(self.as_admin(write("sale.order", self.order.ids, {"state": "sent"})), "odoo.validation")
        self.env["ir.ui.view"].create(
            {
                "name": "state",
                "model": "sale.order",
                "inherit_id": self.env.ref("sale.view_order_form").id,
                "arch": """<field name="state" position="attributes">
                    <attribute name="options">{'clickable': '1'}</attribute>
                    <attribute name="readonly">0</attribute>
                </field>""",
            }
        )
        self.assert_ok(self.as_admin(write("sale.order", self.order.ids, {"state": "sent"})))
        self.assertEqual(self.order.state, "sent")

    def test_the_rule_reveals_no_value_to_users_who_may_not_read_it(self):
        grant = {"scopes": ["sale.order:write"], "models": None}
        for amount in (20, 21):
            answer = self.as_admin(write("sale.order", self.order.ids, {"amount_total": amount}), grant=grant)
            self.assert_refused(answer, "odoo.validation", "amount_total")

    def test_methods_write_everything_that_odoo_lets_them_write(self):
        self.assert_ok(self.as_admin(method("sale.order", "write", self.order.ids, {"state": "sent"})))
        self.assertEqual(self.order.state, "sent")

    # --- Empty strings

    def test_an_empty_string_is_stored_as_empty(self):
        ids = self.partner.ids
        for values in ({"ref": ""}, {"comment": ""}, {"website": ""}):
            [name] = values
            for operation in (
                write("res.partner", ids, values),
                create("res.partner", {"name": "x", **values}),
                create("res.partner", {"name": "x", "child_ids": [[0, 0, {"name": "y", **values}]]}),
                method("res.partner", "write", ids, values),
                method("res.partner", "create", {"name": "x", **values}),
                method("res.partner", "web_save", ids, values, {}),
                method("res.partner", "name_create", "x", context={f"default_{name}": ""}),
            ):
                with self.subTest(operation):
                    self.assert_ok(self.execute(operation))
        self.env.cr.execute("select count(*) from res_partner where ref = '' or website = '' or comment = ''")
        self.assertEqual(self.env.cr.fetchone(), (0,))
        first = create("res.partner", {"name": "x", "ref": ""}, fields=tree("ref"), name="first")
        [made, _written] = self.execute(first, write("res.partner", ids, {"ref": {"$ref": "first.ref"}}))["results"]
        self.assertEqual(made["records"][0]["ref"], False)
        self.assert_refused(self.execute(write("res.partner.category", [1], {"name": ""})), "odoo.validation", "name")
