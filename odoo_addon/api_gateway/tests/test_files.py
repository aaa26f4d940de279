from base64 import b64encode

from odoo.tests import tagged

from .common import ChannelCase, create, method, read, search, tree, write

SCRIPT = b64encode(b"alert(1)").decode()


@tagged("post_install", "-at_install")
class TestFiles(ChannelCase):
    """A file, a message or an activity is accessible only to callers who may access its record."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.env.ref("base.user_admin")
        cls.theirs = cls.file(res_model="res.partner", res_id=cls.partner.id)
        cls.own = cls.file()

    @classmethod
    def file(cls, **values):
        return cls.env["ir.attachment"].with_user(cls.admin).create({"name": "f", "raw": b"content", **values})

    def as_admin(self, operation, *scopes):
        return self.execute(operation, uid=self.admin.id, grant={"scopes": list(scopes) or None, "models": None})

    def found(self, domain, *scopes, model="ir.attachment"):
        operation = search(model, domain, fields=tree("id"))
        return {row["id"] for row in self.assert_ok(self.as_admin(operation, *scopes))["records"]}

    def test_files_that_odoo_serves_are_code(self):
        served = self.file(url="/web/assets/1/x.min.js", public=True, res_model="ir.ui.view", res_id=0)
        page = self.file(url="/a-page", mimetype="text/plain")
        link = self.file(type="url", url="https://example.com")
        scopes = ("read", "write", "delete", "call")
        for operation in (
            create("ir.attachment", {"name": "evil.js", "raw": SCRIPT, "url": "/evil.js", "public": True}),
            create("ir.attachment", {"name": "evil.js", "raw": SCRIPT, "res_model": "ir.ui.view"}),
            write("ir.attachment", served.ids, {"datas": SCRIPT}),
            write("ir.attachment", page.ids, {"datas": SCRIPT}),
            write("ir.attachment", page.ids, {"url": False}),
            write("ir.attachment", self.own.ids, {"url": "/evil.js"}),
            write("ir.attachment", link.ids, {"type": "binary"}),
            write("ir.attachment", self.own.ids, {"res_model": "ir.ui.view"}),
            {"op": "unlink", "model": "ir.attachment", "ids": served.ids},
            method("ir.attachment", "write", served.ids, {"raw": SCRIPT}),
            method("ir.attachment", "copy", page.ids),
            method("ir.attachment", "create_unique", [{"name": "x", "datas": SCRIPT, "mimetype": "x/y", "url": "/x"}]),
        ):
            with self.subTest(operation):
                self.assert_refused(self.as_admin(operation, *scopes), "odoo.exposure")
        self.assert_ok(self.as_admin(write("ir.attachment", page.ids, {"url": "/other"})))
        values = {"name": "x.html", "raw": b64encode(b"<script>1</script>").decode(), "mimetype": "text/html"}
        [id_] = self.assert_ok(self.as_admin(create("ir.attachment", values), *scopes))["ids"]
        self.assertEqual(self.env["ir.attachment"].browse(id_).mimetype, "text/plain")

    def test_a_files_rights_are_those_of_its_record(self):
        image = self.file(res_model="res.partner", res_id=self.partner.id, res_field="image_1920")
        both = ["|", ["res_field", "=", False], ["res_field", "!=", False]]
        files = [["id", "in", (self.theirs | image | self.own).ids], *both]
        own = {self.own.id}
        everything = own | {self.theirs.id, image.id}
        self.assertEqual(self.found(files, "ir.attachment:read"), own)
        self.assertEqual(self.found(files, "ir.attachment:read", "res.partner:read"), everything)
        self.assertEqual(self.found(files, "read"), everything)
        self.assertEqual(self.found(files), everything)
        narrow = ("ir.attachment:read", "ir.attachment:write", "ir.attachment:delete")
        rows = self.assert_ok(self.as_admin(read("ir.attachment", self.theirs.ids, fields=tree("datas")), *narrow))
        self.assertFalse(rows["records"])
        for fields in (["raw"], ["datas"], ["index_content"]):
            answer = self.as_admin(method("ir.attachment", "read", self.theirs.ids, fields), *narrow)
            error = self.assert_refused(answer, "scope.insufficient", str(self.theirs.id))
            self.assertEqual(error["details"], {"model": "ir.attachment", "scope": "res.partner:read"})
        both = (*narrow, "res.partner:read")
        about = {"res_model": "res.partner", "res_id": self.partner.id}
        for operation, scopes in (
            (write("ir.attachment", self.theirs.ids, {"datas": SCRIPT}), both),
            (write("ir.attachment", image.ids, {"datas": SCRIPT}), both),
            ({"op": "unlink", "model": "ir.attachment", "ids": self.theirs.ids}, both),
            (create("ir.attachment", {"name": "x", "raw": SCRIPT, **about, "res_field": "image_1920"}), both),
            (write("ir.attachment", self.own.ids, {**about, "res_field": "image_1920"}), both),
            (method("ir.attachment", "copy", self.theirs.ids), narrow),
        ):
            with self.subTest(operation):
                error = self.assert_refused(self.as_admin(operation, *scopes), "scope.insufficient")
                self.assertEqual(error["details"]["scope"], f"res.partner:{'write' if scopes == both else 'read'}")
        for operation in (
            write("ir.attachment", self.theirs.ids, {"datas": SCRIPT}),
            {"op": "unlink", "model": "ir.attachment", "ids": self.theirs.ids},
        ):
            self.assert_ok(self.as_admin(operation, *both, "res.partner:write"))

    def test_no_file_shows_a_secret_or_a_hidden_field(self):
        model, names = next(iter(self.env["ir.rule"]._gateway_secret_files().items()))
        hidden = self.file(res_model="ir.mail_server", res_id=0)
        secret = self.file(res_model=model, res_field=names[0], res_id=0)
        for scopes in ((), ("read",)):
            ids = (hidden | secret | self.own).ids
            self.assertEqual(self.found([["id", "in", ids]], *scopes), {self.own.id})
            self.assertEqual(self.found([["res_field", "=", names[0]]], *scopes), set())
            rows = self.assert_ok(self.as_admin(read("ir.attachment", ids, fields=tree("datas")), *scopes))
            self.assertEqual([row["id"] for row in rows["records"]], self.own.ids)
        for operation in (
            method("ir.attachment", "read", secret.ids, ["datas"]),
            write("ir.attachment", secret.ids, {"datas": SCRIPT}),
            write("ir.attachment", self.own.ids, {"res_model": model, "res_field": names[0]}),
        ):
            self.assert_refused(self.as_admin(operation), "odoo.exposure")

    def test_the_rows_visible_to_one_call_are_not_cached_for_another(self):
        """Odoo caches record rules by user, including those of a model that inherits from files."""
        child = self.env["product.document"].create({"ir_attachment_id": self.theirs.id})
        about = [["id", "=", child.id]]
        for _ in range(2):
            self.assertFalse(self.found(about, "product.document:read", model="product.document"))
            self.assertTrue(self.found(about, model="product.document"))
        scopes = ("product.document:read", "product.document:write")
        for operation in (
            write("product.document", child.ids, {"name": "x"}),
            write("product.document", child.ids, {"datas": SCRIPT}),
            method("product.document", "read", child.ids, ["datas"]),
            create("product.document", {"ir_attachment_id": self.own.id}),
        ):
            with self.subTest(operation):
                self.assert_refused(self.as_admin(operation, *scopes), "scope.insufficient")
        script = create("product.document", {"name": "e.js", "raw": SCRIPT, "url": "/e.js"})
        self.assert_refused(self.as_admin(script, *scopes), "odoo.exposure")

    def test_the_parent_record_of_a_user_cannot_be_replaced_by_another(self):
        other = self.env["res.partner"].create({"name": "Other"})
        users = ("res.users:read", "res.users:write")
        for operation in (
            write("res.users", self.caller.ids, {"partner_id": other.id, "email": "x@example.com"}),
            create("res.users", {"login": "n", "partner_id": other.id}),
            method("res.users", "create", {"login": "n", "partner_id": other.id}),
            method("res.users", "create", {"login": "n"}, context={"default_partner_id": other.id}),
        ):
            with self.subTest(operation):
                self.assert_refused(self.as_admin(operation, *users), "scope.insufficient", "res.partner")
        same = write("res.users", self.caller.ids, {"partner_id": self.caller.partner_id.id, "phone": "123"})
        self.assert_ok(self.as_admin(same, *users))

    def test_files_in_arguments_are_links(self):
        ids = self.partner.ids
        call = ("res.partner:call", "res.partner:read")
        for given in (self.own.ids, [[4, self.own.id]], [[6, 0, self.own.ids]]):
            operation = method("res.partner", "message_post", ids, body="x", attachment_ids=given)
            with self.subTest(given):
                self.assert_refused(self.as_admin(operation, *call), "scope.insufficient", "ir.attachment")
        posted = method("res.partner", "message_post", ids, body="x", attachment_ids=self.own.ids)
        self.assert_ok(self.as_admin(posted, *call, "ir.attachment:read"))
        user = self.file(res_model="res.users", res_id=self.admin.id)
        foreign = method("res.partner", "message_post", ids, body="x", attachment_ids=user.ids)
        self.assert_refused(self.as_admin(foreign, *call, "ir.attachment:read"), "odoo.validation", str(user.id))

    def test_messages_and_activities_need_the_rights_on_their_record(self):
        message = self.partner.message_post(body="secret")
        activity = self.partner.activity_schedule("mail.mail_activity_data_todo", user_id=self.admin.id)
        follower = self.partner.message_follower_ids[:1] or self.env["mail.followers"].create(
            {"res_model": "res.partner", "res_id": self.partner.id, "partner_id": self.partner.id}
        )
        for record in (message, activity, follower):
            name = record._name
            about = [["id", "=", record.id]]
            with self.subTest(name):
                self.assertFalse(self.found(about, f"{name}:read", model=name))
                self.assertTrue(self.found(about, f"{name}:read", "res.partner:read", model=name))
                self.assertTrue(self.found(about, model=name))
        self.assert_ok(
            self.as_admin(method("res.partner", "message_post", self.partner.ids, body="x"), "res.partner:call")
        )
        done = method("res.partner", "activity_feedback", self.partner.ids, ["mail.mail_activity_data_todo"])
        self.assert_ok(self.as_admin(done, "res.partner:call"))
        self.env.invalidate_all()
        self.assertFalse(self.partner.activity_ids)
