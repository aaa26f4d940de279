from odoo.exceptions import AccessError
from odoo.tests import TransactionCase, new_test_user, tagged


@tagged("post_install", "-at_install")
class TestSidecars(TransactionCase):
    def beat(self, name, seconds_ago):
        self.env.cr.execute(
            """
            insert into gateway.sidecar
              (instance, name, host, pid, address, version, schema_version, started_at, seen_at)
            select gen_random_uuid(), %s, 'host', 1, 'http://host:8080', '0.1.0', 1, seen - interval '1 minute', seen
            from (select gateway.utc_now() - %s * interval '1 s' as seen) s
            """,
            (name, seconds_ago),
        )
        self.env.invalidate_all()
        return self.env["gateway.sidecar"].search([("name", "=", name)])

    def test_a_sidecar_without_a_heartbeat_for_10_seconds_is_stale(self):
        self.assertEqual(self.beat("fresh", 2).state, "alive")
        self.assertEqual(self.beat("silent", 11).state, "stale")
        self.assertEqual(self.beat("fresh too", 0).uptime_s, 60)
        self.assertEqual(self.env["gateway.sidecar"]._alive().mapped("name"), ["fresh", "fresh too"])
        self.assertEqual(self.env["gateway.sidecar"]._alive(limit=1).name, "fresh")

    def test_all_sidecars_count_as_gone_after_60_seconds_without_a_heartbeat(self):
        sidecars = self.env["gateway.sidecar"]
        self.assertTrue(sidecars._all_gone())
        self.beat("gone", 61)
        self.assertTrue(sidecars._all_gone())
        self.beat("restarting", 59)
        self.assertFalse(sidecars._all_gone())
        self.assertFalse(sidecars._alive())

    def test_users_and_managers_see_sidecars_and_nobody_changes_them(self):
        sidecar = self.beat("seen", 0)
        for groups in ("api_gateway.group_user", "api_gateway.group_manager"):
            user = new_test_user(self.env, groups, groups=f"base.group_user,{groups}")
            self.assertEqual(sidecar.with_user(user).name, "seen")
            for mode in ("write", "create", "unlink"):
                self.assertFalse(sidecar.with_user(user).has_access(mode))
        stranger = new_test_user(self.env, "stranger", groups="base.group_user")
        with self.assertRaises(AccessError):
            sidecar.with_user(stranger).read(["name"])

    def test_the_health_of_each_part_says_what_to_do(self):
        manager = new_test_user(self.env, "health", groups="base.group_user,api_gateway.group_manager")
        member = new_test_user(self.env, "member", groups="base.group_user,api_gateway.group_user")
        self.env.cr.execute("delete from gateway.sidecar; delete from gateway.request_stat_minute")
        self.env["gateway.webhook"].search([]).active = False

        def states():
            self.env.invalidate_all()
            parts = self.env["gateway.health"].with_user(manager).parts()
            for part in parts:
                self.assertEqual(bool(part["todo"]), part["state"] in ("warning", "danger"), part)
            return {part["part"]: part["state"] for part in parts}

        self.assertEqual(self.env["gateway.health"].with_user(member).parts(), [])
        self.assertEqual(states()["sidecars"], "danger")
        self.beat("alive", 0)
        well = {"sidecars": "ok", "odoo": "ok", "queue": "ok", "postgres": "ok", "webhooks": "off", "replica": "off"}
        self.assertEqual(states(), well)
        self.beat("silent", 30)
        webhook = self.env["gateway.webhook"].create(
            {
                "name": "w",
                "url": "https://example.com/",
                "user_id": manager.id,
                "model_id": self.env["ir.model"]._get_id("res.partner"),
            }
        )
        self.assertEqual(states(), {**well, "sidecars": "warning", "webhooks": "ok"})
        webhook.action_pause()
        for reason, part, state in (
            ("odoo.timeout", "odoo", "warning"),
            ("odoo.unavailable", "odoo", "danger"),
            ("odoo.overloaded", "queue", "danger"),
        ):
            self.env.cr.execute(
                """
                insert into gateway.request_stat
                  (step, at, consumer, facet, value, class, requests, cost, gateway_ms, odoo_ms, bytes_in, bytes_out)
                values ('minute', gateway.utc_now(), '*', 'reason', %s, 5, 1, 0, 0, 0, 0, 0)
                """,
                (reason,),
            )
            self.assertEqual(states()[part], state)
        self.assertEqual(states()["webhooks"], "warning")

    def test_administrators_are_managers(self):
        self.assertTrue(self.env.ref("base.user_admin").has_group("api_gateway.group_manager"))

    def test_the_cron_removes_expired_rows(self):
        hour, day = 3_601, 86_401
        self.beat("long gone", day)
        self.beat("just gone", hour)
        self.env.cr.execute(
            """
            insert into gateway.channel_nonce (nonce, used_at) values
              ('old', gateway.utc_now() - interval '61 minutes'), ('young', gateway.utc_now());
            insert into gateway.config_change (entity, changed_at) values
              ('old', gateway.utc_now() - interval '61 minutes'), ('young', gateway.utc_now())
            """
        )
        self.env.ref("api_gateway.ir_cron_clean_channel").ir_actions_server_id.run()
        self.env.invalidate_all()
        names = self.env["gateway.sidecar"].search([]).mapped("name")
        self.assertIn("just gone", names)
        self.assertNotIn("long gone", names)
        self.env.cr.execute("select nonce from gateway.channel_nonce where nonce in ('old', 'young')")
        self.assertEqual(self.env.cr.fetchall(), [("young",)])
        self.env.cr.execute("select entity from gateway.config_change where entity in ('old', 'young')")
        self.assertEqual(self.env.cr.fetchall(), [("young",)])
