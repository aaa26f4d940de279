from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import ChannelCase, create, read, tree, write


@tagged("post_install", "-at_install")
class TestWriting(ChannelCase):
    def test_records_are_created_in_bulk_and_read_back(self):
        result = self.assert_ok(
            self.execute(create("res.partner", {"name": "A"}, {"name": "B", "color": 3}, fields=tree("name", "color")))
        )
        records = self.env["res.partner"].browse(result["ids"])
        self.assertEqual(records.mapped("name"), ["A", "B"])
        self.assertEqual([row["color"] for row in result["records"]], [0, 3])
        self.assertEqual(records.create_uid, self.caller)

    def test_records_are_written_and_deleted(self):
        record = self.env["res.partner"].create({"name": "Before"})
        result = self.assert_ok(self.execute(write("res.partner", record.ids, {"name": "After"}, fields=tree("name"))))
        self.assertEqual(result, {"ids": record.ids, "records": [{"id": record.id, "name": "After"}]})
        self.assert_ok(self.execute({"op": "unlink", "model": "res.partner", "ids": record.ids}))
        self.assertFalse(record.exists())

    def test_an_unknown_choice_is_refused_even_if_odoo_accepts_it(self):
        for values in ({"lang": "xx_XX"}, {"type": "nope"}, {"child_ids": [[0, 0, {"name": "c", "lang": "xx_XX"}]]}):
            self.assert_refused(self.execute(create("res.partner", {"name": "P", **values})), "odoo.validation")
        self.assert_ok(self.execute(create("res.partner", {"name": "P", "lang": "en_US", "type": False})))

    def test_nested_records_are_created_updated_and_removed(self):
        result = self.assert_ok(
            self.execute(
                create("res.partner", {"name": "P", "child_ids": [[0, 0, {"name": "a"}], [0, 0, {"name": "b"}]]})
            )
        )
        parent = self.env["res.partner"].browse(result["ids"])
        first, second = parent.child_ids.sorted("name")
        commands = [[1, first.id, {"name": "changed"}], [2, second.id], [0, 0, {"name": "new"}]]
        self.assert_ok(self.execute(write("res.partner", parent.ids, {"child_ids": commands})))
        self.assertEqual(set(parent.child_ids.mapped("name")), {"changed", "new"})
        self.assertFalse(second.exists())

    def test_a_call_executes_all_of_its_operations_or_none(self):
        answer = self.execute(
            create("res.partner", {"name": "Rolled back"}), write("res.partner", [2**30], {"name": "x"})
        )
        self.assertEqual(self.assert_refused(answer, "odoo.missing")["operation"], 1)
        self.assertFalse(self.env["res.partner"].search([("name", "=", "Rolled back")]))

    def test_later_operations_see_the_writes_of_earlier_ones(self):
        answer = self.execute(
            write("res.partner", self.partner.ids, {"name": "Seen"}),
            read("res.partner", self.partner.ids, fields=tree("name")),
        )
        self.assertEqual(answer["results"][1]["records"][0]["name"], "Seen")

    def test_unknown_fields_are_named_wherever_they_are(self):
        for values in ({"nope": 1}, {"name": "x", "child_ids": [[0, 0, {"nope": 1}]]}):
            error = self.assert_refused(self.execute(create("res.partner", values)), "odoo.field", "nope")
            self.assertEqual(error["details"]["field"], "nope")

    @mute_logger("odoo.sql_db")
    def test_an_invalid_value_is_named(self):
        for name, value in (
            ("color", "abc"),
            ("color", 2**40),
            ("type", "nope"),
            ("country_id", "x"),
            ("country_id", 2**30),
            ("category_id", [[4, 2**30]]),
            ("category_id", [[9, 0, 0]]),
            ("category_id", 3),
            ("child_ids", [[0, 0]]),
            ("partner_latitude", "north"),
            ("name", ["a list"]),
            ("name", {"a": "dict"}),
            ("properties", "[]"),
        ):
            values = {"name": "x", name: value}
            error = self.assert_refused(self.execute(create("res.partner", values)), "odoo.validation", name)
            self.assertEqual(error["details"]["field"], name)

    def test_a_linked_record_must_be_readable_by_the_caller(self):
        company = self.env["res.company"].create({"name": "Second"})
        theirs = self.env["res.partner"].create({"name": "Theirs", "company_id": company.id})
        answer = self.execute(write("res.partner", self.partner.ids, {"parent_id": theirs.id}))
        self.assertEqual(self.assert_refused(answer, "odoo.validation")["details"]["field"], "parent_id")
        commands = {"child_ids": [[4, theirs.id]]}
        self.assert_refused(
            self.execute(write("res.partner", self.partner.ids, commands)), "odoo.validation", "child_ids"
        )

    def test_record_rules_and_rights_apply_to_writes(self):
        company = self.env["res.company"].create({"name": "Second"})
        theirs = self.env["res.partner"].create({"name": "Theirs", "company_id": company.id})
        self.assert_refused(self.execute(write("res.partner", theirs.ids, {"name": "Mine"})), "odoo.missing")
        self.assert_refused(self.execute(create("res.country", {"name": "X", "code": "X0"})), "odoo.access", "Country")
        self.assertEqual(theirs.name, "Theirs")

    def test_missing_records_are_reported_as_missing(self):
        gone = 2**30
        self.assert_refused(self.execute(write("res.partner", [gone], {"name": "x"})), "odoo.missing", str(gone))
        self.assert_refused(self.execute({"op": "unlink", "model": "res.partner", "ids": [gone]}), "odoo.missing")
