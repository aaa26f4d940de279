from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import TransactionCase, new_test_user, tagged


@tagged("post_install", "-at_install")
class TestAlerts(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = "base.group_user,api_gateway.group_manager"
        cls.manager = new_test_user(cls.env, "alert_manager", groups=groups, email="manager@example.com")
        cls.user = new_test_user(cls.env, "alert_user", groups="base.group_user,api_gateway.group_user")
        cls.env["gateway.alert.rule"].search([]).active = False
        cls.env.cr.execute(
            """
            delete from gateway.request_stat_minute;
            delete from gateway.webhook_job;
            insert into gateway.consumer (consumer, name, user_id, first_seen, last_seen)
            values ('client:901', 'Shop', null, gateway.utc_now(), gateway.utc_now()),
              ('client:902', 'Bot', null, gateway.utc_now(), gateway.utc_now())
            """
        )

    def rule(self, **values):
        return (
            self.env["gateway.alert.rule"]
            .with_user(self.manager)
            .create({"name": "Rule", "metric": "refusals", "callers": "each", "threshold": 50, **values})
        )

    def count(self, consumer, status_class, requests, facet="total", value=""):
        self.env.cr.execute(
            """
            insert into gateway.request_stat
              (step, at, consumer, facet, value, class, requests, cost, gateway_ms, odoo_ms, bytes_in, bytes_out)
            values ('minute', date_trunc('minute', gateway.utc_now()), %s, %s, %s, %s, %s, 0, 0, 0, 0, 0)
            on conflict (step, consumer, facet, at, class, value)
            do update set requests = request_stat.requests + excluded.requests
            """,
            (consumer, facet, value, status_class, requests),
        )

    def check(self):
        self.env.flush_all()
        self.env["gateway.alert.rule"]._cron_check()
        self.env.invalidate_all()

    def events(self):
        self.env.cr.execute("select body::jsonb from gateway.webhook_job where model = 'gateway.alert' order by id")
        return [body for (body,) in self.env.cr.fetchall()]

    def test_an_alert_opens_at_a_threshold_counts_and_closes_below_a_lower_one(self):
        rule = self.rule()
        self.assertEqual(rule.closes_below, 25)
        for requests, refused, state in (
            (10, 9, None),  # of fewer than 20 requests
            (20, 5, None),  # 46 % of all so far
            (30, 30, "open"),  # 73 %
            (40, 0, "open"),  # 44 %, above the lower threshold
            (200, 0, "closed"),  # 14 %
        ):
            self.count("client:902", 2, requests - refused)
            self.count("client:902", 4, refused)
            self.check()
            self.assertEqual(rule.alert_ids.state or None, state, (requests, refused))
        alert = rule.alert_ids
        self.assertEqual((alert.subject_name, alert.times, alert.name), ("Bot", 2, "Rule: Bot"))
        self.assertTrue(alert.closed_at)

    def test_one_bad_caller_does_not_alarm_about_the_others(self):
        each, everyone = self.rule(), self.rule(callers="all")
        one = self.rule(callers="one", consumer="client:901")
        self.count("client:902", 4, 50)
        self.count("client:901", 2, 500)
        self.count("none:0", 4, 100)
        self.count("*", 4, 150)
        self.count("*", 2, 500)
        self.check()
        self.assertEqual(each.alert_ids.mapped("subject"), ["client:902"])
        self.assertFalse(everyone.alert_ids + one.alert_ids)

    def test_server_errors_and_refusals_are_told_apart(self):
        rule = self.rule(metric="server_errors", threshold=5)
        self.count("client:901", 4, 100)
        self.check()
        self.assertFalse(rule.alert_ids)
        self.count("client:901", 5, 100)
        self.check()
        self.assertEqual(rule.alert_ids.value, 50)

    def test_each_of_the_other_figures_opens_its_alert(self):
        expires = fields.Datetime.now() + timedelta(days=3)
        key = self.env["gateway.key"].create({"name": "Old", "user_id": self.user.id, "expires_at": expires})
        self.env.cr.execute(
            """
            update gateway_key set create_date = create_date - interval '90 days' where id = %s;
            delete from gateway.sidecar;
            insert into gateway.sidecar
              (instance, name, host, pid, address, version, schema_version, started_at, seen_at)
            select gen_random_uuid(), 'a', 'h', 1, 'http://a', '0', 1, seen, seen
            from (select gateway.utc_now() - interval '5 minutes' as seen) s;
            insert into gateway.webhook_job (webhook_id, event, model, res_id, state, finished_at)
            values (1, 'create', 'res.partner', 1, 'dead', gateway.utc_now())
            """,
            (key.id,),
        )
        self.count("client:902", 4, 7, facet="reason", value="throttle.exceeded")
        for metric, threshold, name in (
            ("throttled", 7, "Bot"),
            ("dead_letters", 1, False),
            ("sidecar_gone", 2, False),
            ("key_expires", 7, "Old"),
        ):
            low = self.rule(metric=metric, threshold=threshold)
            high = self.rule(metric=metric, threshold=1 if metric == "key_expires" else threshold + 20)
            self.check()
            self.assertEqual(low.alert_ids.mapped("subject_name"), [name], metric)
            self.assertFalse(high.alert_ids, metric)
            self.assertIn(f"{low.alert_ids.last_value:.0f}"[:1], low.alert_ids._sentence())
        self.env.cr.execute("update gateway.sidecar set seen_at = gateway.utc_now()")
        key.revoked_at = fields.Datetime.now()
        self.check()
        closed = self.env["gateway.alert"].search([("state", "=", "closed")])
        self.assertEqual(set(closed.mapped("metric")), {"sidecar_gone", "key_expires"})

    def test_a_sidecar_that_stopped_and_deleted_its_row_opens_an_alert(self):
        rule = self.rule(metric="sidecar_gone", threshold=2)
        self.env.cr.execute("delete from gateway.sidecar")
        self.env.cr.execute("update gateway.consumer set last_seen = gateway.utc_now() - interval '9 minutes'")
        self.check()
        self.assertEqual(rule.alert_ids.mapped("state"), ["open"])
        self.env.cr.execute("update gateway.consumer set last_seen = gateway.utc_now() - interval '2 days'")
        self.check()
        self.assertEqual(rule.alert_ids.mapped("state"), ["closed"])

    def test_deleting_a_rule_deletes_its_activities(self):
        rule = self.rule(with_activity=True)
        self.count("client:902", 4, 50)
        self.check()
        activity = rule.alert_ids.activity_ids
        self.assertTrue(activity)
        rule.unlink()
        self.assertFalse(activity.exists())

    def test_names_of_callers_are_text_and_former_managers_get_nothing(self):
        self.env.cr.execute("update gateway.consumer set name = '<b>Bot</b>' where consumer = 'client:902'")
        own = self.rule(with_activity=True)
        other = self.rule(with_activity=True, user_ids=self.env.ref("base.user_admin").ids)
        self.manager.group_ids -= self.env.ref("api_gateway.group_manager")
        self.count("client:902", 4, 50)
        self.check()
        self.assertFalse(own.sudo().alert_ids.activity_ids)
        self.assertIn("&lt;b&gt;Bot", other.sudo().alert_ids.activity_ids.note)

    def test_it_is_delivered_once_by_activity_mail_and_webhook(self):
        webhook = (
            self.env["gateway.webhook"]
            .with_user(self.manager)
            .create(
                {
                    "name": "Pager",
                    "url": "https://pager.example.com/",
                    "model_id": self.env["ir.model"]._get_id("gateway.alert"),
                }
            )
        )
        rule = self.rule(with_activity=True, with_mail=True, webhook_ids=webhook.ids)
        self.count("client:902", 4, 50)
        self.check()
        self.check()
        alert = rule.alert_ids
        self.assertEqual(alert.activity_ids.mapped("user_id"), self.manager)
        self.assertIn("100 % of the last 5 minutes", alert.activity_ids.note)
        mail = self.env["mail.mail"].search([("subject", "=", "API Gateway: Rule: Bot")])
        self.assertEqual(mail.recipient_ids, self.manager.partner_id)
        self.assertIn(f"/odoo/gateway-alerts/{alert.id}", mail.body_html)
        [opened] = self.events()
        self.assertEqual(opened["type"], "gateway.alert.create")
        self.assertEqual(opened["data"]["values"]["state"], "open")
        self.assertEqual(opened["data"]["values"]["rule_id"], {"id": rule.id, "name": "Rule"})

        self.env.cr.execute("update gateway.webhook_job set state = 'delivered'")
        self.count("client:902", 2, 1000)
        self.check()
        self.assertFalse(alert.activity_ids)
        self.assertEqual(self.events()[1]["data"]["changed"], ["closed_at", "state"])
        self.assertEqual(self.events()[1]["data"]["values"]["state"], "closed")

    def test_a_muted_rule_only_records(self):
        rule = self.rule(with_activity=True)
        rule.action_mute_hour()
        self.count("client:902", 4, 50)
        self.check()
        self.assertEqual((rule.alert_ids.state, rule.alert_ids.activity_ids.ids), ("open", []))
        self.assertFalse(self.shown(self.manager))
        rule.action_unmute()
        self.check()
        self.assertEqual(len(rule.alert_ids.activity_ids), 1)
        self.assertEqual([alert["name"] for alert in self.shown(self.manager)], ["Rule"])
        rule.active = False
        self.check()
        self.assertEqual(rule.alert_ids.state, "closed")

    def test_the_dashboard_shows_many_alerts_of_a_rule_as_one(self):
        rule = self.rule()
        for i in range(5):
            self.env["gateway.alert"].sudo()._open(rule, f"client:{i}", 62.1)
        [shown] = self.shown(self.manager)
        self.assertEqual((shown["id"], shown["name"], len(shown["alerts"])), (rule.id, "Rule", 5))
        self.assertRegex(shown["text"], r"^5 are open: .+, .+, .+, …$")
        self.assertEqual(rule.alert_ids.mapped("worst_text"), ["62.1 %"] * 5)
        self.assertEqual(rule.threshold_text, "50 %")

    def shown(self, user):
        self.env.cr.execute("select gateway.ms(gateway.utc_now())")
        [now] = self.env.cr.fetchone()
        return self.env["gateway.stat"].with_user(user).surroundings(now - 3_600_000, now)["alerts"]

    def test_rules_and_alerts_are_for_managers(self):
        rule = self.rule()
        self.assertEqual(self.shown(self.user), [])
        for model in ("gateway.alert.rule", "gateway.alert"):
            with self.assertRaises(AccessError):
                self.env[model].with_user(self.user).search([])
        with self.assertRaises(AccessError):
            self.env["gateway.alert"].with_user(self.manager).create({"rule_id": rule.id, "subject": "*"})
        self.assertNotIn("client:901", str(self.env["gateway.alert.rule"].with_user(self.user)._list_consumers()))
        for wrong in (
            {"threshold": 0},
            {"threshold": 101},
            {"closes_below": 60},
            {"minutes": 0},
            {"callers": "one"},
            {"user_ids": self.user.ids},
        ):
            with self.assertRaises(ValidationError, msg=str(wrong)), self.env.cr.savepoint():
                self.rule(**wrong)
