import json
from datetime import datetime, timedelta, timezone

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tools import mute_logger

INSTANCE = "11111111-2222-4333-8444-555555555555"
RECORD = """
    select gateway.record_log(%s, %s, array(select json_populate_recordset(null::gateway.request_log, %s)))
"""


class TrafficCase(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(cls.env, "traffic_manager", groups="base.group_user,api_gateway.group_manager")
        cls.user = new_test_user(cls.env, "traffic_user", groups="base.group_user,api_gateway.group_user")
        cls.outsider = new_test_user(cls.env, "traffic_outsider", groups="base.group_user")
        cls.sequence = 0

    def log(self, **values):
        """Stores a row as a sidecar does; returns its record."""
        type(self).sequence += 1
        row = {
            "at": datetime.utcnow().isoformat(),
            "request_id": f"test-{self.sequence}",
            "sidecar": "test",
            "consumer": "none:0",
            "method": "GET",
            "path": "/api/v1/ping",
            "route": "/api/v1/ping",
            "status": 200,
            "level": "metadata",
            "cost": 1,
            "gateway_ms": 2.5,
            "bytes_in": 0,
            "bytes_out": 10,
            **values,
        }
        self.env.cr.execute(RECORD, (INSTANCE, self.sequence, json.dumps([row])))
        return self.env["gateway.request.log"].search([("request_id", "=", row["request_id"])])

    def count(self, *requests, minute=None):
        """Counts requests as a sidecar does: (consumer, status, reason, model, number)."""
        type(self).sequence += 1
        minute = minute or int(datetime.now().timestamp() // 60)
        figures, latencies, consumers = [], [], {}
        for consumer, status, reason, model, requests_ in requests:
            figures.append(
                {
                    "minute": minute,
                    "consumer": consumer,
                    "route": "/api/v1/:model",
                    "model": model,
                    "method": "GET",
                    "status": status,
                    "reason": reason,
                    "requests": requests_,
                    "cost": requests_,
                    "gateway_ms": 10 * requests_,
                    "odoo_ms": 6 * requests_,
                    "bytes_in": 0,
                    "bytes_out": 100,
                }
            )
            kind, _, number = consumer.partition(":")
            user_id = int(number) if kind == "login" else None
            consumers[consumer] = {"consumer": consumer, "name": consumer, "user_id": user_id}
            for who in (consumer, "*"):
                counts = [0] * 58 + [requests_]
                latencies.append({"minute": minute, "consumer": who, "class": status // 100, "counts": counts})
        self.env.cr.execute(
            "select gateway.record_figures(%s, %s, %s, %s, %s, 0)",
            (INSTANCE, self.sequence, *map(json.dumps, (figures, latencies, list(consumers.values())))),
        )
        return self.env.cr.fetchone()[0]

    def last_hour(self):
        now = int(datetime.now().timestamp() * 1000)
        return {"since": now - 3_600_000, "until": now + 60_000}


@tagged("post_install", "-at_install")
class TestTrafficLog(TrafficCase):
    def test_the_parts_of_a_requests_time_add_up_to_it_and_follow_the_selection(self):
        self.log(
            gateway_ms=20, auth_ms=1, throttle_ms=2, queue_ms=3, odoo_ms=10, orm_ms=6, shape_ms=1, consumer="client:7"
        )
        self.log(gateway_ms=10, consumer="client:8", status=404)
        now = int(datetime.utcnow().replace(tzinfo=timezone.utc).timestamp() * 1000)

        def parts(user=self.manager, **selection):
            return self.env["gateway.stat"].with_user(user).dashboard(now - 600_000, now + 60_000, **selection)["parts"]

        [found] = parts(consumer="client:7")
        at = found.pop("at")
        self.assertTrue(now - 120_000 < at <= now)
        expected = {"requests": 1, "auth": 1, "throttle": 2, "queue": 3, "odoo": 4, "orm": 6, "shape": 1, "rest": 3}
        self.assertEqual(found, expected)
        [found] = parts(status_class=4)
        self.assertEqual((found["requests"], found["rest"]), (1, 10))
        self.assertEqual(sum(step["requests"] for step in parts()), 2)
        self.assertEqual(parts(self.user), [])

    def test_a_user_sees_own_requests_and_a_manager_all(self):
        own, others = self.log(user_id=self.user.id), self.log(user_id=self.manager.id)
        logs = self.env["gateway.request.log"]
        self.assertEqual(logs.with_user(self.user).search([("id", "in", (own + others).ids)]), own)
        self.assertEqual(logs.with_user(self.manager).search([("id", "in", (own + others).ids)]), own + others)
        with self.assertRaises(AccessError):
            others.with_user(self.user).read(["path"])
        with self.assertRaises(AccessError):
            logs.with_user(self.outsider).search([])

    def test_nobody_writes_the_log(self):
        row = self.log(user_id=self.manager.id).with_user(self.manager)
        for attempt in (lambda: row.write({"path": "/"}), row.unlink, lambda: row.create({"path": "/"})):
            with self.assertRaises(AccessError):
                attempt()

    def test_groups_by_date_user_status_and_endpoint(self):
        logs = self.env["gateway.request.log"].with_user(self.manager)
        rows = [self.log(user_id=self.user.id, status=status) for status in (200, 200, 404)]
        domain = [("id", "in", [row.id for row in rows])]
        for group, expected in (
            ("at:day", [3]),
            ("user_id", [3]),
            ("route", [3]),
            ("status", [2, 1]),
            ("status_class", [2, 1]),
        ):
            groups = logs.formatted_read_group(domain, [group], ["__count"])
            self.assertEqual(sorted((g["__count"] for g in groups), reverse=True), expected, group)

    def test_request_and_response_are_readable(self):
        row = self.log(
            method="POST",
            path="/api/v1/res.partner",
            level="payloads",
            request_headers={"content-type": "application/json"},
            request_body='{"name":"É"}',
            response_body="not json",
        )
        self.assertEqual(
            row.request_text, 'POST /api/v1/res.partner\ncontent-type: application/json\n\n{\n  "name": "É"\n}'
        )
        self.assertEqual(row.response_text, "HTTP 200\n\nnot json")

    def test_a_request_opens_by_its_id_for_users_who_may_see_it(self):
        row = self.log(user_id=self.user.id)
        logs = self.env["gateway.request.log"]
        self.assertEqual(logs.with_user(self.user).open_request(row.request_id)["res_id"], row.id)
        self.assertFalse(logs.with_user(self.user).open_request(self.log(user_id=self.manager.id).request_id))
        self.assertFalse(logs.with_user(self.user).open_request("nothing"))

    def test_a_batch_that_arrives_twice_is_stored_once(self):
        row = self.log()
        again = json.dumps([{"request_id": row.request_id}])
        self.env.cr.execute(RECORD, (INSTANCE, self.sequence, again))
        self.assertFalse(self.env.cr.fetchone()[0])

    def test_a_row_of_a_day_without_partition_is_dropped_and_counted(self):
        self.assertFalse(self.log(at="1999-01-01T00:00:00"))
        self.env.cr.execute("select sum(rows) from gateway.request_log_dropped")
        self.assertGreaterEqual(self.env.cr.fetchone()[0], 1)

    def test_smart_buttons_open_the_requests_of_a_credential_and_a_profile(self):
        profile = self.env["gateway.profile"].create({"name": "Traffic"})
        row = self.log(profile_id=profile.id)
        self.assertEqual(profile.request_count, 1)
        action = profile.action_open_requests()
        self.assertEqual(self.env["gateway.request.log"].search(action["domain"]), row)


@tagged("post_install", "-at_install")
class TestRetention(TrafficCase):
    def test_partitions_past_the_retention_are_dropped_and_future_ones_created(self):
        day = (datetime.utcnow() - timedelta(days=40)).date()
        cr = self.env.cr
        cr.execute(f"create table gateway.request_log_{day:%Y%m%d} (like gateway.request_log including defaults)")
        cr.execute(
            f"alter table gateway.request_log attach partition gateway.request_log_{day:%Y%m%d} "
            f"for values from ('{day}') to ('{day + timedelta(days=1)}')"
        )
        old, recent = self.log(at=f"{day}T12:00:00"), self.log()
        old, recent = old.request_id, recent.request_id
        self.assertTrue(old)
        with self.enter_registry_test_mode():
            self.env.ref("api_gateway.ir_cron_clean_log").method_direct_trigger()
        logs = self.env["gateway.request.log"]
        self.assertFalse(logs.search([("request_id", "=", old)]))
        self.assertTrue(logs.search([("request_id", "=", recent)]))
        cr.execute("select max(day) - gateway.utc_now()::date, min(day) from gateway.log_partitions()")
        ahead, oldest = cr.fetchone()
        self.assertEqual(ahead, 14)
        self.assertGreater(oldest, day)

    def test_figures_are_the_same_before_and_after_they_are_rolled_up(self):
        yesterday = datetime.utcnow() - timedelta(hours=20)
        minute = int((yesterday - datetime(1970, 1, 1)).total_seconds() // 60)
        self.count(
            ("odoo_key:901", 200, None, "res.partner", 5),
            ("odoo_key:901", 429, "throttle.exceeded", None, 2),
            ("login:902", 500, "odoo.error", "sale.order", 1),
            minute=minute,
        )
        questions = [
            f"gateway.stat_{question}"
            for question in (
                "totals(%(span)s)",
                "top(%(span)s, null, null, 'route')",
                "top(%(span)s, null, null, 'reason')",
                "top(%(span)s, null, null, 'consumer')",
                "top(%(span)s, array['odoo_key:901'], null, 'status')",
                "totals(%(span)s, array['odoo_key:901'], 4::smallint)",
                "heat_map(%(span)s, null, null, 'Asia/Tokyo')",
                "series(%(span)s, null, null, 3600)",
            )
        ]
        span = "date_trunc('hour', gateway.utc_now()) - interval '2 days', date_trunc('hour', gateway.utc_now())"

        def answers():
            found = []
            for question in questions:
                self.env.cr.execute(f"select {question % {'span': span}}")
                found.append(self.env.cr.fetchone()[0])
            return found

        before = answers()
        self.assertEqual(before[0]["requests"], 8)
        self.assertEqual(before[0]["throttled"], 2)
        while True:
            self.env.cr.execute("select gateway.roll_up()")
            if not self.env.cr.fetchone()[0]:
                break
        self.env.cr.execute("delete from gateway.request_stat_minute where at < gateway.utc_now() - interval '3 hours'")
        self.assertEqual(answers(), before)

    def test_a_late_batch_makes_its_hour_roll_up_again(self):
        minute = int(datetime.now().timestamp() // 60) - 300
        self.count(("odoo_key:903", 200, None, None, 1), minute=minute)
        rolling = True
        while rolling:
            self.env.cr.execute("select gateway.roll_up()")
            [rolling] = self.env.cr.fetchone()
        self.count(("odoo_key:903", 200, None, None, 2), minute=minute)
        total = """
            select gateway.stat_totals(gateway.utc_now() - interval '1 day', gateway.utc_now(), array['odoo_key:903'])
            ->> 'requests'
        """
        self.env.cr.execute(total)
        self.assertEqual(self.env.cr.fetchone()[0], "3")
        rolling = True
        while rolling:
            self.env.cr.execute("select gateway.roll_up()")
            [rolling] = self.env.cr.fetchone()
        self.env.cr.execute(total)
        self.assertEqual(self.env.cr.fetchone()[0], "3")


@tagged("post_install", "-at_install")
class TestStat(TrafficCase):
    def test_a_manager_sees_everyone_and_users_see_their_own(self):
        stat = self.env["gateway.stat"]
        before = stat.with_user(self.manager).dashboard(**self.last_hour())["totals"]["requests"]
        own = f"login:{self.user.id}"
        self.count((own, 200, None, "res.partner", 3), ("odoo_key:904", 404, "odoo.missing", "res.partner", 4))
        everyone = stat.with_user(self.manager).dashboard(**self.last_hour())
        self.assertEqual(everyone["totals"]["requests"], before + 7)
        mine = stat.with_user(self.user).dashboard(**self.last_hour())
        self.assertEqual(mine["totals"]["requests"], 3)
        self.assertEqual([entry["value"] for entry in mine["consumers"]], [own])
        self.assertEqual(mine["consumers"][0]["user_name"], self.user.name)
        self.assertEqual(sum(step["requests"] for step in mine["series"]), 3)
        self.assertEqual(sum(map(sum, mine["heat_map"])), 3)
        foreign = stat.with_user(self.user).dashboard(**self.last_hour(), consumer="odoo_key:904")
        self.assertEqual(foreign["totals"]["requests"], 0)
        self.assertEqual([entry["consumer"] for entry in stat.with_user(self.user).consumers()], [own])
        with self.assertRaises(AccessError):
            stat.with_user(self.outsider).dashboard(**self.last_hour())

    def test_filters_by_consumer_and_status_class(self):
        stat = self.env["gateway.stat"].with_user(self.manager)
        self.count(("odoo_key:905", 200, None, None, 3), ("odoo_key:905", 404, "odoo.missing", None, 1))
        figures = stat.dashboard(**self.last_hour(), consumer="odoo_key:905", status_class=4)
        self.assertEqual(figures["totals"]["requests"], 1)
        self.assertEqual([entry["value"] for entry in figures["statuses"]], ["404"])
        self.assertEqual(figures["reasons"][0]["value"], "odoo.missing")

    def test_names_are_readable_and_unique(self):
        self.count(
            ("gateway_key:907", 200, None, None, 1),
            ("gateway_key:908", 200, None, None, 1),
            ("none:0", 401, "auth.missing", None, 1),
        )
        self.env.cr.execute(
            "delete from gateway.consumer where consumer ~ '^(gateway_key:90[78]|none:0|odoo_key:909)$'"
        )
        self.count(("odoo_key:909", 200, None, None, 1))
        self.env.cr.execute("delete from gateway.consumer where consumer = 'odoo_key:909'")
        self.env.cr.execute(
            """
            insert into gateway.consumer (consumer, name, user_id, first_seen, last_seen)
            select consumer, 'Shop', %s, gateway.utc_now(), gateway.utc_now()
            from unnest('{gateway_key:907,gateway_key:908}'::text[]) consumer
            """,
            (self.user.id,),
        )
        stat = self.env["gateway.stat"].with_user(self.manager)
        figures = stat.dashboard(**self.last_hour())
        names = {entry["value"]: entry["name"] for entry in figures["consumers"]}
        expected = {
            "gateway_key:907": "Shop (no. 907)",
            "gateway_key:908": "Shop (no. 908)",
            "none:0": "No credential",
            "odoo_key:909": "Odoo API key no. 909",
        }
        self.assertEqual({consumer: names[consumer] for consumer in expected}, expected)
        causes = {entry["value"]: entry["cause"] for entry in figures["reasons"]}
        self.assertEqual(causes["auth.missing"], "unauthenticated")

    def test_a_first_visit_opens_the_range_that_has_figures(self):
        stat = self.env["gateway.stat"].with_user(self.user)
        for newest, oldest, expected in ((1, 5, "15m"), (1, 50, "1h"), (1, 99_999, "24h"), (3000, 99_999, "7d")):
            with self.subTest(newest=newest, oldest=oldest):
                self.env.cr.execute("delete from gateway.consumer where user_id = %s", (self.user.id,))
                self.env.cr.execute(
                    """
                    insert into gateway.consumer (consumer, name, user_id, first_seen, last_seen)
                    select 'gateway_key:910', 'Shop', %s, gateway.utc_now() - %s * interval '1 minute',
                        gateway.utc_now() - %s * interval '1 minute'
                    """,
                    (self.user.id, oldest, newest),
                )
                self.assertEqual(stat.first_range(), expected)

    def test_faults_are_those_of_the_user(self):
        stat = self.env["gateway.stat"]
        own = self.log(user_id=self.user.id, status=500, reason="odoo.error")
        other = self.log(user_id=self.manager.id, status=404)
        self.log(user_id=self.user.id, status=200)
        self.assertEqual([f["id"] for f in stat.with_user(self.user).faults(**self.last_hour())], [own.id])
        found = [f["id"] for f in stat.with_user(self.manager).faults(**self.last_hour(), take=2)]
        self.assertEqual(found, [other.id, own.id])
        more = stat.with_user(self.manager).faults(**self.last_hour(), before=other.id, take=1)
        self.assertEqual([f["id"] for f in more], [own.id])

    @mute_logger("odoo.sql_db")
    def test_invalid_arguments_are_refused(self):
        stat = self.env["gateway.stat"].with_user(self.manager)
        for wrong in (
            {"since": "x", "until": 5},
            {"since": 5, "until": 5},
            {"since": 0, "until": 10**15},
            {**self.last_hour(), "status_class": 7},
            {**self.last_hour(), "zone": "Mars/Olympus"},
        ):
            with self.assertRaises(ValidationError):
                stat.dashboard(**wrong)
