import hashlib
import json
from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, TransactionCase, new_test_user, tagged


class DashboardCase(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(cls.env, "board_manager", groups="base.group_user,api_gateway.group_manager")
        cls.user = new_test_user(cls.env, "board_user", groups="base.group_user,api_gateway.group_user")
        cls.outsider = new_test_user(cls.env, "board_outsider", groups="base.group_user")
        cls.env.cr.execute("delete from gateway.sidecar")
        cls.env.cr.execute("delete from gateway.webhook_attempt")

    def ask(self, user):
        self.env.cr.execute("select gateway.ms(gateway.utc_now())")
        [now] = self.env.cr.fetchone()
        return self.env["gateway.stat"].with_user(user).surroundings(now - 3_600_000, now + 60_000)

    def beat(self, address, seconds_ago=0):
        self.env.cr.execute(
            """
            insert into gateway.sidecar
              (instance, name, host, pid, address, version, schema_version, started_at, seen_at)
            select gen_random_uuid(), %s, 'host', 1, %s, '0.1.0', 1, seen, seen
            from (select gateway.utc_now() - %s * interval '1 s' as seen) s
            """,
            (address, address, seconds_ago),
        )
        self.env.invalidate_all()

    def attempt(self, status, error=None, minutes_ago=1):
        self.env.cr.execute(
            """
            insert into gateway.webhook_attempt (job_id, webhook_id, started_at, ms, status, error)
            values (1, 1, gateway.utc_now() - %s * interval '1 minute', 20, %s, %s)
            """,
            (minutes_ago, status, error),
        )

    def set_url(self, url):
        self.env.cr.execute(
            """
            insert into gateway.setting (name, value, default_value) values ('sidecar.url', to_jsonb(%s::text), '""')
            on conflict (name) do update set value = excluded.value
            """,
            (url,),
        )


@tagged("post_install", "-at_install")
class TestSurroundings(DashboardCase):
    def test_without_a_sidecar_there_is_no_address(self):
        found = self.ask(self.manager)
        self.assertEqual(found["sidecars"], {"alive": 0, "stale": 0})
        self.assertIsNone(found["url"])

    def test_alive_and_stale_sidecars_are_distinguished(self):
        self.beat("http://one:8080")
        self.beat("http://two:8080")
        self.beat("http://silent:8080", seconds_ago=30)
        found = self.ask(self.user)
        self.assertEqual(found["sidecars"], {"alive": 2, "stale": 1})
        self.assertEqual(found["url"], "http://one:8080")

    def test_the_address_in_the_settings_is_shown(self):
        self.beat("http://one:8080")
        self.set_url("https://api.example.com/")
        self.assertEqual(self.ask(self.user)["url"], "https://api.example.com")

    def test_attempts_in_the_range_are_counted_by_outcome(self):
        self.attempt(204)
        self.attempt(200)
        self.attempt(500)
        self.attempt(None, error="connection refused")
        self.attempt(200, minutes_ago=61)
        self.assertEqual(self.ask(self.manager)["webhooks"], {"delivered": 2, "failed": 2})

    def test_deliveries_are_for_managers(self):
        self.attempt(204)
        found = self.ask(self.user)
        self.assertIsNone(found["webhooks"])
        self.assertFalse(found["manager"])
        self.assertTrue(self.ask(self.manager)["manager"])

    def test_strangers_see_nothing(self):
        with self.assertRaises(AccessError):
            self.ask(self.outsider)

    def test_the_global_log_level_is_shown(self):
        self.env.cr.execute("""update gateway.setting set value = '"payloads"' where name = 'log.level'""")
        self.assertEqual(self.ask(self.user)["logs"], "payloads")


@tagged("post_install", "-at_install")
class TestEvents(DashboardCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.cr.execute("delete from gateway.event")

    def figures(self, user, **filters):
        self.env.flush_all()
        self.env.cr.execute("select gateway.ms(gateway.utc_now())")
        [now] = self.env.cr.fetchone()
        return self.env["gateway.stat"].with_user(user).dashboard(now - 3_600_000, now + 60_000, **filters)

    def events(self, user, **filters):
        return [(event["kind"], event["name"]) for event in self.figures(user, **filters)["events"]]

    def test_what_changed_is_noted_once_with_readable_names(self):
        key = self.env["gateway.key"].create({"name": "Shop", "user_id": self.manager.id})
        key._set_secret()
        self.env.flush_all()
        with freeze_time(datetime.now() + timedelta(hours=1)):
            key._set_secret()
        self.env.flush_all()
        self.env.cr.execute("update gateway.setting set value = '81' where name = 'limit.default'")
        self.env.cr.execute("update gateway.setting set value = '81' where name = 'limit.default'")
        self.beat("http://one:8080")
        key.action_revoke()
        self.env["gateway.schema"]._note_version()
        self.env["gateway.schema"]._note_version()
        wanted = ["rotated Shop", "setting Default GET Limit", "started http://one:8080", "revoked Shop"]
        found = [" ".join(event) for event in self.events(self.manager)]
        self.assertEqual(found[:5], ["created Shop", *wanted])
        self.assertRegex(found[5], r"^upgraded 19\.0\.")
        self.assertEqual(len(found), 6)

    def test_users_see_upgrades_and_their_own_credentials(self):
        mine = self.env["gateway.key"].create({"name": "Mine", "user_id": self.user.id})
        self.env["gateway.client"].create({"name": "Other", "user_id": self.manager.id})
        self.beat("http://one:8080")
        self.env["gateway.schema"]._note_version()
        self.assertEqual([kind for kind, _name in self.events(self.user)], ["created", "upgraded"])
        self.assertEqual(self.events(self.user)[0], ("created", "Mine"))
        of_key = self.events(self.manager, consumer=f"gateway_key:{mine.id}")
        self.assertEqual([kind for kind, _name in of_key], ["created", "started", "upgraded"])

    def test_keys_of_the_speed_test_and_deleted_ones_are_left_out(self):
        self.env["gateway.key"].create({"name": "Speed", "user_id": self.user.id, "is_speed_test": True})
        self.env["gateway.key"].create({"name": "Gone", "user_id": self.user.id}).unlink()
        self.assertEqual(self.events(self.manager), [])

    def test_the_previous_period_has_the_same_steps(self):
        self.assertIsNone(self.figures(self.manager)["before"])
        found = self.figures(self.manager, compare=True)
        since, until = found["range"]["since"], found["range"]["until"]
        before = [point["at"] for point in found["before"]]
        self.assertTrue(before)
        self.assertTrue(all(since - (until - since) - found["range"]["step"] * 1000 <= at < since for at in before))


@tagged("post_install", "-at_install")
class TestLiveTicket(HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = new_test_user(cls.env, "ticket_user", groups="base.group_user,api_gateway.group_user")
        cls.outsider = new_test_user(cls.env, "ticket_outsider", groups="base.group_user")
        cls.env.cr.execute("delete from gateway.live_ticket")

    def ask(self, origin=None):
        headers = {"Content-Type": "application/json", **({"Origin": origin} if origin else {})}
        answer = self.url_open("/api_gateway/live_ticket", data=json.dumps({"params": {}}), headers=headers)
        self.env.invalidate_all()
        return answer.json()

    def take(self, ticket, origin):
        digest = hashlib.sha256(ticket.encode()).digest()
        self.env.cr.execute("select gateway.live_ticket_take(%s, %s)", (digest, origin))
        return self.env.cr.fetchone()[0]

    def test_a_ticket_works_once_for_the_page_that_requested_it(self):
        self.authenticate("ticket_user", "ticket_user")
        ticket = self.ask("https://odoo.example.com")["result"]["ticket"]
        viewer = {"user_id": self.user.id, "manager": False}
        self.assertEqual(self.take(ticket, "https://odoo.example.com"), viewer)
        self.assertIsNone(self.take(ticket, "https://odoo.example.com"))

    def test_a_ticket_sent_by_another_page_is_refused_and_used_up(self):
        self.authenticate("ticket_user", "ticket_user")
        ticket = self.ask("https://odoo.example.com")["result"]["ticket"]
        self.assertIsNone(self.take(ticket, "https://evil.example.com"))
        self.assertIsNone(self.take(ticket, "https://odoo.example.com"))

    def test_without_an_origin_it_is_for_odoo_itself(self):
        self.authenticate("ticket_user", "ticket_user")
        ticket = self.ask()["result"]["ticket"]
        self.assertEqual(self.take(ticket, self.base_url())["user_id"], self.user.id)

    def test_a_ticket_is_valid_for_30_seconds(self):
        self.authenticate("ticket_user", "ticket_user")
        ticket = self.ask("https://odoo.example.com")["result"]["ticket"]
        self.env.cr.execute("update gateway.live_ticket set expires_at = expires_at - interval '31 seconds'")
        self.assertIsNone(self.take(ticket, "https://odoo.example.com"))

    def test_the_database_stores_tickets_only_as_hashes(self):
        self.authenticate("ticket_user", "ticket_user")
        ticket = self.ask("https://odoo.example.com")["result"]["ticket"]
        self.env.cr.execute("select encode(hash, 'escape'), t::text from gateway.live_ticket t")
        self.assertNotIn(ticket, str(self.env.cr.fetchall()))

    def test_a_user_without_rights_in_the_gateway_gets_no_ticket(self):
        self.authenticate("ticket_outsider", "ticket_outsider")
        answer = self.ask("https://odoo.example.com")
        self.assertEqual(answer["error"]["data"]["name"], "odoo.exceptions.AccessError")
        self.env.cr.execute("select count(*) from gateway.live_ticket")
        self.assertEqual(self.env.cr.fetchone(), (0,))

    def test_without_a_session_there_is_no_ticket(self):
        self.authenticate(None, None)
        self.assertNotIn("result", self.ask("https://odoo.example.com"))
