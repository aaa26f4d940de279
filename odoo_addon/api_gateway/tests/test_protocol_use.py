import json

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user, tagged

from ..tools import direct_calls

INSTANCE = "11111111-2222-4333-8444-555555555556"
USE = {
    "source": "gateway",
    "protocol": "xmlrpc.2",
    "consumer": "odoo_key:1",
    "user_id": 2,
    "client": "script/1",
    "model": "res.partner",
    "method": "search_read",
    "requests": 3,
    "failed": 1,
}


@tagged("post_install", "-at_install")
class TestProtocolUse(HttpCase):
    def setUp(self):
        super().setUp()
        self.env.cr.execute("delete from gateway.protocol_use")
        self.uses = self.env["gateway.protocol.use"]
        direct_calls.flush()

    def record(self, number, *uses):
        self.env.cr.execute("select gateway.record_protocols(%s, %s, %s)", (INSTANCE, number, json.dumps(uses)))
        return self.env.cr.fetchone()[0]

    def test_a_batch_counts_once_and_days_add_up(self):
        self.assertTrue(self.record(1, USE, {**USE, "client": "script/2"}))
        self.assertFalse(self.record(1, USE))
        self.env.cr.execute("update gateway.protocol_use set day = day - 40")
        self.assertTrue(self.record(2, USE))
        use = self.uses.search([("client", "=", "script/1")])
        self.assertEqual((use.requests, use.requests_30, use.failed), (6, 3, 2))
        self.env.cr.execute("update gateway.protocol_use set day = day - 60")
        self.uses._clean()
        self.assertEqual(self.uses.search([]).requests, 3)

    def test_after_5000_kinds_a_day_further_clients_are_counted_together(self):
        self.record(1, *({**USE, "client": f"c{i}"} for i in range(5000)))
        self.record(2, USE, {**USE, "client": "c7"}, {**USE, "client": "other"})
        rest = self.uses.search([("client", "=", "*")])
        self.assertEqual((rest.requests, rest.method, rest.rest), (6, "(several)", False))
        self.assertEqual(self.uses.search([("client", "=", "c7")]).requests, 6)

    def test_clients_without_a_name_and_calls_without_a_method_are_labelled(self):
        self.record(1, {**USE, "client": "", "model": "", "method": ""})
        use = self.uses.search([("client", "=", "(no User-Agent)")])
        self.assertEqual((use.method, use.rest), ("(does not exist)", False))

    def test_only_managers_see_protocol_use(self):
        user = new_test_user(self.env, "radar_user", groups="base.group_user,api_gateway.group_user")
        with self.assertRaises(AccessError):
            self.uses.with_user(user).search([])

    def test_each_call_has_its_equivalent_in_rest(self):
        expected = {
            "search_read": "-X GET '{}/api/v1/res.partner?fields=name&limit=80'",
            "write": "-X PATCH {}/api/v1/res.partner/1",
            "action_archive": "-X POST {}/api/v1/res.partner/1/action_archive",
            "name_create": "-X POST {}/api/v1/res.partner/name_create",
        }
        self.env.cr.execute("""update gateway.setting set value = '"https://api.example"' where name = 'sidecar.url'""")
        self.record(1, *({**USE, "method": method} for method in expected))
        for use in self.uses.search([]):
            self.assertIn(expected[use.method].format("https://api.example") + " ", use.rest)

    def test_direct_calls_are_counted_once_a_manager_wants_it(self):
        self.patch(direct_calls, "_schedule", lambda: None)
        key = self.env["res.users.apikeys"].with_user(self.env.ref("base.user_admin"))._generate("rpc", "test", False)
        admin = self.env.ref("base.user_admin").id

        def call(secret, method):
            args = [self.env.cr.dbname, admin, secret, "res.partner", method, [[]]]
            params = {"service": "object", "method": "execute_kw", "args": args}
            headers = {"Content-Type": "application/json", "User-Agent": "old/1"}
            self.url_open("/jsonrpc", data=json.dumps({"params": params}), headers=headers)
            direct_calls.flush()

        def counted():
            return [
                (use.protocol, use.user_id.id, use.method, use.requests, use.failed) for use in self.uses.search([])
            ]

        direct_calls._is_counted.clear()
        call(key, "search_count")
        self.assertEqual(counted(), [])
        self.env.cr.execute("update gateway.setting set value = 'true' where name = 'rpc.count_direct'")
        direct_calls._is_counted.clear()
        self.addCleanup(direct_calls._is_counted.clear)
        call(key, "search_count")
        call("wrong", "search_count")
        call(key, "nope")
        self.url_open(
            "/json/2/res.partner/search_count",
            data=json.dumps({"domain": []}),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {key}", "User-Agent": "new/1"},
        )
        direct_calls.flush()
        self.assertEqual(
            sorted(counted()),
            [
                ("json2", admin, "search_count", 1, 0),
                ("jsonrpc", admin, "nope", 1, 1),
                ("jsonrpc", admin, "search_count", 1, 0),
            ],
        )
