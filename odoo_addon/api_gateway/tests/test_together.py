from psycopg2.errors import SerializationFailure

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import ChannelCase, create, read, write

DISPATCHER = "odoo.addons.api_gateway.executor.dispatcher"
PARTNER = "res.partner"


@tagged("post_install", "-at_install")
class TestTogether(ChannelCase):
    """Writes of one caller in one body: each is answered as if it had been sent by itself."""

    def send(self, *operations):
        raw = self.body("/gateway/execute", [self.call(operation) for operation in operations])
        response = self.post("/gateway/execute", raw)
        self.assertEqual(response.status_code, 200, response.text)
        return response.json()["results"]

    def calls_of(self, method, fail=None):
        """Returns a list to which each call of the ORM's method adds its number of records. `fail` is called before the
        method and may raise an error."""
        partners = type(self.env[PARTNER])
        original = getattr(partners, method)
        seen = []

        def counted(records, values):
            seen.append(len(values))
            if fail is not None:
                fail(len(seen))
            return original(records, values)

        self.patch(partners, method, counted)
        return seen

    def names(self, prefix):
        return self.env[PARTNER].search([("name", "=like", f"{prefix}%")], order="id").mapped("name")

    def test_creates_are_one_call_of_the_orm_and_each_gets_its_own(self):
        seen = self.calls_of("create")
        tree = {"name": {}}
        answers = self.send(
            create(PARTNER, {"name": "Trio 1"}, fields=tree),
            create(PARTNER, {"name": "Trio 2"}, {"name": "Trio 3"}, fields=tree),
            create(PARTNER, {"name": "Trio 4"}, fields=tree),
        )
        self.assertEqual(seen, [4])
        named = [[record["name"] for record in self.assert_ok(answer)["records"]] for answer in answers]
        self.assertEqual(named, [["Trio 1"], ["Trio 2", "Trio 3"], ["Trio 4"]])
        for answer in answers:
            records = self.env[PARTNER].browse(answer["results"][0]["ids"])
            self.assertEqual(records.mapped("name"), [record["name"] for record in answer["results"][0]["records"]])

    @mute_logger("odoo.sql_db")
    def test_a_failed_create_does_not_affect_the_others(self):
        answers = self.send(
            create(PARTNER, {"name": "Half 1"}), create(PARTNER, {"email": "x"}), create(PARTNER, {"name": "Half 3"})
        )
        self.assert_ok(answers[0])
        self.assert_refused(answers[1], "odoo.validation")
        self.assert_ok(answers[2])
        self.assertEqual(self.names("Half"), ["Half 1", "Half 3"])

    def test_updates_of_several_records_are_independent(self):
        partners = self.env[PARTNER].create([{"name": f"Row {i}"} for i in range(3)])
        shown = {"fields": {"city": {}}}
        answers = self.send(
            write(PARTNER, partners[0].ids, {"name": "Row a", "city": "Ghent"}, **shown),
            write(PARTNER, partners[1].ids, {"no_such_field": 1}, **shown),
            write(PARTNER, partners[2].ids, {"name": "Row c"}, **shown),
        )
        self.assertEqual(self.assert_ok(answers[0])["records"], [{"id": partners[0].id, "city": "Ghent"}])
        self.assert_refused(answers[1], "odoo.field", "no_such_field")
        self.assert_ok(answers[2])
        self.assertEqual(partners.mapped("name"), ["Row a", "Row 1", "Row c"])

    def test_updates_of_one_record_follow_each_other(self):
        answers = self.send(
            write(PARTNER, self.partner.ids, {"name": "First", "city": "Ghent"}),
            write(PARTNER, self.partner.ids, {"name": "Second"}),
        )
        for answer in answers:
            self.assert_ok(answer)
        self.assertEqual((self.partner.name, self.partner.city), ("Second", "Ghent"))

    def test_a_conflict_is_tried_again(self):
        def fail(call):
            if call <= 2:  # together, then the first of them by itself
                raise SerializationFailure

        seen = self.calls_of("create", fail)
        answers = self.send(create(PARTNER, {"name": "Calm 1"}), create(PARTNER, {"name": "Calm 2"}))
        self.assertEqual(seen, [2, 1, 1, 1])
        self.assertEqual([self.assert_ok(answer) and answer["retries"] for answer in answers], [1, 0])
        self.assertEqual(self.names("Calm"), ["Calm 1", "Calm 2"])

    @mute_logger("odoo.sql_db")
    def test_a_replayed_body_is_refused_even_if_its_first_write_failed(self):
        for values in ({"name": "Again 0"}, {"email": "x"}):
            calls = [self.call(create(PARTNER, values)), self.call(create(PARTNER, {"name": "Again 1"}))]
            raw = self.body("/gateway/execute", calls)
            self.assertEqual(self.post("/gateway/execute", raw).status_code, 200)
            with mute_logger(DISPATCHER):
                response = self.post("/gateway/execute", raw)
            self.assertEqual((response.status_code, response.json()["error"]["reason"]), (403, "channel.replay"))
        self.assertEqual(self.names("Again"), ["Again 0", "Again 1", "Again 1"])

    def test_writes_of_different_kinds_are_not_combined(self):
        one = self.call(create(PARTNER, {"name": "Unlike"}))
        token = {"consumer": "c", "key": "k", "method": "POST", "path": "/", "fingerprint": "f"}
        unlink = {"op": "unlink", "model": PARTNER, "ids": self.partner.ids}
        for other in (
            self.call(create(PARTNER, {"name": "Unlike"}), uid=self.env.ref("base.user_admin").id),
            self.call(create(PARTNER, {"name": "Unlike"}), context={"lang": "en_US"}),
            self.call(create(PARTNER, {"name": "Unlike"}), address="203.0.113.8"),
            self.call(create(PARTNER, {"name": "Unlike"}), grant={"scopes": ["write"], "models": None}),
            self.call(create("res.partner.category", {"name": "Unlike"})),
            self.call(create(PARTNER, {"name": "Unlike"}, fields={"name": {}})),
            self.call(write(PARTNER, self.partner.ids, {"name": "Unlike"})),
            self.call(create(PARTNER, {"name": "Unlike"}), read(PARTNER, self.partner.ids)),
            {**one, "idempotency": token},
            self.call(unlink),
        ):
            for calls in ([one, other], [other, one]):
                with mute_logger(DISPATCHER):
                    response = self.post("/gateway/execute", self.body("/gateway/execute", calls))
                self.assertEqual((response.status_code, response.json()["error"]["reason"]), (403, "channel.malformed"))
        for call in (self.call(unlink), {**one, "idempotency": token}):
            with mute_logger(DISPATCHER):
                response = self.post("/gateway/execute", self.body("/gateway/execute", [call, call]))
            self.assertEqual(response.json()["error"]["reason"], "channel.malformed")
        self.assertFalse(self.names("Unlike"))
        self.assertTrue(self.partner.exists())
