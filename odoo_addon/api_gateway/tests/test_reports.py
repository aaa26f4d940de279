import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from odoo.sql_db import db_connect
from odoo.tests import tagged

from odoo.addons.base.models import ir_actions_report

from ..executor.errors import RefusalError
from ..executor.printing import require_pdf, require_wkhtmltopdf, take_place, within
from ..tools.document_links import hidden, mask
from .common import ChannelCase

NARROW = {"scopes": ["read", "call"], "models": None}


@tagged("post_install", "-at_install")
class TestReports(ChannelCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.env.ref("base.user_admin")
        cls.order = cls.env["sale.order"].create({"partner_id": cls.partner.id})
        cls.link = cls.order.get_base_url() + cls.order.get_portal_url()
        cls.token = cls.order.access_token

    def report(self, html, **values):
        view = self.env["ir.ui.view"].create(
            {"type": "qweb", "key": "api_gateway.tried", "name": "Tried", "arch": f"<t t-name='x'>{html}</t>"}
        )
        given = {"name": "Tried", "report_name": view.key, "model": "sale.order", "report_type": "qweb-pdf"}
        return self.env["ir.actions.report"].create({**given, **values})

    def printed(self, grant=None, **operation):
        """The answer and the document."""
        given = {"op": "report", "model": "sale.order", "id": self.order.id, "report": "api_gateway.tried"}
        call = self.call({**given, "format": "html", **operation}, uid=self.admin.id, grant=grant)
        response = self.post("/gateway/file", self.body("/gateway/file", [call]) + b"\n")
        head, _, document = response.content.partition(b"\n")
        return json.loads(head)["results"][0], document.decode()

    def post(self, path, raw, signature=None):
        return super().post(path, raw, self.signature(raw.removesuffix(b"\n")))

    def test_documents_for_narrowed_credentials_open_nothing(self):
        self.report(
            """<t t-foreach="docs" t-as="doc">
              <a t-att-href="doc.get_portal_url()"/>
              <img t-att-src="'/report/barcode/QR/' + doc.get_portal_url().replace('=', '%3D')"/>
            </t>"""
        )
        for form in ("html", "pdf"):  # in tests, Odoo gives the page instead of the PDF
            with self.subTest(form):
                answer, whole = self.printed(format=form)
                self.assert_ok(answer)
                self.assertEqual(whole.count(self.token), 2)
                _, masked = self.printed(NARROW, format=form)
                self.assertNotIn(self.token, masked)
                self.assertEqual(masked.count("access_token"), 2)

    def test_barcodes_for_narrowed_credentials_open_nothing(self):
        drawn = []

        def draw(_type, value, **_options):
            drawn.append(value)
            raise ValueError

        for are_hidden in (True, False):
            with hidden(are_hidden), patch.object(ir_actions_report, "createBarcodeDrawing", draw):
                self.assertRaises(ValueError, self.env["ir.actions.report"].barcode, "QR", self.link)
        self.assertEqual(drawn, [mask(self.link), self.link])

    def test_links_inside_links_are_masked(self):
        for text, masked in (
            ("/web/login?redirect=%2Fmy%2F1%3Faccess_token%3Dabc-1&x=1", "%3Faccess_token%3D…&x=1"),
            ("/a?u=%252Fmy%253Faccess_token%253Dabc", "%253Faccess_token%253D…"),
            ("/my?access_token=abc.1", "/my?access_token=…"),
            ("/web/image/1?access_token=abc", "/web/image/1?access_token=abc"),
        ):
            self.assertTrue(mask(text).endswith(masked), mask(text))

    def test_of_two_reports_with_one_name_the_users_own_is_printed(self):
        group = self.env["res.groups"].create({"name": "Others"})
        self.report("<p/>", name="A", group_ids=group.ids, print_report_name="'theirs'")
        own = (
            self.env["ir.actions.report"]
            .search([("name", "=", "A")])
            .copy({"name": "B", "group_ids": False, "print_report_name": "'own'"})
        )
        rendered = []
        render = type(own)._render_qweb_html

        def note(reports, report, *args, **kwargs):
            rendered.append(report)
            return render(reports, report, *args, **kwargs)

        self.patch(type(own), "_render_qweb_html", note)
        answer, _ = self.printed()
        self.assertEqual(self.assert_ok(answer)["name"], "own.html")
        self.assertEqual(rendered, own.ids)

    def test_the_number_of_reports_printed_at_once_is_limited(self):
        with db_connect(self.env.cr.dbname).cursor() as first, db_connect(self.env.cr.dbname).cursor() as second:
            take_place(first, 1)
            with self.assertRaises(RefusalError) as refused:
                take_place(second, 1)
            self.assertEqual(refused.exception.reason, "report.busy")
            take_place(second, 2)
            first.rollback()
            take_place(first, 1)

    def test_a_pdf_that_cannot_be_made_is_reported(self):
        for state in ("install", "broken", "workers"):
            self.patch(type(self.env["ir.actions.report"]), "get_wkhtmltopdf_state", lambda _self, state=state: state)
            self.report("<p/>")
            answer, _ = self.printed(format="pdf")
            self.assert_refused(answer, "report.unavailable", "format=html")
        for state in ("ok", "upgrade"):
            require_wkhtmltopdf(state)
        for document, is_pdf in ((b"%PDF-1.4", True), (b"", False)):
            if is_pdf:
                require_pdf(document)
            else:
                self.assertRaises(RefusalError, require_pdf, document)

    def test_wkhtmltopdf_ends_with_its_request_and_its_failures_are_named(self):
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        program = Path(folder.name) / "wkhtmltopdf"
        found = ir_actions_report._wkhtml()._replace(bin=str(program))
        for script, left_s, reason in (
            ("sleep 60 & wait", 0.2, "odoo.timeout"),
            ("kill -SEGV $$", 20, "report.unavailable"),
            ("exit 3", 20, "report.unavailable"),
            ("exit 1", 20, None),
        ):
            program.write_text(f"#!/bin/sh\n{script}\n")
            program.chmod(0o700)
            started = time.monotonic()
            with self.subTest(script), patch.object(ir_actions_report, "_wkhtml", lambda: found):
                with within(started + left_s):
                    if reason is None:
                        self.assertEqual(ir_actions_report._run_wkhtmltopdf([]).returncode, 1)
                        continue
                    with self.assertRaises(RefusalError) as refused:
                        ir_actions_report._run_wkhtmltopdf([])
                self.assertEqual(refused.exception.reason, reason)
                self.assertLess(time.monotonic() - started, 10)
