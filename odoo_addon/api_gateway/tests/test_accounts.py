from unittest.mock import patch

from markupsafe import Markup

from odoo import api
from odoo.tests import tagged
from odoo.tests.common import new_test_user

from .common import ChannelCase, create, method, read, tree, write

GENERAL = {"scopes": ["read", "write", "call"], "models": None}


@tagged("post_install", "-at_install")
class TestAccounts(ChannelCase):
    """A narrowed credential cannot create users, or give people of its choice access to documents."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.env.ref("base.user_admin")
        cls.stranger = cls.env["res.partner"].create({"name": "Stranger", "email": "stranger@example.com"})
        line = {"product_id": cls.env["product.product"].create({"name": "P", "list_price": 5}).id}
        cls.order = cls.env["sale.order"].create({"partner_id": cls.partner.id, "order_line": [[0, 0, line]]})

    def act(self, *operations, grant=GENERAL, **call):
        return self.execute(*operations, grant=grant, uid=self.admin.id, **call)

    def test_no_internal_user_is_created_or_unarchived(self):
        archived = new_test_user(self.env, "gateway_gone", email="gone@example.com")
        archived.active = False
        new = {"name": "New", "login": "gateway_new"}
        partners = type(self.env["res.partner"])
        partners.gateway_hire = lambda records, values: bool(records.env["res.users"].sudo().create(values))
        self.addCleanup(delattr, partners, "gateway_hire")
        for operation in (
            create("res.users", new),
            method("res.users", "create", new),
            method("res.users", "web_create_users", ["new@example.com"]),
            create("res.partner", {"name": "New", "user_ids": [[0, 0, new]]}),
            method("res.partner", "gateway_hire", self.partner.ids, new),
            write("res.users", archived.ids, {"active": True}),
            method("res.users", "action_unarchive", archived.ids),
            method("res.users", "web_save", archived.ids, {"active": True}, {}),
        ):
            with self.subTest(operation):
                self.assert_refused(self.act(operation), "scope.insufficient", "internal users")
        self.assertFalse(archived.active)
        loaded = self.assert_ok(self.act(method("res.users", "load", ["name", "login"], [["New", "gateway_new"]])))
        self.assertIn("internal users", loaded["messages"][0]["message"])
        self.assertFalse(self.env["res.users"].search([("login", "=", "gateway_new")]))
        self.assert_ok(self.act(write("res.users", self.admin.ids, {"active": True})))  # unchanged
        self.assert_ok(self.act(write("res.users", self.caller.ids, {"active": False})))
        named = {"scopes": ["res.users:write"], "models": None}
        for grant in (named, None):
            self.assert_ok(self.act(write("res.users", archived.ids, {"active": True}), grant=grant))
            self.assert_ok(self.act(create("res.users", {**new, "login": f"gateway_{grant is None}"}), grant=grant))
            archived.active = False

    def sent(self):
        self.env.invalidate_all()
        return self.env["mail.mail"].search([("body_html", "ilike", "access_token=")])

    def test_links_of_documents_are_mailed_to_their_customers(self):
        document = {"res_model": "sale.order", "res_id": self.order.id}
        link = f"{self.order.get_base_url()}{self.order.get_portal_url()}"
        known = self.sent()
        for partner, is_refused in ((self.stranger, True), (self.partner, False), (self.caller.partner_id, False)):
            shared = create("portal.share", {**document, "partner_ids": [[6, 0, partner.ids]]})
            [wizard] = self.assert_ok(self.act(shared))["ids"]
            text = {"body": f'<a href="{link}">Open</a>', "partner_ids": partner.ids}
            later = {**text, "model": "sale.order", "res_id": self.order.id, "author_id": self.admin.partner_id.id}
            for operation in (
                method("portal.share", "action_send_mail", [wizard]),
                method("sale.order", "message_post", self.order.ids, **text, body_is_html=True),
                create("mail.scheduled.message", {**later, "scheduled_date": "2099-01-01 00:00:00"}),
            ):
                with self.subTest(operation, partner=partner.name):
                    answer = self.act(operation)
                    if is_refused:
                        self.assert_refused(answer, "odoo.exposure", "opens a document", f"sale.order {self.order.id}")
                        self.assertEqual(self.sent(), known)
                    else:
                        self.assert_ok(answer)
        other = self.order.copy()
        text = {"body": f'<a href="{other.get_portal_url()}">Open</a>', "partner_ids": self.partner.ids}
        operation = method("sale.order", "message_post", self.order.ids, **text, body_is_html=True)
        self.assert_refused(self.act(operation), "odoo.exposure", "opens a document")
        shared = create("portal.share", {**document, "partner_ids": [[6, 0, self.stranger.ids]]})
        [wizard] = self.assert_ok(self.act(shared, grant=None))["ids"]
        self.assert_ok(self.act(method("portal.share", "action_send_mail", [wizard]), grant=None))

    def test_tokens_of_links_are_masked_in_results(self):
        token = self.order._portal_ensure_token()
        image = '<img src="/web/image/1?access_token=picture">'
        body = Markup('<a href="/my/orders/1?a=1&amp;access_token=%s">x</a>' + image) % token
        message = self.order.message_post(body=body, message_type="comment")
        for operation in (
            read("mail.message", message.ids, fields=tree("body")),
            method("mail.message", "web_read", message.ids, {"body": {}}),
        ):
            shown = repr(self.assert_ok(self.act(operation)))
            self.assertIn("access_token=…", shown)
            self.assertIn("access_token=picture", shown)
            self.assertNotIn(token, shown)
            self.assertIn(token, repr(self.assert_ok(self.act(operation, grant=None))))

    def test_a_person_notified_of_an_invoice_logs_in(self):
        """Odoo sends the link of an invoice to everyone who is notified of a message on it."""
        invoice = self.env["account.move"].create({"move_type": "out_invoice", "partner_id": self.partner.id})
        for partner, opens in ((self.stranger, False), (self.partner, True)):
            known = self.env["mail.mail"].search([])
            posting = method("account.move", "message_post", invoice.ids, body="x", partner_ids=partner.ids)
            posting["kwargs"] |= {"message_type": "comment", "subtype_xmlid": "mail.mt_comment"}
            self.assert_ok(self.act(posting))
            self.env.invalidate_all()
            [mail] = self.env["mail.mail"].search([("recipient_ids", "in", partner.ids)]) - known
            self.assertIn("/mail/view", mail.body_html)
            self.assertEqual(invoice.access_token in mail.body_html, opens, partner.name)

    def test_reads_in_a_batch_write_nothing(self):
        """A read in a batch runs as if it were in a separate request."""
        partners = type(self.env["res.partner"])

        @api.model
        def search_(records, *args, **kwargs):
            records.env["res.country"].sudo().browse(1).write({"name": "Other"})
            return found(records, *args, **kwargs)

        found = partners._search
        first = create("res.partner.category", {"name": "First"})
        reading = read("res.partner", self.partner.ids, fields=tree("name"))
        grant = {"scopes": ["res.partner:read", "res.partner.category:write"], "models": None}
        with patch.object(partners, "_search", search_):
            answer = self.act(first, reading, grant=grant)
        self.assert_refused(answer, "scope.insufficient", "change records of res.country")
        self.assert_ok(self.act(first, reading, grant=grant))

    def test_a_repeated_batch_with_a_reference_as_method_gets_its_answer_again(self):
        first = method("res.partner", "web_read", self.partner.ids, {"name": {}})
        self.partner.name = "read"
        second = method("res.partner", {"$ref": "0.0.name"}, self.partner.ids, ["name"])
        token = {"consumer": "c", "key": "k", "method": "POST", "path": "/x", "fingerprint": "f"}
        calls = [{**self.call(first, second), "idempotency": token} for _ in range(2)]
        answers = []
        for call in calls:
            response = self.post("/gateway/execute", self.body("/gateway/execute", [call]))
            answers += response.json()["results"]
        for answer in answers:
            self.assertTrue(answer["ok"], answer)
        self.assertEqual(answers[0]["results"], answers[1]["results"])

    def test_a_single_word_names_a_model_only_in_an_argument_for_models(self):
        """In arguments with other names, a word such as `website` is an ordinary word."""
        grant = {"scopes": ["res.partner:call", "res.partner:read"], "models": None}
        post = {"body": "x", "subtype_xmlid": "mail.mt_note"}
        for name in ("model", "res_model"):
            operation = method("res.partner", "activity_schedule", self.partner.ids) | {"kwargs": {name: "base"}}
            self.assert_refused(self.act(operation, grant=grant), "scope.insufficient", "base")
        operation = method("res.partner", "message_post", self.partner.ids, subject="base", **post)
        self.assert_ok(self.act(operation, grant=grant))

    def test_callers_cannot_send_files_that_they_may_not_read(self):
        """The JSON of a widget refers to files by their ids."""
        scopes = ["account.move:read", "account.move.send.wizard:write", "account.move.send.wizard:call"]
        invoice = self.env["account.move"].create({"move_type": "out_invoice", "partner_id": self.partner.id})
        file = self.env["ir.attachment"].create({"name": "f", "res_model": "res.country", "res_id": 1, "raw": b"x"})
        for id_ in (file.id, str(file.id), float(file.id)):
            named = [{"id": id_, "name": "f", "manual": True}]
            values = {"move_id": invoice.id, "mail_attachments_widget": named}
            operation = create("account.move.send.wizard", values)
            answer = self.act(operation, grant={"scopes": scopes, "models": None})
            self.assert_refused(answer, "odoo.validation", "ir.attachment")

    def test_only_callers_who_may_read_a_file_can_make_it_public(self):
        file = self.env["ir.attachment"].create({"name": "f", "res_model": "res.country", "res_id": 1, "raw": b"x"})
        operation = write("ir.attachment", file.ids, {"public": True})
        answer = self.act(operation, grant={"scopes": ["write"], "models": None})
        self.assert_refused(answer, "scope.insufficient", "ir.attachment")
        self.assert_ok(self.act(operation))

    def test_narrowed_credentials_cannot_call_methods_that_return_links(self):
        channel = self.env["discuss.channel"].create({"name": "Room", "channel_type": "group"})
        for operation in (
            method("discuss.channel", "invite_by_email", channel.ids, ["stranger@example.com"]),
            method("mail.message", "portal_message_format", self.order.message_post(body="x").ids),
            method("account.chart.template", "try_loading", [], "generic_coa", self.env.company.id),
        ):
            self.assert_refused(self.act(operation), "odoo.exposure", "without scopes or models")
