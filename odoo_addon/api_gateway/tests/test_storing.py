import json
from hashlib import sha256
from io import BytesIO
from unittest.mock import patch

from PIL import Image

from odoo.tests import tagged

from ..executor import storing
from .common import ChannelCase


def picture(form, size=(200, 100)):
    data = BytesIO()
    Image.new("RGB", size, "red").save(data, form)
    return data.getvalue()


@tagged("post_install", "-at_install")
class TestStoring(ChannelCase):
    def store(self, data=b"content", **about):
        """The answer to an upload; `about`: further keys of the operation or the call."""
        place = {"attach": True, "filename": "a.txt"} if "field" not in about else {"field": about.pop("field")}
        operation = {"op": "store", "model": "res.partner", "id": self.partner.id, "sha256": sha256(data).hexdigest()}
        raw = self.body("/gateway/file", [{**self.call({**operation, **place}), **about}])
        response = self.post("/gateway/file", raw + b"\n" + data, self.signature(raw))
        self.assertEqual(response.status_code, 200, response.text)
        return response.json()["results"][0]

    def content(self, file, size=2**31 - 1, **options):
        """The answer to a request for part of an attachment, and that part."""
        operation = {"op": "content", "model": "ir.attachment", "id": file.id, "field": "raw", "bytes": size, **options}
        raw = self.body("/gateway/content", [self.call(operation)])
        response = self.post("/gateway/content", raw + b"\n", self.signature(raw))
        head, _, part = response.content.partition(b"\n")
        return json.loads(head)["results"][0], part

    def file(self, data):
        return self.env["ir.attachment"].create({"name": "f", "raw": data, "res_model": "res.partner", "res_id": 1})

    def test_a_repeated_upload_needs_the_rights_of_the_first(self):
        token = {"consumer": "c", "key": "k", "method": "POST", "path": "/x", "fingerprint": "f"}
        again = {**token, "path": "/y"}
        first = self.assert_ok(self.store(idempotency=token))
        self.assertEqual(self.assert_ok(self.store(idempotency=token)), first)
        access = self.env["ir.model.access"]
        for model, rights in (("ir.attachment", ("perm_write", "perm_create")), ("res.partner", ("perm_read",))):
            rows = access.search([("model_id.model", "=", model)])
            before = rows.read(rights)
            rows.write(dict.fromkeys(rights, False))
            with self.subTest(model):
                for given in (token, again):
                    answer = self.store(idempotency=given)
                    self.assertIn(answer.get("error", {}).get("reason"), ("odoo.access", "odoo.missing"), answer)
            for values in before:
                access.browse(values.pop("id")).write(values)

    def test_a_dry_run_of_an_upload(self):
        answer = self.store(dry_run={"differences": True})
        self.assert_ok(answer)
        [change] = answer["dry_run"]["differences"]
        self.assertEqual((change["model"], change["name"], change["before"]), ("ir.attachment", "a.txt", None))
        self.assert_ok(self.store(picture("PNG"), field="image_1920", dry_run={"differences": True}))
        self.assertFalse(self.partner.image_1920)
        self.assertFalse(self.env["ir.attachment"].search([("res_model", "=", "res.partner"), ("name", "=", "a.txt")]))

    def test_images_are_resized_or_refused(self):
        for form, type_ in (("PNG", "image/png"), ("JPEG", "image/jpeg"), ("BMP", "image/png")):
            answer, image = self.content(self.file(picture(form)), side=20)
            facts = self.assert_ok(answer)
            with self.subTest(form), Image.open(BytesIO(image)) as opened:
                self.assertEqual((opened.size, facts["type"], facts["size"]), ((20, 10), type_, len(image)))
        whole = picture("PNG", (300, 300))
        with patch.object(storing, "IMAGE_MAX_RESOLUTION", 300 * 300 - 1):
            self.assert_refused(self.content(self.file(whole), side=20)[0], "odoo.validation", "300 x 300")
        for data in (b"\x89PNG\r\n\x1a\n" + b"x" * 100, picture("GIF")[:12], b"text"):
            self.assert_refused(self.content(self.file(data), side=20)[0], "odoo.validation", "image")

    def test_the_facts_about_a_file_are_available_without_its_bytes(self):
        file = self.file(picture("PNG"))
        for options in ({}, {"side": 20}):
            known, part = self.content(file, 0, **options)
            whole, _ = self.content(file, **options)
            self.assertEqual((known["results"][0]["etag"], part), (whole["results"][0]["etag"], b""))
