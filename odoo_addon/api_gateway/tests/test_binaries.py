from base64 import b64decode, b64encode

from odoo import Command
from odoo.tests import tagged

from .common import ChannelCase, create, method, read, tree, write

BYTES = b"\x00\xff\x89PNG"
BASE64 = b64encode(BYTES).decode()


@tagged("post_install", "-at_install")
class TestBinaries(ChannelCase):
    """In JSON, files are base64, however a field stores them, and structured data stays structured."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.env.ref("base.user_admin")
        cls.file = cls.env["ir.attachment"].with_user(cls.admin).create({"name": "f", "raw": BYTES})
        cls.text = cls.env["ir.attachment"].with_user(cls.admin).create({"name": "t", "raw": b"text"})

    def as_admin(self, operation, **options):
        return self.execute(operation, uid=self.admin.id, **options)

    def test_the_bytes_of_a_file_read_as_base64(self):
        ids, fields = (self.file + self.text).ids, ["raw", "datas"]
        expected = [
            {"id": ids[0], "raw": BASE64, "datas": BASE64},
            {"id": ids[1], "raw": "dGV4dA==", "datas": "dGV4dA=="},
        ]
        spec = {"raw": {}, "datas": {}}
        message = self.partner.with_user(self.admin).message_post(body="x", attachment_ids=ids)
        for operation in (
            read("ir.attachment", ids, fields=tree(*fields)),
            method("ir.attachment", "read", ids, fields),
            method("ir.attachment", "web_read", ids, spec),
            method("ir.attachment", "search_read", [["id", "in", ids]], fields, order="id"),
            method("ir.attachment", "web_search_read", [["id", "in", ids]], spec, order="id"),
            read("mail.message", message.ids, fields=tree("attachment_ids.raw", "attachment_ids.datas")),
            method("mail.message", "web_read", message.ids, {"attachment_ids": {"fields": spec}}),
        ):
            with self.subTest(operation):
                found = self.assert_ok(self.as_admin(operation))
                rows = found["records"] if type(found) is dict else found
                rows = rows[0].get("attachment_ids", rows)
                self.assertEqual(sorted(rows, key=lambda row: row["id"]), expected)

    def test_the_bytes_of_a_file_are_written_as_base64(self):
        values = {"name": "new", "raw": BASE64}
        wrapped = f"{BASE64[:4]}\r\n{BASE64[4:]}"
        for operation in (
            create("ir.attachment", values),
            create("ir.attachment", {**values, "raw": wrapped}),
            method("ir.attachment", "create", [values]),
            method("ir.attachment", "create", [{"name": "new"}], context={"default_raw": BASE64}),
            method("ir.attachment", "web_save", [], values, {}),
            write("ir.attachment", self.text.ids, {"raw": BASE64}),
            method("ir.attachment", "write", self.text.ids, {"raw": BASE64}),
        ):
            with self.subTest(operation):
                before = self.env["ir.attachment"].search([], order="id desc", limit=1).id
                self.text.raw = b"text"
                self.assert_ok(self.as_admin(operation))
                made = self.env["ir.attachment"].search([("id", ">", before)], order="id desc", limit=1) or self.text
                self.assertEqual(made.raw, BYTES)
        for raw in ("no base64!", "abc"):
            for operation in (
                create("ir.attachment", {"name": "x", "raw": raw}),
                method("ir.attachment", "write", self.text.ids, {"raw": raw}),
            ):
                error = self.assert_refused(self.as_admin(operation), "odoo.validation", "raw", "base64")
                self.assertEqual(error["details"]["field"], "raw")

    def test_messages_take_files_as_base64(self):
        ids = self.partner.ids
        files = [["a.png", BASE64], ["b.txt", "SGVs\nbG8=", {"cid": "x"}]]
        message = self.assert_ok(self.as_admin(method("res.partner", "message_post", ids, body="x", attachments=files)))
        made = self.env["mail.message"].browse(message if type(message) is int else message[0]).attachment_ids
        self.assertEqual({file.name: file.raw for file in made}, {"a.png": BYTES, "b.txt": b"Hello"})
        notify = method("res.partner", "message_notify", ids, body="x", partner_ids=ids, attachments=files[:1])
        self.assert_ok(self.as_admin(notify))
        for wrong in (["a.txt", "no base64!"], ["a.txt"], ["a.txt", None], "a.txt", {"name": "a.txt"}, [7, BASE64]):
            with self.subTest(wrong):
                operation = method("res.partner", "message_post", ids, body="x", attachments=[files[0], wrong])
                error = self.assert_refused(self.as_admin(operation), "odoo.validation", "attachments[1]", "base64")
                self.assertEqual(error["details"]["field"], "attachments[1]")

    def test_data_in_binary_fields_is_described_and_sent_as_data(self):
        product = self.env["product.product"].create({"name": "Desk", "list_price": 10, "taxes_id": [Command.clear()]})
        line = [Command.create({"product_id": product.id})]
        order = self.env["sale.order"].create({"partner_id": self.partner.id, "order_line": line})
        lines = [Command.create({"name": "x", "quantity": 1, "price_unit": 10, "tax_ids": [Command.clear()]})]
        invoice = self.env["account.move"].create(
            {"partner_id": self.partner.id, "move_type": "out_invoice", "invoice_line_ids": lines}
        )
        for record, name in (
            (order, "tax_totals"),
            (invoice, "tax_totals"),
            (invoice, "payment_term_details"),
            (invoice, "invoice_payments_widget"),
            (invoice.line_ids[0], "term_key"),
        ):
            with self.subTest(name):
                operation = read(record._name, record.ids, fields=tree(name))
                value = self.assert_ok(self.as_admin(operation))["records"][0][name]
                self.assertNotIsInstance(value, str)
                described = self.assert_ok(self.as_admin({"op": "describe", "models": [record._name]}))
                types = self.assert_ok(self.as_admin({"op": "types", "models": [record._name]}))
                self.assertEqual(described[record._name][name]["type"], "json")
                self.assertEqual(types[record._name][name]["type"], "json")
                if name == "tax_totals":
                    self.assertEqual(value["total_amount"], 10)
        operation = read("account.move", invoice.ids, fields=tree("needed_terms"))
        self.assert_refused(self.as_admin(operation), "odoo.field", "needed_terms")

    def test_files_stay_binary(self):
        self.partner.image_1920 = b64encode(
            b64decode(b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=")
        )
        for model, name in (("ir.attachment", "datas"), ("ir.attachment", "raw"), ("res.partner", "avatar_128")):
            described = self.assert_ok(self.as_admin({"op": "describe", "models": [model]}))
            self.assertEqual(described[model][name]["type"], "binary")
        row = self.assert_ok(self.as_admin(read("res.partner", self.partner.ids, fields=tree("image_128"))))["records"][
            0
        ]
        self.assertTrue(b64decode(row["image_128"]).startswith(b"\x89PNG"))
