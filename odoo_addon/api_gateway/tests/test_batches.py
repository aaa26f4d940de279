from odoo import api
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import ChannelCase, method, read, search, tree


@tagged("post_install", "-at_install")
class TestBatches(ChannelCase):
    """Reads of several callers in one batch share only the transaction."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env["res.company"].create({"name": "Second"})
        cls.theirs = cls.env["res.partner"].create({"name": "Theirs", "company_id": cls.company.id})
        cls.other = new_test_user(
            cls.env,
            "gateway_other",
            groups="base.group_user",
            company_id=cls.env.company.id,
            company_ids=[(6, 0, (cls.env.company + cls.company).ids)],
        )

    def test_no_value_leaks_from_one_caller_to_the_next(self):
        operation = read("res.partner", self.theirs.ids, fields=tree("name", "company_id.name"))
        seen = [
            len(self.assert_ok(answer)["records"])
            for answer in self.read_calls(
                self.call(operation, uid=self.other.id),
                self.call(operation),
                self.call(operation, uid=self.other.id),
                self.call(operation),
            )
        ]
        self.assertEqual(seen, [1, 0, 1, 0])

    def test_reads_of_one_caller_share_what_odoo_has_read(self):
        for operation in (
            search("res.partner", [["id", "in", self.partner.ids]], fields=tree("name", "country_id")),
            method("res.partner", "search_read", [["id", "in", self.partner.ids]], ["name", "country_id"]),
            method("res.partner", "read", self.partner.ids, ["name", "country_id"]),
        ):
            with self.subTest(operation):
                first, second, other = self.read_calls(
                    self.call(operation), self.call(operation), self.call(operation, uid=self.other.id)
                )
                self.assertEqual(second["results"], first["results"])
                self.assertLess(second["sql"], first["sql"])
                self.assertGreater(other["sql"], second["sql"])

    def test_reads_with_other_contexts_share_nothing(self):
        field = self.env["ir.model.fields"]._get("res.partner", "name")
        own, other = (
            method("ir.model.fields", "read", field.ids, ["display_name"], context={"hide_model": hide})
            for hide in (True, False)
        )
        admin = self.env.ref("base.user_admin").id
        names = [
            self.assert_ok(answer)[0]["display_name"]
            for answer in self.read_calls(self.call(own, uid=admin), self.call(other, uid=admin))
        ]
        self.assertEqual(len({*names}), 2, names)

    def test_a_value_that_a_method_leaves_in_the_cache_does_not_reach_the_next_caller(self):
        partners = type(self.env["res.partner"])

        @api.readonly
        def gateway_leave_traces(records):
            records.env.cache.set(records, records._fields["name"], "Left behind")
            return True

        partners.gateway_leave_traces = gateway_leave_traces
        self.addCleanup(delattr, partners, "gateway_leave_traces")
        call = {"op": "call", "model": "res.partner", "method": "gateway_leave_traces", "ids": self.partner.ids}
        answers = self.read_calls(
            self.call(call), self.call(read("res.partner", self.partner.ids, fields=tree("name")))
        )
        self.assertTrue(answers[0]["ok"], answers)
        [row] = self.assert_ok(answers[1])["records"]
        self.assertEqual(row["name"], "Gateway Partner")

    def test_a_failed_call_affects_no_other_answer(self):
        good = self.call(read("res.partner", self.partner.ids, fields=tree("name")))
        refused = self.call(search("res.partner", [["nope", "=", 1]]))
        forbidden = self.call(search("ir.model.data"))
        aborts = self.call(search("res.partner", [["color", "=", 1]], order="id"))
        partners = type(self.env["res.partner"])

        def _search(model, domain, *args, **kwargs):
            if list(domain) == [["color", "=", 1]]:
                model.env.cr.execute("select 1 / 0")
            return original(model, domain, *args, **kwargs)

        original = partners._search
        self.patch(partners, "_search", _search)
        with mute_logger("odoo.sql_db"):
            answers = self.read_calls(good, refused, good, forbidden, good, aborts, good)
        self.assertEqual([answer["ok"] for answer in answers], [True, False, True, False, True, False, True])
        for answer in answers[::2]:
            self.assertEqual(answer["results"], answers[0]["results"])
        self.assert_refused(answers[1], "odoo.field", "nope")
        self.assert_refused(answers[3], "odoo.access")

    def test_a_postgres_error_that_a_method_swallows_affects_only_its_call(self):
        partners = type(self.env["res.partner"])

        @api.readonly
        def gateway_swallow(records):
            try:
                records.env.cr.execute("select 1 / 0")
            except Exception:
                return "swallowed"

        partners.gateway_swallow = gateway_swallow
        self.addCleanup(delattr, partners, "gateway_swallow")
        call = {"op": "call", "model": "res.partner", "method": "gateway_swallow", "ids": []}
        good = read("res.partner", self.partner.ids, fields=tree("name"))
        with mute_logger("odoo.sql_db"):
            answers = self.read_calls(self.call(call), self.call(good))
        self.assertEqual([answer["ok"] for answer in answers], [True, True], answers)

    def test_an_answer_that_is_not_json_fails_only_its_own_call(self):
        partners = type(self.env["res.partner"])
        partners.gateway_pairs = api.readonly(lambda records: {(1, 2): 3})
        self.addCleanup(delattr, partners, "gateway_pairs")
        call = {"op": "call", "model": "res.partner", "method": "gateway_pairs", "ids": []}
        good = read("res.partner", self.partner.ids, fields=tree("name"))
        with mute_logger("odoo.addons.api_gateway.executor.answer"):
            answers = self.read_calls(self.call(call), self.call(good))
        self.assert_refused(answers[0], "odoo.error")
        self.assert_ok(answers[1])

    def test_a_string_that_cannot_be_stored_fails_only_its_callers_call(self):
        good = read("res.partner", self.partner.ids, fields=tree("name"))
        for text in ("a\0b", "\ud800"):
            answers = self.read_calls(self.call(search("res.partner", [["name", "=", text]])), self.call(good))
            self.assert_refused(answers[0], "odoo.arguments")
            self.assert_ok(answers[1])

    def test_each_caller_has_its_own_language_and_user(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        tag = self.env["res.partner.category"].create({"name": "Gateway"})
        tag.with_context(lang="fr_FR").name = "Passerelle"
        operation = read("res.partner.category", tag.ids, fields=tree("name"))
        names = [
            self.assert_ok(answer)["records"][0]["name"]
            for answer in self.read_calls(
                self.call(operation, context={"lang": "fr_FR"}),
                self.call(operation),
                self.call(operation, context={"lang": "fr_FR"}, uid=self.other.id),
            )
        ]
        self.assertEqual(names, ["Passerelle", "Gateway", "Passerelle"])
