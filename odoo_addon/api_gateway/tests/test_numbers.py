from odoo.tests import tagged

from ..webhooks.values import read_values
from .common import ChannelCase, create, method, read, search, tree, write

WRONG = (
    {"partner_latitude": "NaN"},
    {"partner_latitude": "Infinity"},
    {"partner_latitude": "-inf"},
    {"partner_latitude": "1e400"},
    {"partner_latitude": 10**400},
    {"partner_latitude": "north"},
    {"color": "NaN"},
    {"color": 2**31},
    {"color": -(2**31) - 1},
    {"color": "2147483648"},
    {"color": 1e10},
    {"color": 1.5},
)


@tagged("post_install", "-at_install")
class TestNumbers(ChannelCase):
    """Only numbers that can be stored and read back are accepted. Other numbers that are already stored do not break
    answers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.child = cls.env["res.partner"].create({"name": "Child", "parent_id": cls.partner.id})

    def test_a_number_that_is_out_of_range_is_refused_and_its_field_is_named(self):
        ids, child = self.partner.ids, self.child.id
        for values in WRONG:
            [(name, value)] = values.items()
            for operation in (
                write("res.partner", ids, values),
                create("res.partner", {"name": "x", **values}),
                write("res.partner", ids, {"child_ids": [[1, child, values]]}),
                write("res.partner", ids, {"child_ids": [[0, 0, {"name": "x", **values}]]}),
                method("res.partner", "write", ids, values),
                method("res.partner", "create", [{"name": "x", **values}]),
                method("res.partner", "web_save", ids, values, {}),
                method("res.partner", "onchange", ids, values, [name], {"name": {}}),
                method("res.partner", "copy", ids, values),
                method("res.partner", "name_create", "x", context={f"default_{name}": value}),
                method("res.partner", "load", [".id", name], [[str(ids[0]), value]]),
            ):
                if operation.get("method") == "load" and value in ("north", "NaN", 10**400, 1.5):
                    continue  # a message about the row, as in Odoo's own imports
                with self.subTest(operation):
                    error = self.assert_refused(self.execute(operation), "odoo.validation", name)
                    self.assertEqual(error["details"]["field"], name)
        self.assertEqual((self.partner.partner_latitude, self.partner.color), (0, 0))

    def test_a_time_at_the_end_of_the_calendar_is_refused_and_its_field_is_named(self):
        values = {"partner_id": self.partner.id, "date_order": "9999-12-31 23:59:59"}
        answer = self.execute(create("sale.order", values), uid=self.env.ref("base.user_admin").id)
        self.assert_refused(answer, "odoo.validation", "date_order")

    def test_results_of_earlier_operations_are_checked_like_other_values(self):
        first = create("res.partner", {"name": "x", "ref": "NaN"}, fields=tree("ref"), name="first")
        second = write("res.partner", self.partner.ids, {"partner_latitude": {"$ref": "first.ref"}})
        self.assert_refused(self.execute(first, second), "odoo.validation", "partner_latitude")

    def test_numbers_of_properties(self):
        definitions = [
            {"name": "weight", "type": "float", "string": "Weight"},
            {"name": "boxes", "type": "integer", "string": "Boxes"},
        ]
        self.env["properties.base.definition"].sudo()._get_definition_for_property_field(
            "res.partner", "properties"
        ).properties_definition = definitions
        for name, value in (("weight", "NaN"), ("weight", "Infinity"), ("boxes", 2**31), ("boxes", "NaN")):
            definition = next(item for item in definitions if item["name"] == name)
            for properties in ({name: value}, [{**definition, "value": value}]):
                for operation in (
                    write("res.partner", self.partner.ids, {"properties": properties}),
                    method("res.partner", "write", self.partner.ids, {"properties": properties}),
                ):
                    with self.subTest(operation):
                        self.assert_refused(self.execute(operation), "odoo.validation", "properties", str(value))
        self.assert_ok(self.execute(write("res.partner", self.partner.ids, {"properties": {"weight": 1, "boxes": 2}})))

    def test_an_argument_that_is_too_large_for_its_column_is_named(self):
        partners = type(self.env["res.partner"])

        def gateway_colour(records, colour, other=0):
            records.env.cr.execute("update res_partner set color = %s where id = any(%s)", (other, records.ids))

        partners.gateway_colour = gateway_colour
        self.addCleanup(delattr, partners, "gateway_colour")
        operation = method("res.partner", "gateway_colour", self.partner.ids, 1, other=2**31)
        error = self.assert_refused(self.execute(operation), "odoo.validation", "kwargs.other")
        self.assertEqual(error["details"]["field"], "kwargs.other")

    def test_a_stored_nan_reads_as_null_and_the_page_is_complete(self):
        for value in ("NaN", "Infinity", "-Infinity"):
            self.env.cr.execute("update res_partner set partner_latitude = %s where id = %s", (value, self.child.id))
            self.env.invalidate_all()
            ids = sorted((self.partner + self.child).ids)
            domain, fields = [("id", "in", ids)], ["partner_latitude"]
            grouped = self.assert_ok(
                self.execute(method("res.partner", "formatted_read_group", domain, ["id"], ["partner_latitude:sum"]))
            )
            rows = [{"id": self.partner.id, "partner_latitude": 0.0}, {"id": self.child.id, "partner_latitude": None}]
            with self.subTest(value):
                spec = tree("partner_latitude")
                for operation in (
                    search("res.partner", domain, fields=spec, order="id"),
                    search("res.partner", domain, fields=spec, order="partner_latitude"),
                    read("res.partner", ids, fields=spec),
                ):
                    found = self.assert_ok(self.query(operation))["records"]
                    self.assertEqual(sorted(found, key=lambda row: row["id"]), rows)
                self.assert_ok(self.query(search("res.partner", domain, order="id")))
                self.assertEqual(self.assert_ok(self.execute(method("res.partner", "read", ids, fields))), rows)
                exporting = self.execute(
                    method("res.partner", "export_data", ids, fields), uid=self.env.ref("base.user_admin").id
                )
                exported = self.assert_ok(exporting)
                self.assertEqual(exported["datas"], [[0.0], [None]])
                sums = [group["partner_latitude:sum"] for group in grouped]
                self.assertEqual(sums, [0.0, None])

    def test_an_event_contains_null(self):
        self.env.cr.execute("update res_partner set partner_latitude = 'NaN' where id = %s", (self.child.id,))
        self.env.invalidate_all()
        values = read_values(self.child, ["name", "partner_latitude"])
        self.assertEqual(values[self.child.id]["partner_latitude"], None)
        self.assertEqual(values[self.child.id]["name"], "Child")

    def test_pages_sorted_by_such_numbers_continue(self):
        self.env.cr.execute("update res_partner set partner_latitude = 'NaN' where id = %s", (self.child.id,))
        self.env.invalidate_all()
        domain = [("id", "in", (self.partner + self.child).ids)]
        for order in ("partner_latitude, id", "partner_latitude desc, id"):
            first = self.assert_ok(self.query(search("res.partner", domain, limit=1, order=order)))
            after = first["next"]["after"]
            second = self.assert_ok(self.query(search("res.partner", domain, limit=1, order=order, after=after)))
            seen = [page["records"][0]["id"] for page in (first, second)]
            self.assertEqual(set(seen), set((self.partner + self.child).ids))
