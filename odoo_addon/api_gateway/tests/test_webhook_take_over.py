"""Deliveries by Odoo itself, to a real receiver, while no sidecar is alive."""

import base64
import hashlib
import hmac
import json
import os
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from odoo.tests import common, new_test_user, tagged
from odoo.tools.json import json_default

from ..webhooks.deliver import Target, deliver
from ..webhooks.egress import parse_allowed, refusal
from ..webhooks.values import read_values
from .faulty_receiver import FAULTS, FaultyReceiver, write_certificate
from .test_webhook_capture import WebhookCase

CASES = json.loads(Path(__file__).with_name("egress_cases.json").read_text(encoding="utf-8"))
LOOPBACK = parse_allowed(["127.0.0.0/8"])


class Receiver(ThreadingHTTPServer):
    """Remembers (headers, body) of each request and answers with `status`, a number or a function of the event."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.arrived = []
        self.status = 200
        self.headers = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/hook"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.arrived.append((dict(self.headers), body))
        status = self.server.status
        if callable(status):
            status = status(json.loads(body))
        if status == "zeros":
            self.wfile.write(b"\0\0\r\n\r\n")
            return
        if status == "drip":
            self.send_response(200)
            self.end_headers()
            while True:
                self.wfile.write(b".")
                threading.Event().wait(0.1)
        self.send_response(status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"noted" * 1000)

    def log_message(self, *args):
        pass


class TakeOverCase(WebhookCase):
    def setUp(self):
        super().setUp()
        self.receiver = Receiver()
        self.addCleanup(self.receiver.server_close)
        self.addCleanup(self.receiver.shutdown)
        self.env.cr.execute(
            """
            update gateway.setting set value = '["127.0.0.0/8"]' where name = 'webhook.egress_allow';
            delete from gateway.sidecar
            """
        )

    @contextmanager
    def cron(self):
        """The model of webhooks as a cron has it: with a cursor that may commit."""
        self.env.cr.flush()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            yield self.env(cr=cr, su=True)["gateway.webhook"]

    def take_over(self):
        with self.cron() as webhooks:
            webhooks._cron_take_over()

    def due_now(self):
        self.env.cr.execute("update gateway.webhook_job set run_at = gateway.utc_now() where state = 'queued'")
        self.env.cr.execute("update gateway.webhook_state set open_until = null")

    def states(self):
        self.env.cr.execute("select event, state, attempts, status from gateway.webhook_job order by id")
        return self.env.cr.fetchall()

    @property
    def events(self):
        return [json.loads(body) for _, body in self.receiver.arrived]


@tagged("post_install", "-at_install")
class TestWebhookTakeOver(TakeOverCase):
    def test_jobs_arrive_signed_and_in_order(self):
        webhook = self.webhook(
            url=self.receiver.url, fields=["name"], header_ids=[(0, 0, {"name": "X-Key", "value": "s3cret"})]
        )
        self.env["gateway.synced.model"].create({"model_id": self.env.ref("base.model_res_partner").id})
        partner = self.env["res.partner"].create({"name": "One"})
        self.env.cr.flush()
        # In reality, this is another transaction, whose job is not merged with the first.
        self.env.cr.execute("update gateway.webhook_job set txid = '1'")
        self.env.cr.cache.pop("api_gateway.webhooks")
        partner.name = "Two"
        self.take_over()
        self.assertEqual([event["type"] for event in self.events], ["res.partner.create", "res.partner.write"])
        self.assertEqual(self.events[1]["data"]["previous"]["name"], "One")
        self.assertEqual(self.events[1]["data"]["values"], {"id": partner.id, "name": "Two"})
        self.env.cr.execute("select number from gateway.change where res_id = %s", (partner.id,))
        self.assertEqual(self.events[1]["data"]["sequence"], self.env.cr.fetchone()[0])
        self.assertEqual([row[1:] for row in self.states()], [("delivered", 1, 200)] * 2)
        headers, body = self.receiver.arrived[0]
        self.assertEqual(headers["X-Key"], "s3cret")
        [secret] = webhook._signing_secrets()
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
        key = base64.b64decode(secret.removeprefix("whsec_"))
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        self.assertEqual(headers["webhook-signature"], f"v1,{expected}")
        webhook.invalidate_recordset()
        self.assertEqual((webhook.health, webhook.delivered), ("healthy", 2))

    def test_the_fault_of_one_job_fails_that_job_only(self):
        """There are three jobs: one for a receiver that does not speak HTTP, one for a record that cannot be read, and
        a good one."""
        self.receiver.status = lambda event: "zeros" if event["data"]["values"]["name"] == "Zeros" else 200
        self.webhook(url=self.receiver.url, fields=["name", "display_name"])
        self.env["res.partner"].create([{"name": name} for name in ("Zeros", "Unreadable", "Good")])
        computed = type(self.env["res.partner"])._compute_display_name

        def compute(partners):
            if "Unreadable" in partners.mapped("name"):
                partners.env.cr.execute("select 1 / 0")
            return computed(partners)

        self.env.flush_all()
        self.patch(type(self.env["res.partner"]), "_compute_display_name", compute)
        self.take_over()
        self.assertEqual(
            self.states(),
            [("create", "queued", 1, None), ("create", "queued", 1, None), ("create", "delivered", 1, 200)],
        )
        self.env.cr.execute("select error from gateway.webhook_attempt order by job_id")
        [zeros, unreadable, good] = [error for (error,) in self.env.cr.fetchall()]
        self.assertRegex(zeros, r"^127\.0\.0\.1: It does not answer in HTTP")
        self.assertRegex(unreadable, "^Not read: division by zero")
        self.assertIsNone(good)

    def test_a_failed_job_blocks_only_its_own_record(self):
        self.webhook(url=self.receiver.url)
        one, two = self.env["res.partner"].create([{"name": "One"}, {"name": "Two"}])
        self.env.cr.flush()
        self.env.cr.execute("update gateway.webhook_job set txid = '1'")
        self.env.cr.cache.pop("api_gateway.webhooks")
        one.name = "Changed"
        self.receiver.status = lambda event: 500 if event["data"]["id"] == one.id else 200
        self.take_over()
        self.assertEqual(
            self.states(), [("create", "queued", 1, 500), ("create", "delivered", 1, 200), ("write", "queued", 0, None)]
        )
        self.receiver.status = 200
        self.due_now()
        self.take_over()
        self.assertEqual([event["data"]["id"] for event in self.events], [one.id, two.id, one.id, one.id])
        self.assertEqual(self.receiver.arrived[2][1], self.receiver.arrived[0][1])

    def test_retries_wait_longer_each_time_and_end_as_a_dead_letter(self):
        self.env.cr.execute(
            """
            update gateway.setting set value = '4' where name = 'webhook.max_attempts';
            update gateway.setting set value = '100' where name = 'webhook.breaker_failures';
            update gateway.setting set value = '300' where name = 'webhook.retry_longest_seconds'
            """
        )
        self.webhook(url=self.receiver.url)
        self.receiver.status = 500
        self.env["res.partner"].create({"name": "One"})
        waits = []
        for _attempt in range(4):
            self.take_over()
            self.env.cr.execute(
                "select extract(epoch from run_at - clock_timestamp() at time zone 'utc') from gateway.webhook_job"
            )
            waits.append(self.env.cr.fetchone()[0])
            self.due_now()
        for wait, expected in zip(waits, (5, 20, 80), strict=False):
            self.assertTrue(expected * 0.7 < wait < expected * 1.3, waits)
        self.assertEqual(self.states(), [("create", "dead", 4, 500)])
        self.receiver.headers = {"Retry-After": "120"}
        self.env.cr.execute("select gateway.webhook_redeliver(array_agg(id)) from gateway.webhook_job")
        self.take_over()
        self.env.cr.execute("select extract(epoch from run_at - gateway.utc_now()) from gateway.webhook_job")
        self.assertGreater(self.env.cr.fetchone()[0], 110)

    def test_nothing_is_sent_while_a_sidecar_has_a_recent_heartbeat(self):
        self.webhook(url=self.receiver.url)
        self.env["res.partner"].create({"name": "One"})
        self.env.cr.execute(
            """
            insert into gateway.sidecar (instance, name, host, pid, address, version, schema_version, seen_at)
            values (gen_random_uuid(), 'a', 'h', 1, '', '0', 1, gateway.utc_now() - interval '59 seconds')
            """
        )
        self.take_over()
        self.assertEqual(self.receiver.arrived, [])
        self.env.cr.execute("update gateway.sidecar set seen_at = gateway.utc_now() - interval '61 seconds'")
        self.take_over()
        self.assertEqual(len(self.receiver.arrived), 1)

    def test_a_run_delivers_fifty_jobs(self):
        self.webhook(url=self.receiver.url, fields=["name"])
        self.webhook(url=self.receiver.url, fields=["name"])
        self.env["res.partner"].create([{"name": str(i)} for i in range(40)])
        self.take_over()
        self.assertEqual(len(self.receiver.arrived), 50)
        self.take_over()
        self.assertEqual(len(self.receiver.arrived), 80)
        self.assertEqual(len({event["id"] for event in self.events}), 80)

    def test_an_open_circuit_lets_one_probe_through(self):
        self.webhook(url=self.receiver.url)
        self.env["res.partner"].create([{"name": str(i)} for i in range(20)])
        self.receiver.status = 500
        self.take_over()
        self.assertEqual(len(self.receiver.arrived), 20)
        self.env.cr.execute("update gateway.webhook_job set run_at = gateway.utc_now()")
        self.take_over()
        self.assertEqual(len(self.receiver.arrived), 20)
        self.env.cr.execute("update gateway.webhook_state set open_until = gateway.utc_now()")
        self.take_over()
        self.assertEqual(len(self.receiver.arrived), 21)

    def test_an_endpoint_that_fails_for_a_day_is_paused_and_managers_are_notified(self):
        manager = new_test_user(
            self.env, "informed", groups="api_gateway.group_manager,base.group_user", email="informed@example.com"
        )
        webhook = self.webhook(url=self.receiver.url)
        self.env["res.partner"].create({"name": "One"})
        self.receiver.status = 500
        self.take_over()
        self.env.cr.execute("update gateway.webhook_state set failing_since = failing_since - interval '25 hours'")
        self.due_now()
        self.take_over()
        webhook.invalidate_recordset()
        self.assertEqual(webhook.health, "paused")
        before = len(self.receiver.arrived)
        self.due_now()
        self.take_over()
        self.assertEqual(len(self.receiver.arrived), before)
        message = webhook.message_ids[0]
        self.assertIn("Answered 500", message.body)
        self.assertIn(manager.partner_id, message.notified_partner_ids)
        self.assertIn(self.owner.partner_id, message.notified_partner_ids)
        self.take_over()
        self.assertEqual(webhook.message_ids[0], message)
        self.receiver.status = 200
        webhook.action_resume()
        self.due_now()
        self.take_over()
        self.assertEqual(self.states(), [("create", "delivered", 3, 200)])
        self.assertEqual(webhook.health, "healthy")

    def test_a_gone_receiver_is_paused_at_once(self):
        webhook = self.webhook(url=self.receiver.url)
        self.env["res.partner"].create({"name": "One"})
        self.receiver.status = 410
        self.take_over()
        self.assertEqual(webhook.health, "paused")
        self.take_over()
        self.assertIn("410", webhook.message_ids[0].body)

    def test_a_test_is_sent_even_if_the_webhook_is_paused(self):
        webhook = self.webhook(url=self.receiver.url)
        self.env["res.partner"].create({"name": "One"})
        webhook.action_pause()
        with self.enter_registry_test_mode():
            action = webhook.action_send_test()
        self.assertEqual([event["type"] for event in self.events], ["res.partner.test"])
        job = self.env["gateway.webhook.job"].browse(action["res_id"])
        self.assertEqual((job.state, job.status), ("delivered", 200))
        self.assertEqual(job.attempt_ids.sender, "Odoo")
        self.assertEqual(job.with_user(self.owner).attempt_ids.response, ("noted" * 1000)[:1024])

    def test_events_since_a_given_time_are_redelivered(self):
        webhook = self.webhook(url=self.receiver.url)
        self.env["res.partner"].create([{"name": "One"}, {"name": "Two"}])
        self.take_over()
        self.env.cr.execute(
            "update gateway.webhook_job set created_at = created_at - interval '2 days' where id % 2 = 0"
        )
        wizard = self.env["gateway.webhook.redeliver"].create(
            {"webhook_id": webhook.id, "since": "2020-01-01 00:00:00", "which": "dead"}
        )
        wizard.action_redeliver()
        self.take_over()
        self.assertEqual(len(self.receiver.arrived), 2)
        wizard.write({"which": "all", "since": self.env.cr.now()})
        wizard.action_redeliver()
        self.take_over()
        self.assertEqual(len(self.receiver.arrived), 3)
        self.assertEqual(len({event["id"] for event in self.events}), 2)

    def test_the_lists_still_open_after_a_webhook_with_jobs_and_attempts_was_deleted(self):
        webhook = self.webhook(url=self.receiver.url)
        self.receiver.status = lambda event: 500 if event["data"]["values"]["name"] == "Failed" else 200
        self.env["res.partner"].create([{"name": "Delivered"}, {"name": "Failed"}])
        self.take_over()
        self.assertEqual([row[1] for row in self.states()], ["delivered", "queued"])
        webhook.unlink()
        self.env.invalidate_all()
        named = {"fields": {"display_name": {}}}
        [job] = self.env["gateway.webhook.job"].web_search_read([], {"state": {}, "webhook_id": named})["records"]
        self.assertEqual((job["state"], job["webhook_id"]), ("delivered", False))
        attempts = self.env["gateway.webhook.attempt"].web_search_read([], {"webhook_id": named, "job_id": named})
        self.assertEqual([attempt["webhook_id"] for attempt in attempts["records"]], [False, False])
        self.assertEqual(sorted(bool(attempt["job_id"]) for attempt in attempts["records"]), [False, True])

    def test_finished_jobs_are_deleted_after_their_retention(self):
        self.webhook(url=self.receiver.url)
        self.env["res.partner"].create([{"name": "Old"}, {"name": "New"}])
        self.take_over()
        self.env["res.partner"].create({"name": "Waiting"})
        self.env.cr.flush()
        self.env.cr.execute(
            """
            update gateway.webhook_job
            set created_at = created_at - interval '31 days', finished_at = finished_at - interval '31 days'
            where id in (select min(id) from gateway.webhook_job union select max(id) from gateway.webhook_job);
            update gateway.webhook_attempt set started_at = started_at - interval '31 days'
            where job_id = (select min(id) from gateway.webhook_job)
            """
        )
        with self.cron() as webhooks:
            webhooks.env["gateway.webhook.job"]._cron_clean()
        self.assertEqual([row[1] for row in self.states()], ["delivered", "queued"])
        self.env.cr.execute("select count(*) from gateway.webhook_attempt")
        self.assertEqual(self.env.cr.fetchone()[0], 1)

    def test_records_that_the_owner_may_no_longer_read_are_not_sent(self):
        self.webhook(url=self.receiver.url, on_write=False)
        self.env["res.partner"].create({"name": "One"})
        self.env.cr.flush()
        self.owner.group_ids = [(6, 0, [self.env.ref("base.group_portal").id])]
        self.take_over()
        self.assertEqual([event["data"]["values"] for event in self.events], [None])


@tagged("post_install", "-at_install")
class TestWebhookEgress(common.BaseCase):
    def setUp(self):
        super().setUp()
        self.receiver = Receiver()
        self.addCleanup(self.receiver.server_close)
        self.addCleanup(self.receiver.shutdown)

    def send(self, url, allowed=(), timeout_s=3):
        return deliver(allowed, Target(url, [], [b"k"]), "id", "{}", timeout_s)

    def test_addresses_that_are_not_public_are_refused(self):
        for url, why in CASES["refused"]:
            with self.subTest(url, why=why):
                result = self.send(url)
                self.assertEqual(result["outcome"], "failed")
                # urllib3 does not accept some spellings as addresses.
                self.assertRegex(result["error"], "is not a public address|Failed to parse")
        self.assertEqual(self.receiver.arrived, [])

    def test_public_addresses_are_open(self):
        for address in CASES["open"]:
            self.assertIsNone(refusal(address, []), address)

    def test_a_name_that_resolves_to_an_internal_address_is_refused(self):
        port = self.receiver.server_port

        def rebinding(host, *args, **kwargs):
            return [(2, 1, 6, "", ("127.0.0.1", port))]

        self.patch(socket, "getaddrinfo", rebinding)
        self.assertIn("127.0.0.1 is not a public address", self.send("http://rebind.test/")["error"])
        self.assertEqual(self.receiver.arrived, [])

    def test_redirects_and_proxies_are_not_followed(self):
        self.receiver.status = 302
        self.receiver.headers = {"Location": self.receiver.url + "/inside"}
        self.assertIn("redirects are not followed", self.send(self.receiver.url, LOOPBACK)["error"])
        self.assertEqual(len(self.receiver.arrived), 1)
        self.receiver.status = 200
        self.patch(os, "environ", {**os.environ, "http_proxy": self.receiver.url})
        self.assertEqual(self.send("http://10.0.0.1/")["outcome"], "failed")
        self.assertEqual(len(self.receiver.arrived), 1)

    def test_an_answer_that_drips_ends_in_time(self):
        self.receiver.status = "drip"
        result = self.send(self.receiver.url, LOOPBACK, timeout_s=1)
        self.assertLess(result["ms"], 3000)


@tagged("post_install", "-at_install")
class TestFaultyReceivers(common.BaseCase):
    """The table with which test/unit/webhook_faults.test.ts checks the sidecar's deliveries."""

    def test_each_fault_is_a_failed_attempt_that_ends_in_time(self):
        with TemporaryDirectory() as folder:
            certificates = {name: Path(folder, f"{name}.pem") for name in ("known", "unknown")}
            for path in certificates.values():
                write_certificate(path)
            self.patch(requests.certs, "where", lambda: str(certificates["known"]))
            receiver = FaultyReceiver(certificates)
            self.addCleanup(receiver.close)
            for case in FAULTS:
                with self.subTest(case["name"]):
                    receiver.case = case
                    # Some cases end when the deadline is reached; the other cases must not reach it even on a busy
                    # machine.
                    slow = "drips" in case or case.get("then") == "wait"
                    self.check(case, receiver.url, 0.5 if slow else 3)

    def check(self, case, url, timeout_s):
        result = deliver(LOOPBACK, Target(url, [], [b"k"]), "id", "{}", timeout_s)
        self.assertLess(result["ms"], 1000 * timeout_s + 1000)
        self.assertEqual(result["outcome"], "delivered" if case.get("delivered") else "failed", result)
        if "status" in case:
            self.assertEqual(result["status"], case["status"], result)
        if not case.get("delivered"):
            self.assertRegex(result["error"], r"^(127\.0\.0\.1: .{5}|No answer within 0\.5 s$|Answered \d{3}\b)")
        # Postgres must be able to store the result.
        self.assertNotIn("\\u0000", json.dumps(result))


@tagged("post_install", "-at_install")
class TestWebhookValues(WebhookCase):
    def test_values_are_json_in_the_format_of_the_api(self):
        partner = self.env.ref("base.main_partner")
        values = read_values(
            partner, ["name", "country_id", "category_id", "write_date", "active", "parent_id", "comment"]
        )
        self.assertEqual(
            json.loads(json.dumps(values[partner.id], default=json_default)),
            {
                "id": partner.id,
                "name": partner.name,
                "country_id": {"id": partner.country_id.id, "name": partner.country_id.display_name}
                if partner.country_id
                else None,
                "category_id": partner.category_id.ids,
                "write_date": partner.write_date.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "active": True,
                "parent_id": None,
                "comment": partner.comment or None,
            },
        )
        self.assertEqual(read_values(partner.browse(2**31 - 1), []), {})
