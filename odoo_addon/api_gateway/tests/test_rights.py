import re
from pathlib import Path
from unittest.mock import patch

from odoo import api
from odoo.tests import new_test_user, tagged

import odoo.addons

from ..tools.secret_fields import is_named_secret, is_secret
from .common import ChannelCase, create, method, read, search, tree, write

MAIL = "From: someone@example.com\nTo: x@example.com\nSubject: Made by mail\nMessage-Id: <{}@example.com>\n\nText\n"
MASKED = re.compile(r"""<field\b(?=[^>]*\bpassword="(?:True|1)")[^>]*\bname="(\w+)\"""")


@tagged("post_install", "-at_install")
class TestRights(ChannelCase):
    """Superuser code acts on a caller's values only if the caller, with its credential, could do the same."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.env.ref("base.user_admin")

    def narrowed(self, *scopes, models=None):
        return {"scopes": list(scopes) if scopes else None, "models": models}

    def assert_closed(self, operation, *words, **call):
        call.setdefault("uid", self.admin.id)
        return self.assert_refused(self.execute(operation, **call), "odoo.exposure", *words)

    def assert_lacks(self, scope, operation, *words, **call):
        """Checks that the call is refused because it lacks this scope."""
        call.setdefault("uid", self.admin.id)
        error = self.assert_refused(self.execute(operation, **call), "scope.insufficient", *words)
        self.assertEqual(error["details"]["scope"], scope)

    def test_mail_cannot_create_configuration(self):
        partner_fields = self.env["ir.model"]._get("res.partner").id
        for model in ("gateway.webhook", "gateway.profile", "ir.cron", "res.partner"):
            operation = method("mail.thread", "message_process", model, MAIL.format(model), {"name": "x"})
            self.assert_closed(operation, uid=self.caller.id)
            if model != "res.partner":
                self.assert_closed(operation)
        self.assert_closed(
            method("res.partner", "message_process", "res.partner", MAIL.format("n"), {"color": 1}),
            grant=self.narrowed("call", "write"),
        )
        self.assert_closed(create("mail.alias", {"alias_name": "x", "alias_model_id": self.id_of("gateway.webhook")}))
        self.assert_closed(
            create("mail.alias", {"alias_name": "x", "alias_model_id": partner_fields, "alias_defaults": "{'a': 1}"}),
            grant=self.narrowed("write"),
        )

    def id_of(self, model):
        return self.env["ir.model"]._get(model).id

    def test_the_gateways_own_models_are_not_written_under_superuser_rights_either(self):
        partners = type(self.env["res.partner"])
        partners.gateway_make = lambda records: records.env["gateway.profile"].sudo().create({"name": "x"}).id
        self.addCleanup(delattr, partners, "gateway_make")
        for grant in (None, self.narrowed("call")):
            self.assert_closed(method("res.partner", "gateway_make", self.partner.ids), grant=grant)

    def test_code_is_not_changed_under_superuser_rights_in_any_way(self):
        menu = self.env["ir.ui.menu"].create({"name": "Menu"})
        partners = type(self.env["res.partner"])
        partners.gateway_do = lambda records, name, *args: bool(
            getattr(records.env["ir.ui.menu"].sudo().browse(menu.id), name)(*args)
        )
        self.addCleanup(delattr, partners, "gateway_do")
        for name, *args in (
            ("copy",),
            ("write", {"name": "Other"}),
            ("update_field_translations", "name", {"en_US": "Other"}),
            ("unlink",),
        ):
            with self.subTest(name):
                operation = method("res.partner", "gateway_do", self.partner.ids, name, *args)
                self.assert_closed(operation, "change records of ir.ui.menu", grant=self.narrowed("call"))
        self.assertEqual(menu.name, "Menu")
        self.assert_ok(self.execute(method("res.partner", "gateway_do", self.partner.ids, "unlink"), uid=self.admin.id))

    def test_values_in_arguments_are_checked_as_values(self):
        ids = self.partner.ids
        narrow = self.narrowed("res.partner:write", "res.partner:call", "res.partner:read")
        escalation = {"user_ids": [[1, self.admin.id, {"name": "x"}]]}
        hidden = {"user_ids": [[1, self.admin.id, {"api_key_ids": [[0, 0, {"name": "x"}]]}]]}
        for name, args in (
            ("message_update", [ids, {}, escalation]),
            ("message_new", [{}, {"name": "x", **escalation}]),
        ):
            self.assert_lacks("res.users:write", method("res.partner", name, *args), grant=narrow)
        self.assert_closed(method("res.partner", "message_update", ids, {}, hidden))
        server = self.env["ir.mail_server"].create({"name": "Mail", "smtp_host": "mail.example.com"})
        for operation in (
            method("res.partner", "message_post", ids, body="x", mail_server_id=server.id),
            {
                **method("res.partner", "message_notify", ids, body="x"),
                "kwargs": {"partner_ids": ids, "model": "gateway.webhook", "res_id": 1},
            },
            method("res.partner", "activity_schedule", ids, res_model="gateway.webhook", res_id=1),
            method("res.partner", "activity_schedule", ids, res_model_id=self.id_of("gateway.webhook")),
            method("ir.default", "set", "gateway.webhook", "url", "http://x"),
        ):
            with self.subTest(operation):
                self.assert_closed(operation)
        theirs = self.env["res.partner"].create(
            {"name": "Theirs", "company_id": self.env["res.company"].create({"name": "Second"}).id}
        )
        attachment = self.env["ir.attachment"].create({"name": "a", "res_model": "res.partner", "res_id": theirs.id})
        for values in ({"attachment_ids": attachment.ids}, {"partner_ids": theirs.ids}):
            with self.subTest(values):
                operation = method("res.partner", "message_post", ids, body="x", **values)
                self.assert_refused(self.execute(operation), "odoo.validation")

    def test_a_method_that_reads_writes_nothing(self):
        """Onchange code may write, even as superuser."""
        line = {"res_model_id": self.id_of("res.partner"), "res_id": self.partner.id, "is_active": False}
        change = method("privacy.lookup.wizard.line", "onchange", [], line, ["is_active"], {"is_active": {}})
        partners = type(self.env["res.partner"])

        @api.model
        def default_get(records, fields):
            records.env["res.country"].sudo().browse(1).write({"name": "Other"})
            return {}

        for grant in (self.narrowed("read"), self.narrowed("privacy.lookup.wizard.line:read", "res.partner:read")):
            self.assert_lacks("res.partner:write", change, "change records of res.partner", grant=grant)
            with patch.object(partners, "default_get", default_get):
                self.assert_lacks("res.country:write", method("res.partner", "default_get", ["name"]), grant=grant)
        new = method("product.product", "onchange", [], {}, [], {"name": {}, "lst_price": {}, "standard_price": {}})
        self.assert_ok(self.execute(new, uid=self.admin.id, grant=self.narrowed("read")))
        self.env.invalidate_all()
        self.assertTrue(self.partner.active)
        self.assert_ok(self.execute(change, uid=self.admin.id, grant=self.narrowed("read", "write")))

    def test_notes_for_crons_cannot_be_written_by_callers(self):
        note = {"sending_data": {"mail_attachments_widget": [{"id": 1, "name": "x", "manual": True}]}}
        later = {"body": "x", "model": "res.partner", "res_id": self.partner.id}
        for operation, grant in (
            (create("account.move", note), None),
            (create("account.bank.statement.line", note), None),
            (method("account.move", "create", {}, context={"default_sending_data": note["sending_data"]}), None),
            (create("mail.scheduled.message", {**later, "send_context": {"a": 1}}), self.narrowed("write", "read")),
            (
                create("mail.scheduled.message", {**later, "notification_parameters": "{}"}),
                self.narrowed("write", "read"),
            ),
        ):
            with self.subTest(operation):
                self.assert_closed(operation, "The field ", grant=grant)

    def test_scripts_of_pages_are_code(self):
        self.patch(self.env["res.partner"]._fields["comment"], "sanitize", False)
        operation = write("res.partner", self.partner.ids, {"comment": "<script/>"})
        self.assert_lacks("res.partner:write", operation, "grants rights", grant=self.narrowed("write"))
        self.assert_ok(self.execute(operation, uid=self.admin.id, grant=self.narrowed("res.partner:write")))

    def test_aggregates_of_another_models_records_need_its_scope(self):
        grant = self.narrowed("account.account:read", "account.account:call")
        for name in ("debit_credit", "residual_amount", "partner_balance", "balance_tag"):
            call = method("account.account", f"spreadsheet_fetch_{name}", [])
            self.assert_lacks("account.move.line:read", call, grant=grant)

    def test_a_default_is_a_value(self):
        narrow = self.narrowed("ir.default:call", "ir.default:read", "res.partner:write", "res.partner:call")
        for field, value, reason in (
            ("user_ids", [[0, 0, {"login": "x", "name": "x"}]], "scope.insufficient"),
            ("nope", 1, "odoo.field"),
        ):
            answer = self.execute(
                method("ir.default", "set", "res.partner", field, value), grant=narrow, uid=self.admin.id
            )
            self.assert_refused(answer, reason)
        self.assert_ok(
            self.execute(method("ir.default", "set", "res.partner", "color", 4), grant=narrow, uid=self.admin.id)
        )
        self.assert_lacks("res.users:call", method("ir.default", "set", "res.users", "name", "x"), grant=narrow)

    def test_a_file_is_imported_by_users_who_may_write_its_model(self):
        importer = self.env["base_import.import"].with_user(self.admin)
        upload = importer.create({"res_model": "res.users", "file": b"name,login\nx,x\n", "file_type": "text/csv"})
        options = {"has_headers": True, "quoting": '"', "separator": ",", "encoding": "utf-8"}
        call = method("base_import.import", "execute_import", upload.ids, ["name", "login"], ["name", "login"], options)
        own = ["base_import.import:call", "base_import.import:write", "base_import.import:read"]
        preview = method("base_import.import", "parse_preview", upload.ids, options)
        self.assert_lacks("res.users:write", call, grant=self.narrowed(*own))
        self.assert_lacks("res.users:write", preview, grant=self.narrowed(*own))
        self.assert_closed(
            create("base_import.import", {"res_model": "gateway.webhook", "file_type": "text/csv"}),
        )
        self.assert_ok(self.execute(call, uid=self.admin.id))
        self.assertTrue(self.env["res.users"].search([("login", "=", "x")]))

    def test_records_about_another_models_records_need_its_scope(self):
        template = self.env["mail.template"].create(
            {"name": "T", "model_id": self.id_of("res.partner"), "body_html": "x", "subject": "x"}
        )
        sending = method("mail.template", "send_mail", template.ids, self.partner.id)
        self.assert_lacks("res.partner:read", sending, grant=self.narrowed("mail.template:call"))
        self.assert_ok(
            self.execute(sending, grant=self.narrowed("mail.template:call", "res.partner:read"), uid=self.admin.id)
        )
        attachment = self.env["ir.attachment"].create(
            {"name": "a", "res_model": "res.partner", "res_id": self.partner.id}
        )
        self.assert_lacks(
            "res.partner:write",
            method("ir.attachment", "register_as_main_attachment", attachment.ids),
            grant=self.narrowed("ir.attachment:call", "res.partner:read"),
        )

    def test_narrowed_credentials_cannot_change_code_and_rights(self):
        group = self.env["res.groups"].create({"name": "G"})
        action = self.env["ir.actions.server"].create(
            {"name": "S", "model_id": self.id_of("res.partner"), "state": "code", "code": ""}
        )
        for model, values in (
            ("ir.model.fields", {"name": "x_a", "model_id": self.id_of("res.partner"), "ttype": "char"}),
            ("ir.ui.view", {"name": "v", "arch": "<form/>", "model": "res.partner"}),
            ("ir.actions.report", {"name": "r", "model": "res.partner", "report_name": "x.y"}),
            ("ir.actions.act_window", {"name": "w", "res_model": "res.partner"}),
            ("ir.ui.menu", {"name": "m"}),
            ("ir.ui.view.custom", {"ref_id": 1, "user_id": 1, "arch": "<form/>"}),
            ("mail.template", {"name": "t"}),
            ("res.groups", {"name": "g"}),
            ("fetchmail.server", {"name": "f"}),
            ("digest.tip", {"name": "d", "tip_description": "<p>x</p>"}),
            ("ir.default", {"json_value": "1"}),
            ("ir.model.data", {"name": "d", "model": "res.partner", "res_id": 1}),
        ):
            for grant in (self.narrowed("write", "delete", "call"), self.narrowed(models=[model, "res.partner"])):
                with self.subTest(model, grant=grant):
                    self.assert_closed(create(model, values), "code or grant rights", grant=grant)
                    self.assert_closed(write(model, [1], values), grant=grant)
                    self.assert_closed({"op": "unlink", "model": model, "ids": [1]}, grant=grant)
        self.assert_ok(self.execute(create("res.groups", {"name": "g"}), uid=self.admin.id))
        parent = self.env["ir.actions.actions"].browse(action.id)
        self.assert_closed(write("ir.actions.actions", parent.ids, {"name": "x"}))
        self.assert_closed({"op": "unlink", "model": "ir.actions.actions", "ids": parent.ids})
        self.assert_refused(
            self.query(search("ir.actions.actions", [["id", "=", action.id]]), uid=self.admin.id), "odoo.exposure"
        )
        self.assert_closed(
            write("res.groups", group.ids, {"user_ids": [[4, self.caller.id]]}), grant=self.narrowed("write")
        )

    def test_a_narrowed_credential_cannot_grant_rights(self):
        groups = [[4, self.env.ref("base.group_system").id]]
        users = self.narrowed("res.users:write", "res.partner:write")
        for values, scope in (
            ({"group_ids": groups}, "res.groups:write"),
            ({"role": "group_system"}, "res.groups:write"),
            ({"password": "x" * 12}, None),
            ({"company_ids": [[4, 1]]}, "res.company:write"),
        ):
            nested = {"user_ids": [[1, self.caller.id, values]]}
            for operation in (
                write("res.users", self.caller.ids, values),
                create("res.users", {"name": "n", "login": "n", **values}),
                write("res.partner", self.caller.partner_id.ids, nested),
                method("res.users", "load", list(values), [["x"]]),
            ):
                with self.subTest(operation):
                    if scope:
                        self.assert_lacks(scope, operation, grant=users)
                    else:
                        self.assert_closed(operation, grant=users)
        wide = self.narrowed("res.users:write", "res.groups:write")
        self.assert_ok(
            self.execute(write("res.users", self.caller.ids, {"group_ids": groups}), grant=wide, uid=self.admin.id)
        )
        self.assert_ok(self.execute(create("res.users", {"name": "n", "login": "n"}), grant=users, uid=self.admin.id))
        self.assert_ok(
            self.execute(write("res.users", self.caller.ids, {"password": "a long password"}), uid=self.admin.id)
        )

    def test_a_copy_cannot_grant_rights(self):
        users = self.narrowed("res.users:write", "res.users:read")
        copy = method("res.users", "copy", self.admin.ids, {"login": "copy"})
        self.assert_lacks("res.groups:write", copy, "group_ids", grant=users)
        groups = self.narrowed("res.users:write", "res.groups:write")
        self.assert_lacks("res.company:write", copy, "company_ids", grant=groups)
        self.assert_lacks("res.groups:write", copy, grant=self.narrowed("write", "read", "call"))
        given = {"login": "copy", "group_ids": [[5]], "company_ids": [[5]]}
        self.assert_lacks("res.groups:write", method("res.users", "copy", self.admin.ids, given), grant=users)
        wide = self.narrowed("res.users:write", "res.groups:write", "res.company:write")
        self.assert_ok(self.execute(copy, grant=wide, uid=self.admin.id))

    def test_a_copy_needs_the_rights_for_the_lines_of_the_records(self):
        seller = new_test_user(self.env, "gateway_copier", groups="sales_team.group_sale_manager")
        product = self.env["product.product"].create({"name": "P"})
        order = self.env["sale.order"].create(
            {"partner_id": self.partner.id, "order_line": [[0, 0, {"product_id": product.id}]]}
        )
        copy = method("sale.order", "copy", order.ids)
        self.assert_lacks("sale.order.line:write", copy, grant=self.narrowed("sale.order:write"), uid=seller.id)
        narrow = self.narrowed("sale.order:write", "sale.order.line:write", "sale.order.line:read", "sale.order:read")
        [copied] = self.assert_ok(self.execute(copy, grant=narrow, uid=seller.id))
        self.assertEqual(self.env["sale.order"].browse(copied).order_line.product_id, product)

    def test_a_narrowed_credential_cannot_change_how_a_user_logs_in(self):
        """Someone who can read a user's mail could set the user's password."""
        contact = self.admin.partner_id
        archived = new_test_user(self.env, "gateway_archived", email="a@example.com")
        archived.active = False
        partners_class = type(self.env["res.partner"])
        partners_class.gateway_flow = lambda records, address: records.sudo().write({"email": address})
        self.addCleanup(delattr, partners_class, "gateway_flow")
        message = f"From: x@example.com\nSubject: x\nMessage-Id: <{contact.id}@example.com>\n\nx"
        email = {"email": "attacker@example.com"}
        scopes = ["res.partner:read", "res.partner:write", "res.partner:call"]
        partners, users = self.narrowed(*scopes), self.narrowed(*scopes, "res.users:write", "res.users:read")
        for operation in (
            write("res.partner", contact.ids, email),
            write("res.partner", archived.partner_id.ids, email),
            write("res.partner", [*self.partner.ids, *contact.ids], {"email": False}),
            method("res.partner", "write", contact.ids, email),
            method("res.partner", "web_save", contact.ids, email, {}),
            method("res.partner", "web_save_multi", contact.ids, [email], {}),
            method("res.partner", "load", [".id", "email"], [[str(contact.id), "attacker@example.com"]]),
            method("res.partner", "message_update", contact.ids, {"subject": message}, email),
            write("res.partner", self.partner.ids, {"child_ids": [[4, contact.id], [1, contact.id, email]]}),
            write("res.partner", contact.ids, {"user_ids": [[1, self.admin.id, email]]}),
            write("res.partner", contact.ids, {"user_ids": [[1, self.admin.id, {"login": "other"}]]}),
            write("res.users", self.admin.ids, email),
            write("res.users", self.admin.ids, {"login": "other"}),
            write("res.users", self.admin.ids, {"partner_id": self.partner.id}),
            create("res.users", {"name": "n", "login": "n", "partner_id": contact.id, **email}),
            method("res.partner", "gateway_flow", contact.ids, "attacker@example.com"),
        ):
            for grant in (partners, users):
                with self.subTest(operation, grant=grant):
                    if grant is partners and ("user_ids" in repr(operation) or operation["model"] == "res.users"):
                        self.assert_lacks("res.users:write", operation, grant=grant)
                    else:
                        self.assert_closed(operation, grant=grant)
        portal = new_test_user(self.env, "gateway_portal", groups="base.group_portal", email="p@example.com")
        portal_email = write("res.partner", portal.partner_id.ids, email)
        self.assert_lacks("res.users:write", portal_email, "res.users", grant=partners)
        for operation, grant in (
            (portal_email, users),
            (write("res.partner", self.partner.ids, email), partners),
            (write("res.partner", contact.ids, {"email": contact.email, "comment": "x"}), partners),
            (create("res.partner", {"name": "n", **email}), partners),
            (write("res.partner", contact.ids, email), None),
        ):
            with self.subTest(operation, grant=grant):
                self.assert_ok(self.execute(operation, grant=grant, uid=self.admin.id))

    def test_no_code_of_odoo_writes_code_for_a_narrowed_credential(self):
        partners = type(self.env["res.partner"])
        partners.gateway_flow = lambda records: (
            records.env["ir.ui.view"].sudo().create({"name": "v", "arch": "<qweb/>", "type": "qweb"}).id
        )
        self.addCleanup(delattr, partners, "gateway_flow")
        flow = method("res.partner", "gateway_flow", self.partner.ids)
        self.assert_closed(flow, grant=self.narrowed("res.partner:call"))
        self.assert_ok(self.execute(flow))

    def test_passwords_and_secrets_are_never_read(self):
        server = self.env["fetchmail.server"].create({"name": "F", "server_type": "imap", "password": "hidden"})
        order = self.env["sale.order"].create({"partner_id": self.partner.id})
        for record, field in (
            (server, "password"),
            (order, "access_token"),
            (self.admin, "totp_secret"),
            (self.admin, "password"),
        ):
            model, ids = record._name, record.ids
            with self.subTest(model, field=field):
                for operation in (
                    read(model, ids, fields=tree(field)),
                    search(model, [[field, "!=", False]]),
                    search(model, order=field),
                    method(model, "read", ids, [field]),
                    method(model, "export_data", ids, [field]),
                    method(model, "search_count", [[field, "=like", "h%"]]),
                    method(model, "formatted_read_group", [], [field]),
                    method(model, "web_read", ids, {field: {}}),
                    method(model, "onchange", [], {}, [], {field: {}}),
                    method(model, "default_get", [field]),
                ):
                    self.assert_closed(operation, field, uid=self.admin.id)
                answer = self.assert_ok(self.query(read(model, ids), uid=self.admin.id))
                self.assertNotIn(field, answer["records"][0])
                if record._fields[field].store:
                    self.assertIn(field, answer["omitted"])
                rows = self.assert_ok(self.execute(method(model, "read", ids), uid=self.admin.id))
                self.assertNotIn(field, rows[0])
                described = self.assert_ok(self.query({"op": "describe", "models": [model]}, uid=self.admin.id))
                self.assertNotIn(field, described[model])
        self.assert_closed(read("res.partner", self.partner.ids, fields=tree("sale_order_ids.access_token")))
        account = self.env["iap.account"].search([], limit=1) or self.env["iap.account"].create(
            {"name": "x", "service_id": self.env["iap.service"].search([], limit=1).id}
        )
        changed = write("iap.account", account.ids, {"account_token": "other"})
        self.assert_ok(self.execute(changed, uid=self.admin.id))

    def test_a_secret_is_recognised_by_its_definition(self):
        def secret(model, name):
            return is_secret(self.env[model]._fields[name])

        for model, name in (
            ("ir.mail_server", "smtp_pass"),
            ("ir.mail_server", "smtp_ssl_private_key"),
            ("ir.attachment", "access_token"),
            ("iap.account", "account_token"),
            ("mail.ice.server", "credential"),
            ("res.users.apikeys.show", "key"),
            ("res.config.settings", "tenor_api_key"),
            ("portal.share", "share_link"),
        ):
            self.assertTrue(secret(model, name), (model, name))
        for model, name in (
            ("ir.ui.view", "key"),
            ("sale.order", "signature"),
            ("discuss.channel", "avatar_cache_key"),
            ("res.users.settings", "push_to_talk_key"),
            ("account.move", "inalterable_hash"),
            ("payment.transaction", "token_id"),
        ):
            self.assertFalse(secret(model, name), (model, name))

    def test_a_field_that_odoo_masks_in_a_form_is_a_secret(self):
        """Checks all of Odoo's modules on disk, whether installed or not."""
        masked = set()
        for folder in odoo.addons.__path__:
            for path in Path(folder).glob("*/**/*.xml"):
                if 'password="' in (text := path.read_text(errors="replace")):
                    masked.update(MASKED.findall(text))
        self.assertLess({"pin", "access_token", "dpopay_chain_id"}, masked)
        self.assertFalse({name for name in masked if not is_named_secret("", name, "")})

    def test_narrowed_credentials_cannot_read_links_with_tokens(self):
        mail = self.env["mail.mail"].create({"body_html": "/web/signup?token=x", "email_to": "x@example.com"})
        order = self.env["sale.order"].create({"partner_id": self.partner.id})
        mails = self.narrowed("read", "write", "delete", "call")
        for operation in (
            read("mail.mail", mail.ids, fields=tree("body_html")),
            search("mail.mail", [["body_html", "like", "x"]]),
            method("mail.mail", "copy", mail.ids, {"email_to": "attacker@example.com"}),
            write("mail.mail", mail.ids, {"email_to": "attacker@example.com"}),
            read("mail.message", mail.mail_message_id.ids, fields=tree("mail_ids.body_html")),
            method("sale.order", "get_portal_url", order.ids),
            method("sale.order", "action_preview_sale_order", order.ids),
        ):
            with self.subTest(operation):
                self.assert_closed(operation, grant=mails)
        self.assert_ok(self.execute(method("mail.mail", "mark_outgoing", mail.ids), grant=mails, uid=self.admin.id))
        for operation in (
            read("mail.mail", mail.ids, fields=tree("body_html")),
            method("sale.order", "get_portal_url", order.ids),
        ):
            self.assert_ok(self.execute(operation, uid=self.admin.id))

    def test_a_field_that_a_value_names_is_read(self):
        """An SMS is sent to the number in the field that its composer names. Odoo reads and writes this field."""
        ids = self.partner.ids
        composer = {"res_model": "res.users", "res_id": self.caller.id, "composition_mode": "comment", "body": "x"}
        secret = {"number_field_name": "totp_secret"}
        [made] = self.assert_ok(self.execute(create("sms.composer", composer), uid=self.admin.id))["ids"]
        for operation in (
            create("sms.composer", {**composer, **secret}),
            write("sms.composer", [made], secret),
            method("sms.composer", "onchange", [], {**composer, **secret}, [], {"recipient_single_number": {}}),
            method("sms.composer", "create", [composer], context={"default_number_field_name": "totp_secret"}),
        ):
            with self.subTest(operation):
                self.assert_closed(operation, "totp_secret")
        own = self.narrowed("sms.composer:write", "res.partner:read")
        partner = {**composer, "res_model": "res.partner", "res_id": ids[0], "number_field_name": "vat"}
        self.assert_lacks("res.partner:write", create("sms.composer", partner), grant=own)
        self.assert_ok(
            self.execute(create("sms.composer", {**partner, "number_field_name": "phone"}), uid=self.admin.id)
        )

    def test_ordinary_work_is_not_affected(self):
        """Calls work even if a field of the records refers to a hidden model."""
        self.env["ir.mail_server"].create({"name": "Mail", "smtp_host": "mail.example.com"})
        user = {"uid": self.caller.id}
        seller = new_test_user(self.env, "gateway_seller", groups="sales_team.group_sale_manager")
        ids = self.partner.ids
        composer = create(
            "mail.compose.message",
            {
                "model": "res.partner",
                "res_ids": str(ids),
                "subject": "Hello",
                "body": "x",
                "partner_ids": [[6, 0, ids]],
            },
        )
        [composer_id] = self.assert_ok(self.execute(composer, **user))["ids"]
        self.assert_ok(self.execute(method("mail.compose.message", "action_send_mail", [composer_id]), **user))
        self.env.invalidate_all()
        self.assertTrue(self.partner.message_ids.filtered(lambda message: message.subject == "Hello"))

        template = self.env["mail.template"].create(
            {"name": "T", "model_id": self.id_of("res.partner"), "body_html": "x", "subject": "x", "user_id": False}
        )
        self.assert_ok(self.execute(method("mail.template", "send_mail", template.ids, ids[0]), **user))

        admin = {"uid": self.admin.id}
        wizard = {"partner_ids": [[6, 0, ids]]}
        [wizard_id] = self.assert_ok(self.execute(create("portal.wizard", wizard), **admin))["ids"]
        line = self.env["portal.wizard"].browse(wizard_id).user_ids
        self.assert_ok(self.execute(method("portal.wizard.user", "action_grant_access", line.ids), **admin))
        self.env.invalidate_all()
        self.assertTrue(self.partner.user_ids)

        narrow = self.narrowed("res.partner:call", "res.partner:read")
        for name, values in (
            ("message_post", {"body": "hello", "message_type": "comment", "partner_ids": ids}),
            ("activity_schedule", {"act_type_xmlid": "mail.mail_activity_data_todo", "summary": "s"}),
            ("message_subscribe", {"partner_ids": ids}),
        ):
            with self.subTest(name):
                self.assert_ok(self.execute(method("res.partner", name, ids, **values), grant=narrow, **user))
        order = self.env["sale.order"].with_user(seller).create({"partner_id": ids[0]})
        self.assert_ok(
            self.execute(
                method("sale.order", "action_confirm", order.ids), grant=self.narrowed("sale.order:call"), uid=seller.id
            )
        )
