import base64
import json

from odoo.exceptions import AccessError, UserError
from odoo.tests import TransactionCase, new_test_user, tagged

from ..tools.breaking import break_of, wanted_models


def use(consumer, model, action, name="", requests=1):
    return {"consumer": consumer, "model": model, "action": action, "name": name, "requests": requests}


def schema_of(**models):
    return {
        name.replace("__", "."): {"fields": fields, "methods": methods} for name, (fields, methods) in models.items()
    }


THERE = schema_of(
    sale__order=(
        {
            "reference": {"type": "char"},
            "note": {"type": "html"},
            "state": {"type": "selection", "selection": ["draft", "sale"]},
            "partner_id": {"type": "many2one", "relation": "res.partner"},
            "locked": {"type": "boolean", "readonly": True},
        },
        ["action_confirm", "action_done"],
    ),
    res__partner=({"name": {"type": "char"}, "country_id": {"type": "many2one", "relation": "res.country"}}, []),
) | {"crm.lead": None}
HERE = {"note": ("text", False), "locked": ("boolean", False)}


@tagged("post_install", "-at_install")
class TestUpgradeCheck(TransactionCase):
    def setUp(self):
        super().setUp()
        self.env.cr.execute("delete from gateway.used")

    def record(self, *uses):
        self.env.cr.execute("select gateway.record_used(%s)", (json.dumps(uses),))

    def test_what_breaks_a_use(self):
        cases = [
            (("crm.lead", "read", ""), ("model", "crm.lead", "", "")),
            (("sale.order", "read", "name"), ("field", "sale.order", "name", "")),
            (("sale.order", "read", "referenc"), ("field", "sale.order", "referenc", "reference")),
            (("sale.order", "read", "partner_id.city"), ("field", "res.partner", "city", "")),
            (("sale.order", "read", "partner_id.name"), None),
            (("sale.order", "read", "partner_id.country_id.code"), None),  # a model that is not known
            (("sale.order", "read", "note"), ("type", "sale.order", "note", "text \N{RIGHTWARDS ARROW} html")),
            (("sale.order", "write", "locked"), ("readonly", "sale.order", "locked", "")),
            (("sale.order", "read", "locked"), None),
            (("sale.order", "choice", "state=sale"), None),
            (("sale.order", "choice", "state=sent"), ("choice", "sale.order", "state=sent", "")),
            (("sale.order", "call", "action_cancel"), ("method", "sale.order", "action_cancel", "action_done")),
            (("sale.order", "call", "action_confirm"), None),
            (("sale.order", "read", "id"), None),
            (("sale.order", "delete", ""), None),
            (("x.unknown", "read", "x"), None),
        ]
        for wanted, expected in cases:
            with self.subTest(wanted):
                self.assertEqual(break_of(THERE, lambda _model, name: HERE.get(name), wanted), expected)
        paths = [("sale.order", "read", "partner_id.country_id.code"), ("crm.lead", "write", "partner_id.name")]
        self.assertEqual(wanted_models(paths, THERE), {"sale.order", "res.partner", "res.country", "crm.lead"})

    def test_exactly_the_credentials_that_use_it_are_named(self):
        self.record(
            use("gateway_key:1", "res.partner", "read", "city", 5),
            use("gateway_key:2", "res.partner", "read", "name"),
            use("gateway_key:3", "res.partner", "choice", "type=invoice"),
            use("gateway_key:4", "res.country", "read", "code"),
        )
        pulled = {"name": {"type": "char"}, "type": {"type": "selection", "selection": ["contact"]}}
        file = base64.b64encode(json.dumps({"models": {"res.partner": pulled}}).encode())
        check = self.env["gateway.upgrade.check"].create({"source": "file", "file": file})
        check.action_compare()
        found = [(line.consumer, line.name, line.problem, line.requests) for line in check.line_ids.sorted("consumer")]
        self.assertEqual(
            found,
            [
                ("gateway_key:1", "city", "The field is gone.", 5),
                ("gateway_key:3", "type=invoice", "The choice is gone.", 1),
            ],
        )
        self.assertEqual((check.broken, check.checked, check.not_compared), (2, 4, "res.country"))
        self.env.cr.execute("update gateway.used set day = day - 40")
        check.days = "30"
        check.action_compare()
        self.assertEqual((check.line_ids.ids, check.broken, check.checked), ([], 0, 0))

    def test_uses_are_added_up_limited_and_deleted_after_90_days(self):
        self.record(use("k", "x", "read", "a", 2), use("k", "x", "read", "a", 3))
        self.record(use("k", "x", "read", "a"), *(use("k", "x", "read", f"f{i}") for i in range(3000)))
        self.record(use("k", "x", "read", "a"), use("k", "x", "read", "new"), use("other", "x", "read", "new"))
        uses = self.env["gateway.use"].search([("name", "in", ["a", "new"])])
        self.assertEqual(
            sorted((row.consumer, row.name, row.requests) for row in uses), [("k", "a", 7), ("other", "new", 1)]
        )
        self.env.cr.execute("update gateway.used set day = day - 90")
        self.env["gateway.use"]._clean()
        self.env.cr.execute("select count(*) from gateway.used")
        self.assertEqual(self.env.cr.fetchone(), (0,))

    def test_wrong_files_and_addresses_are_refused(self):
        for text in (b"", b"[]", b'{"models": 7}', b'{"models": {"a": {"b": {"type": 7}}}}', b"\xff"):
            check = self.env["gateway.upgrade.check"].create({"source": "file", "file": base64.b64encode(text)})
            with self.subTest(text), self.assertRaises(UserError):
                check.action_compare()
        self.record(use("k", "res.partner", "read", "name"))
        for url in ("http://127.0.0.1:9", "file:///etc/passwd", "https://user:secret@example.com", ""):
            with self.subTest(url), self.assertRaises(UserError):
                self.env["gateway.upgrade.check"].create({"url": url, "api_key": "secret"})

    def test_the_key_is_not_kept(self):
        check = self.env["gateway.upgrade.check"].create({"url": "https://example.com", "api_key": "secret"})
        self.env.flush_all()
        self.env.cr.execute("select c::text from gateway_upgrade_check c where id = %s", (check.id,))
        self.assertNotIn("secret", self.env.cr.fetchone()[0])

    def test_only_managers_may_compare(self):
        user = new_test_user(self.env, "upgrade_user", groups="base.group_user,api_gateway.group_user")
        for model in ("gateway.upgrade.check", "gateway.use"):
            with self.assertRaises(AccessError):
                self.env[model].with_user(user).search([])
