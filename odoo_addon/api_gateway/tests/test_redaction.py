import json
import logging
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from odoo.tests import tagged
from odoo.tests.common import BaseCase

from ..executor.quiet_log import WithoutSecrets, log_without_secrets
from ..tools.redact import STARS, TOO_LARGE, Secrets, is_secret_method, is_secret_name, without_credentials
from ..webhooks.deliver import Target, deliver
from ..webhooks.egress import parse_allowed
from .common import ChannelCase, create, method

CASES = json.loads((Path(__file__).parent / "secret_cases.json").read_text(encoding="utf-8"))


@tagged("post_install", "-at_install")
class TestRedaction(BaseCase):
    """Redaction of Odoo's log, with the same cases as for the sidecar's."""

    def test_names_and_methods(self):
        for judge, cases in ((is_secret_name, CASES["names"]), (is_secret_method, CASES["methods"])):
            self.assertEqual([name for name in cases["secret"] if not judge(name)], [])
            self.assertEqual([name for name in cases["open"] if judge(name)], [])

    def test_strings(self):
        for text, expected in CASES["texts"]:
            with self.subTest(text):
                self.assertEqual(without_credentials(text), expected)

    def test_secrets_of_a_body_are_removed_from_strings_that_repeat_them(self):
        for body, planted in CASES["bodies"]:
            secrets = Secrets()
            secrets.learn(body)
            for secret in planted:
                self.assertEqual(secrets.clean(f"wrong: {secret}!"), f"wrong: {STARS}!", body)

    def test_the_time_for_a_hostile_string_grows_linearly(self):
        for part in ("Key ()=(", 'password "', "\\'", "eyJ", "a.", "Failing row contains (", "key=[", "password "):
            text = f"password '{part * (65_536 // len(part))}"
            started = time.perf_counter()
            without_credentials(text)
            self.assertLess(time.perf_counter() - started, 10, part)  # quadratic time would be minutes

    def test_a_hostile_string_is_cut_before_it_is_searched(self):
        for part in ("Key (token)=(a", "-eyJaaaaaaaa", "Failing row contains ()", 'token="a ', "token (", "<password>"):
            started = time.perf_counter()
            clean = Secrets().clean(part * (140_000 // len(part)))
            self.assertLess(time.perf_counter() - started, 2, part)
            self.assertLess(len(clean), 140_000)

    def test_a_string_is_dropped_if_not_everything_could_be_searched(self):
        many = [{"password": f"secret number {index}"} for index in range(60)]
        table = [["password"] * 10_000, [["x"] * 10_000] * 100]
        for body in (many, table, ["x" * 262_144], {"password": "y" * 9_000}, {"text": json.dumps(["z"] * 100_000)}):
            secrets = Secrets()
            started = time.perf_counter()
            secrets.learn(body)
            self.assertEqual(secrets.clean("secret number 7"), TOO_LARGE)
            self.assertLess(time.perf_counter() - started, 2)


@tagged("post_install", "-at_install")
class TestQuietLog(ChannelCase):
    """Odoo's own log shows no secret of a call."""

    def setUp(self):
        super().setUp()
        self.lines = lines = []

        class Keeper(logging.Handler):
            def emit(self, record):
                lines.append(self.format(record))

        handler = Keeper()
        handler.addFilter(WithoutSecrets())
        logging.getLogger().addHandler(handler)
        self.addCleanup(logging.getLogger().removeHandler, handler)

    def test_the_handlers_of_this_process_are_guarded(self):
        guarded = [
            handler
            for handler in logging.getLogger().handlers
            if any(isinstance(guard, WithoutSecrets) for guard in handler.filters)
        ]
        self.assertGreater(len(guarded), 1)

    def test_a_statement_that_postgres_refuses(self):
        values = {"name": False, "access_token": "planted-s3cret"}
        answer = self.execute(create("ir.attachment", values), uid=self.env.ref("base.user_admin").id)
        self.assertFalse(answer["ok"])
        self.assertTrue([line for line in self.lines if "bad query" in line], self.lines)
        self.assertFalse([line for line in self.lines if "planted-s3cret" in line])

    def test_a_traceback(self):
        partners = type(self.env["res.partner"])

        def gateway_fail(records, terms):
            raise TypeError(f"Cannot search for {terms[0][2]}")

        partners.gateway_fail = gateway_fail
        self.addCleanup(delattr, partners, "gateway_fail")
        answer = self.execute(method("res.partner", "gateway_fail", [], [["signup_token", "=", "planted-s3cret"]]))
        self.assert_refused(answer, "odoo.error")
        self.assertTrue([line for line in self.lines if "Cannot search for" in line], self.lines)
        self.assertFalse([line for line in self.lines if "planted-s3cret" in line])

    def test_outside_of_a_call_nothing_is_redacted(self):
        record = logging.makeLogRecord({"msg": "password=%s", "args": ("kept",)})
        self.assertTrue(WithoutSecrets().filter(record))
        self.assertEqual(record.getMessage(), "password=kept")
        with log_without_secrets(b'{"calls": []}'):
            WithoutSecrets().filter(record)
        self.assertEqual(record.getMessage(), f"password={STARS}")


@tagged("post_install", "-at_install")
class TestReceivers(BaseCase):
    """Secrets in the answer and the error that a delivery by the cron stores."""

    def test_no_header_password_or_token_that_a_receiver_repeats_is_stored(self):
        class Echo(BaseHTTPRequestHandler):
            def do_POST(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(f"{'.' * self.server.fill}{dict(self.headers)} token=abcdef".encode())

            def log_message(self, *args):
                pass

        receiver = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        self.addCleanup(receiver.server_close)
        self.addCleanup(receiver.shutdown)
        url = f"http://127.0.0.1:{receiver.server_port}/hook"
        headers = [{"name": "Authorization", "value": "Bearer opensesame Zq7v"}, {"name": "X-Own", "value": "hunter22"}]
        allowed = parse_allowed(["127.0.0.0/8"])
        for fill in (0, 1010, 1020):
            receiver.fill = fill
            result = deliver(allowed, Target(url, headers, [b"x" * 32]), "event", "{}", 5)
            self.assertEqual(result["outcome"], "delivered", result)
            for secret in ("opens", "Zq7v", "hunter", "abcdef"):
                self.assertNotIn(secret, result["response"])
        broken = [{"name": "X-Own", "value": "hunter22\n"}]
        result = deliver(allowed, Target(url, broken, [b"x" * 32]), "event", "{}", 5)
        self.assertEqual(result["outcome"], "failed", result)
        self.assertNotIn("hunter22", result["error"])
