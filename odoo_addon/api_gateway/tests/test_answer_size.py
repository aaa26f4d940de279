import base64
import io
import os

from PIL import Image

from odoo.tests import tagged

from ..executor.state import _states
from .common import ChannelCase, create, method, read, search, tree, write

MOST_BYTES = 65_536
MOST_RECORDS = 100


@tagged("post_install", "-at_install")
class TestAnswerSize(ChannelCase):
    """An answer that would be too large is refused before it is built, and nothing is written."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, value in (("answer.max_bytes", MOST_BYTES), ("answer.max_records", MOST_RECORDS)):
            cls.env.cr.execute("update gateway.setting set value = to_jsonb(%s) where name = %s", (value, name))
        _states.clear()
        cls.addClassCleanup(_states.clear)
        cls.parent = cls.env["res.partner"].create({"name": "Parent", "comment": "x" * 20_000})
        cls.children = cls.env["res.partner"].create(
            [{"name": f"Child {number}", "parent_id": cls.parent.id, "comment": "y" * 20_000} for number in range(10)]
        )

    def refused(self, *operations):
        changes = any(operation["op"] not in ("search", "read") for operation in operations)
        answer = self.execute(*operations) if changes else self.query(*operations)
        return self.assert_refused(answer, "answer.too_large", "Ask for fewer")

    def of_children(self, *paths, most=80):
        return search("res.partner", [["parent_id", "=", self.parent.id]], fields=tree(*paths), limit=most)

    def test_long_strings(self):
        self.assert_ok(self.query(self.of_children("comment", most=3)))
        for operation in (
            self.of_children("comment", most=4),
            self.of_children("comment", most=1000),
            read("res.partner", self.children.ids, fields=tree("comment")),
            read("res.partner", self.parent.ids * 4, fields=tree("comment")),
            self.of_children("parent_id.comment"),
            read("res.partner", self.parent.ids, fields=tree("child_ids.comment")),
            method("res.partner", "search_read", [["parent_id", "=", self.parent.id]], ["comment"]),
            method("res.partner", "read", self.children.ids, ["comment"]),
        ):
            with self.subTest(operation):
                self.assertEqual(self.refused(operation)["details"]["max_bytes"], MOST_BYTES)

    def test_records_read_in_pieces_appear_once_and_in_order(self):
        self.children[3].image_1920 = base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
        ids = self.children.sorted("id", reverse=True).ids
        for paths in (["image_1920"], ["name", "image_128", "comment"]):
            operation = search("res.partner", [["id", "in", ids[:3]]], fields=tree(*paths), order="id desc", limit=1000)
            records = self.assert_ok(self.query(operation))["records"]
            self.assertEqual([record["id"] for record in records], ids[:3])
            operation = read("res.partner", ids[:3], fields=tree(*paths))
            self.assertEqual([record["id"] for record in self.assert_ok(self.query(operation))["records"]], ids[:3])

    def test_operations_of_a_batch_together(self):
        one = read("res.partner", self.parent.ids, fields=tree("comment"))
        self.assertTrue(self.query(*[one] * 3)["ok"])
        self.refused(*[one] * 4)

    def test_a_write_with_an_answer_that_is_too_large_is_undone(self):
        fields = tree("name", "comment")
        self.refused(write("res.partner", self.children.ids, {"name": "Renamed"}, fields=fields))
        self.refused(create("res.partner", *[{"name": "New", "comment": "z" * 20_000}] * 4, fields=fields))
        self.assertNotIn("Renamed", self.children.mapped("name"))
        self.assertFalse(self.env["res.partner"].search([("name", "=", "New")]))

    def test_the_size_of_files_is_checked_before_they_are_read(self):
        files = self.env["ir.attachment"].create(
            [
                {
                    "name": f"File {number}",
                    "raw": os.urandom(20_000),
                    "res_model": "res.partner",
                    "res_id": self.partner.id,
                }
                for number in range(3)
            ]
        )
        opened = []
        original = type(files)._file_read

        def _file_read(records, fname, *args, **kwargs):
            opened.append(fname)
            return original(records, fname, *args, **kwargs)

        self.patch(type(files), "_file_read", _file_read)
        self.assert_ok(self.query(read("ir.attachment", files.ids[:2], fields=tree("datas"))))
        opened.clear()
        for name in ("datas", "raw"):
            self.refused(read("ir.attachment", files.ids, fields=tree(name)))
        self.refused(search("ir.attachment", [["id", "in", files.ids]], fields=tree("name", "datas")))
        own = [["id", "in", files.ids]]
        for context in ({}, {"bin_size": True}):
            for operation in (
                method("ir.attachment", "read", files.ids, ["datas"], context=context),
                method("ir.attachment", "read", files.ids, ["name", "raw"], context=context),
                method("ir.attachment", "search_read", own, ["datas"], context=context),
                method("ir.attachment", "web_search_read", own, {"datas": {}}, context=context),
                method("ir.attachment", "web_read", files.ids, {"raw": {}}, context=context),
            ):
                with self.subTest(operation):
                    self.refused(operation)
        for operation in (
            method("ir.attachment", "read", files.ids),
            method("ir.attachment", "search_read", own),
        ):
            with self.subTest(operation):
                self.refused(operation)
        self.assertFalse(opened)
        self.assert_ok(self.query(method("ir.attachment", "search_read", own, ["name", "file_size"])))
        self.assert_ok(self.query(method("ir.attachment", "search_read", own, ["datas"], limit=2)))

    def test_images_in_lists_and_behind_relations(self):
        picture = io.BytesIO()
        Image.frombytes("RGB", (100, 100), os.urandom(30_000)).save(picture, "PNG")
        self.children.image_1920 = base64.b64encode(picture.getvalue())
        self.env.flush_all()
        self.assert_ok(self.query(self.of_children("image_1920", most=1)))
        for operation in (
            self.of_children("image_1920"),
            self.of_children("avatar_1920"),
            read("res.partner", self.parent.ids, fields=tree("child_ids.image_1920")),
        ):
            with self.subTest(operation):
                self.refused(operation)
        self.patch(type(self.env["ir.attachment"]), "_file_read", lambda *args, **kwargs: self.fail("a file was read"))
        for name in ("image_1920", "avatar_1920"):
            nested = {"child_ids": {"fields": {"parent_id": {"fields": {}}, name: {}}}}
            for operation in (
                method("res.partner", "read", self.children.ids, [name]),
                method("res.partner", "search_read", [["parent_id", "=", self.parent.id]], [name]),
                method("res.partner", "web_read", self.parent.ids, nested),
                method("res.partner", "web_search_read", [["id", "=", self.parent.id]], nested),
                method("res.partner", "export_data", self.parent.ids, [f"child_ids/{name}"]),
            ):
                with self.subTest(operation):
                    self.refused(operation)
        self.refused(method("res.partner", "copy_data", self.children.ids))
        sizes = method("res.partner", "read", self.children.ids, ["image_1920"], context={"bin_size": True})
        self.assertEqual(len(self.assert_ok(self.query(sizes))), len(self.children))

    def test_expansions_through_a_relation_and_its_inverse_are_counted_before_their_values_are_read(self):
        paths = ("child_ids.name", "child_ids.parent_id.name", "child_ids.parent_id.child_ids.name")
        self.assert_ok(self.query(read("res.partner", self.parent.ids, fields=tree(*paths[:2]))))
        error = self.refused(read("res.partner", self.parent.ids, fields=tree(*paths)))
        self.assertEqual(error["details"], {"field": "child_ids", "max_records": MOST_RECORDS})
        back = {"child_ids": {"fields": {"parent_id": {"fields": {"child_ids": {"fields": {"name": {}}}}}}}}
        for operation in (
            method("res.partner", "web_read", self.parent.ids, back),
            method("res.partner", "web_search_read", [["id", "=", self.parent.id]], back),
            method("res.partner", "web_save", self.parent.ids, {"ref": "x"}, back),
            method("res.partner", "export_data", self.parent.ids, ["child_ids/parent_id/child_ids/name"]),
        ):
            with self.subTest(operation):
                error = self.refused(operation)
                self.assertEqual(error["details"], {"field": "child_ids", "max_records": MOST_RECORDS})

    def test_calls_sent_together_that_do_not_fit_into_one_answer_are_left_for_later(self):
        reading = read("res.partner", self.children.ids[:3], fields=tree("comment"))
        answers = self.read_calls(*[self.call(reading) for _ in range(3)])
        self.assertEqual([answer["ok"] for answer in answers], [True, True, False])
        self.assertEqual(answers[2]["error"]["reason"], "channel.full")

        writing = [write("res.partner", [id_], {"ref": "written"}, fields=tree("comment")) for id_ in self.children.ids]
        body = self.body("/gateway/execute", [self.call(operation) for operation in writing])
        answers = self.post("/gateway/execute", body).json()["results"]
        refused = [answer["error"]["reason"] for answer in answers if not answer["ok"]]
        self.assertEqual(set(refused), {"channel.full"})
        written = self.children.filtered(lambda child: child.ref == "written")
        self.assertEqual(len(written), len(answers) - len(refused))

    def test_the_size_of_referenced_values_is_limited(self):
        listed = {**search("res.partner", [["id", "in", self.children.ids]], fields=tree("name", "email")), "name": "a"}
        rows = [{"$ref": "a.records"}]
        echo = method("res.partner", "search_count", [["id", "in", rows * 5_000]])
        self.assert_refused(self.query(listed, echo), "request.too_complex", "a.records", "200000")
        ids = {"op": "search", "model": "res.partner", "domain": [["id", "=", {"$ref": "a.records.0.id"}]], "limit": 1}
        self.assertTrue(self.query(listed, *[{**ids, "fields": tree("name"), "offset": 0}] * 50)["ok"])

    def test_references_cannot_exceed_the_depth_of_operations(self):
        listed = {**search("res.partner", [["id", "in", self.children.ids]], fields=tree("name")), "name": "a"}
        nested = {"$ref": "a"}
        for _ in range(28):
            nested = [nested]
        answer = self.query(listed, method("res.partner", "search_count", nested))
        self.assert_refused(answer, "odoo.arguments", "32", "'a'")
