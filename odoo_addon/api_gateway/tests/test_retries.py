from psycopg2.errors import DeadlockDetected, LockNotAvailable, SerializationFailure

from odoo.tests import tagged

from .common import ChannelCase, create, in_ms, read


@tagged("post_install", "-at_install")
class TestRetries(ChannelCase):
    def conflicting(self, times, exception=SerializationFailure):
        """In this context, creating a partner fails with a conflict this many times, and then works."""
        partners = type(self.env["res.partner"])
        original = partners.create
        tries = []

        def create_(records, values):
            tries.append(records.env.uid)
            result = original(records, values)
            if len(tries) <= times:
                raise exception
            return result

        self.patch(partners, "create", create_)
        return tries

    def test_a_conflict_is_tried_again_in_milliseconds_and_counted(self):
        for exception in (SerializationFailure, DeadlockDetected, LockNotAvailable):
            with self.subTest(exception.__name__):
                self.conflicting(2, exception)
                answer = self.execute(create("res.partner", {"name": exception.__name__}))
                self.assert_ok(answer)
                self.assertEqual(answer["retries"], 2)
                self.assertLess(answer["ms"], 2_000)
                found = self.env["res.partner"].search([("name", "=", exception.__name__)])
                self.assertEqual(len(found), 1)
                self.assertEqual(found.create_uid, self.caller)

    def test_a_conflict_that_does_not_end_is_reported_before_the_deadline(self):
        def create_(records, values):
            raise SerializationFailure

        self.patch(type(self.env["res.partner"]), "create", create_)
        call = self.call(create("res.partner", {"name": "Never"}))
        response = self.post("/gateway/execute", self.body("/gateway/execute", [call], deadline=in_ms(2_000)))
        [answer] = response.json()["results"]
        self.assert_refused(answer, "odoo.conflict")
        self.assertGreater(answer["retries"], 2)
        self.assertLess(answer["ms"], 2_500)

    def test_a_retry_sees_nothing_of_the_previous_attempt(self):
        self.conflicting(1)
        answer = self.execute(
            create("res.partner", {"name": "First"}),
            {"op": "search", "model": "res.partner", "domain": [["name", "=", "First"]], "limit": 5, "fields": {}},
        )
        self.assertEqual(len(answer["results"][1]["records"]), 1)

    def test_a_read_that_a_replica_cancels_is_tried_once_more(self):
        partners = type(self.env["res.partner"])
        original = partners._search
        tries = []

        def _search(records, *args, **kwargs):
            tries.append(records.env.uid)
            if len(tries) == 1:
                raise SerializationFailure
            return original(records, *args, **kwargs)

        self.env.cr.flush()
        self.patch(partners, "_search", _search)
        answer = self.query(read("res.partner", self.partner.ids, fields={"name": {}}))
        self.assert_ok(answer)
        self.assertEqual(answer["retries"], 1)
