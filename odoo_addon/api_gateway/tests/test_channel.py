import time
from unittest.mock import patch

from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..executor.channel_body import BodyWithFile
from .common import ChannelCase, create, read

DISPATCHER = "odoo.addons.api_gateway.executor.dispatcher"


@tagged("post_install", "-at_install")
class TestChannel(ChannelCase):
    def assert_door_closed(self, response, reason):
        self.assertEqual(response.status_code, 403, response.text)
        self.assertEqual(response.json()["error"]["reason"], reason)

    def reading_body(self, **changed):
        return self.body("/gateway/read", [self.call(read("res.partner", self.partner.ids))], **changed)

    def post_read(self, raw, signature=None):
        with mute_logger(DISPATCHER):
            return self.post("/gateway/read", raw, signature)

    def test_a_signed_body_is_executed(self):
        self.assertEqual(self.post_read(self.reading_body()).json()["results"][0]["ok"], True)

    def test_an_altered_body_is_refused(self):
        raw = self.reading_body()
        altered = raw.replace(b'"op": "read"', b'"op": "raed"')
        self.assertNotEqual(raw, altered)
        self.assert_door_closed(self.post_read(altered, self.signature(raw)), "channel.signature")

    def test_a_body_without_a_signature_is_refused(self):
        for signature in ("none", "v1=", "v1=" + "0" * 64, "v2=" + "0" * 64):
            self.assert_door_closed(self.post_read(self.reading_body(), signature), "channel.signature")

    def test_a_body_signed_more_than_30_seconds_ago_or_ahead_is_refused(self):
        for offset_ms in (-31_000, 31_000):
            raw = self.reading_body(time=int(time.time() * 1000) + offset_ms)
            self.assert_door_closed(self.post_read(raw), "channel.late")

    def test_a_body_for_another_database_is_refused(self):
        raw = self.reading_body(database="00000000-0000-0000-0000-000000000000")
        self.assert_door_closed(self.post_read(raw), "channel.database")

    def test_a_body_for_another_path_is_refused(self):
        with mute_logger(DISPATCHER):
            response = self.post("/gateway/execute", self.reading_body())
        self.assert_door_closed(response, "channel.path")

    def test_a_replayed_write_is_refused(self):
        raw = self.body("/gateway/execute", [self.call(create("res.partner", {"name": "Once"}))])
        self.assertEqual(self.post("/gateway/execute", raw).status_code, 200)
        with mute_logger(DISPATCHER):
            self.assert_door_closed(self.post("/gateway/execute", raw), "channel.replay")
        self.assertEqual(self.env["res.partner"].search_count([("name", "=", "Once")]), 1)

    def test_a_malformed_body_is_refused(self):
        call = self.call(read("res.partner", self.partner.ids))
        for calls in (
            [],
            [call] * 33,
            [{**call, "uid": 1}],
            [{**call, "uid": "2"}],
            [{**call, "context": {"active_test": False}}],
            [{**call, "grant": {}}],
            [{**call, "operations": []}],
            "calls",
        ):
            self.assert_door_closed(self.post_read(self.body("/gateway/read", calls)), "channel.malformed")
        for raw in (b"[]", b"null", b"{", b"[" * 100_000, b"\xff"):
            self.assert_door_closed(self.post_read(raw), "channel.malformed")

    def test_a_file_is_read_after_its_signature_was_checked(self):
        for path, size, signature, reason in (
            ("/gateway/file", 5_000_000, "v1=" + "0" * 64, "channel.signature"),
            ("/gateway/content", 5_000_000, None, "channel.malformed"),
            ("/gateway/file", 5_000_000, None, None),
        ):
            kept = []
            read_file = BodyWithFile.file

            def note(body, read_file=read_file, kept=kept):
                kept.append(read_file(body))
                return kept[-1]

            raw = self.body(path, [self.call(read("res.partner", self.partner.ids))])
            with self.subTest(path, reason=reason), patch.object(BodyWithFile, "file", note), mute_logger(DISPATCHER):
                response = self.post(path, raw + b"\n" + b"x" * size, signature or self.signature(raw))
                if reason is None:
                    self.assertEqual(response.json()["results"][0]["ok"], True)
                    self.assertEqual(kept, [b"x" * size])
                else:
                    self.assert_door_closed(response, reason)
                    self.assertEqual(kept, [])

    def test_writes_are_not_executed_on_the_reading_path(self):
        self.assert_refused(self.query(create("res.partner", {"name": "No"})), "odoo.arguments", "create")
        self.assertFalse(self.env["res.partner"].search([("name", "=", "No")]))

    def test_a_new_secret_works_at_once_and_an_expiring_one_still_works(self):
        self.post_read(self.reading_body())  # the process knows the old secret
        self.env.cr.execute(
            """
            update gateway.secret set expires_at = gateway.utc_now() + interval '1 minute' where purpose = 'channel';
            select encode(value, 'hex') from gateway.secrets('channel') where expires_at is null
            """
        )
        [new] = self.env.cr.fetchone()
        raw = self.reading_body()
        self.assertEqual(self.post_read(raw, self.signature(raw, bytes.fromhex(new))).status_code, 200)
        self.assertEqual(self.post_read(raw).status_code, 200)

    def test_an_expired_secret_is_refused(self):
        self.env.cr.execute("update gateway.secret set expires_at = gateway.utc_now() - interval '1 s'")
        time.sleep(1.1)  # for as long as a process trusts its cache
        self.assert_door_closed(self.post_read(self.reading_body()), "channel.signature")

    def test_the_request_has_the_clients_address(self):
        seen = []
        partners = type(self.env["res.partner"])

        def _search(model, *args, **kwargs):
            from odoo.http import request

            if request:
                seen.append((request.httprequest.remote_addr, request.httprequest.environ["REMOTE_ADDR"]))
            return original(model, *args, **kwargs)

        original = partners._search
        self.patch(partners, "_search", _search)
        self.query(read("res.partner", self.partner.ids), address="2001:db8::7")
        self.assertEqual(set(seen), {("2001:db8::7", "2001:db8::7")})

    def test_a_user_who_was_just_archived_or_deleted_is_refused(self):
        user = new_test_user(self.env, "gateway_leaver")
        operation = read("res.partner", self.partner.ids)
        self.assert_ok(self.query(operation, uid=user.id))
        user.active = False
        self.assert_refused(self.query(operation, uid=user.id), "auth.invalid")
        self.assert_refused(self.execute(operation, uid=user.id), "auth.invalid")
        id_ = user.id
        user.unlink()
        self.assert_refused(self.query(operation, uid=id_), "auth.invalid")
