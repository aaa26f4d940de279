from odoo.tests import tagged

from .common import ChannelCase, method


@tagged("post_install", "-at_install")
class TestMethods(ChannelCase):
    def test_a_method_returns_the_same_as_over_odoos_own_rpc(self):
        ids = self.partner.ids
        rows = self.assert_ok(self.execute(method("res.partner", "read", ids, ["name", "parent_id"])))
        self.assertEqual(rows, [{"id": ids[0], "name": "Gateway Partner", "parent_id": False}])
        self.assertEqual(self.assert_ok(self.execute(method("res.partner", "search", [["id", "in", ids]]))), ids)
        self.assertIsInstance(self.assert_ok(self.execute(method("res.partner", "create", {"name": "One"}))), int)
        created = self.assert_ok(self.execute(method("res.partner", "create", [{"name": "A"}, {"name": "B"}])))
        self.assertEqual(len(created), 2)
        copies = self.assert_ok(self.execute(method("res.partner", "copy", ids, {"name": "Copy"})))
        self.assertEqual(self.env["res.partner"].browse(copies).name, "Copy")

    def test_the_records_come_from_the_operation_or_from_the_first_argument(self):
        for operation in (
            {**method("res.partner", "write", {"color": 4}), "ids": self.partner.ids},
            method("res.partner", "write", self.partner.ids, {"color": 4}),
            method("res.partner", "write", self.partner.id, {"color": 4}),
        ):
            self.partner.color = 0
            self.assertIs(self.assert_ok(self.execute(operation)), True)
            self.assertEqual(self.partner.color, 4)

    def test_private_and_missing_methods_do_not_exist(self):
        for name in ("_search", "sudo", "browse", "mapped", "with_user", "mro", "pool", "env", "nope", "__class__", ""):
            self.assert_refused(self.execute(method("res.partner", name)), "odoo.method", name)

    def test_arguments_that_do_not_fit_are_refused_before_anything_is_done(self):
        for operation in (
            method("res.partner", "search_read", foo=1),
            method("res.partner", "search_read", [], nope=1),
            method("res.partner", "write", [1]),
            method("res.partner", "write"),
            method("res.partner", "write", ["1"], {}),
            method("res.partner", "search_count", [], 1, 2, 3, 4),
            {**method("res.partner", "search_count", []), "ids": [1]},
            {**method("res.partner", "search_count", []), "args": {}},
            {**method("res.partner", "search_count", []), "kwargs": []},
        ):
            self.assert_refused(self.execute(operation), "odoo.arguments")

    def test_a_domain_that_is_needed_may_not_be_null(self):
        self.assert_refused(self.execute(method("res.partner", "search_count", None)), "odoo.domain")
        self.assert_ok(self.execute(method("res.partner", "name_search", "x", None)))

    def test_a_context_cannot_control_the_orm(self):
        partners = type(self.env["res.partner"])
        partners.gateway_context = lambda records: dict(records.env.context)
        self.addCleanup(delattr, partners, "gateway_context")
        given = {
            "active_test": False,
            "default_name": "x",
            "_force_unlink": True,
            "install_mode": True,
            "force_delete": True,
            "prefetch_fields": False,
        }
        seen = self.assert_ok(self.execute(method("res.partner", "gateway_context", [], context=given)))
        self.assertEqual(seen, {"active_test": False, "default_name": "x", "lang": "en_US"})
        foreign = self.env["res.company"].create({"name": "Foreign"})
        for context in ({"lang": "xx_XX"}, {"tz": "Nowhere"}, {"allowed_company_ids": "1"}, "context"):
            self.assert_refused(
                self.execute(method("res.partner", "search_count", [], context=context)), "odoo.arguments"
            )
        context = {"allowed_company_ids": foreign.ids}
        self.assert_refused(self.execute(method("res.partner", "search_count", [], context=context)), "odoo.access")

    def test_the_context_of_a_method_stays_within_the_companies_of_the_request(self):
        second = self.env["res.company"].create({"name": "Second"})
        admin = self.env.ref("base.user_admin")
        admin.company_ids += second
        count = method("res.partner", "search_count", [], context={"allowed_company_ids": second.ids})
        for companies, is_within in ((second.ids, True), (admin.company_id.ids, False)):
            answer = self.execute(count, uid=admin.id, context={"allowed_company_ids": companies})
            if is_within:
                self.assert_ok(answer)
            else:
                self.assert_refused(answer, "odoo.arguments", "allowed_company_ids")

    def test_only_methods_that_read_run_on_the_reading_path(self):
        self.assert_ok(self.query(method("res.partner", "search_count", [])))
        self.assert_refused(self.query(method("res.partner", "create", {"name": "x"})), "odoo.arguments", "create")
