import random
import string
from unittest.mock import patch

from psycopg2 import DatabaseError, InterfaceError, OperationalError, ProgrammingError
from psycopg2.errors import (
    ProgramLimitExceeded,
    QueryCanceled,
    RestrictViolation,
    StatementTooComplex,
    TooManyColumns,
)
from psycopg2.pool import PoolError
from werkzeug.exceptions import Forbidden

from odoo.exceptions import LockError, RedirectWarning, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..executor import channel
from .common import ChannelCase, create, in_ms, method, search, write

HTTP = "odoo.http"
ANSWER = "odoo.addons.api_gateway.executor.answer"
DISPATCHER = "odoo.addons.api_gateway.executor.dispatcher"


def nested(relation, times):
    domain = []
    for _ in range(times):
        domain = [[relation, "any", domain]]
    return domain


@tagged("post_install", "-at_install")
class TestErrors(ChannelCase):
    def failing_with(self, exception):
        def fail(records, *args, **kwargs):
            raise exception

        self.patch(type(self.env["res.partner"]), "create", fail)
        return self.execute(create("res.partner", {"name": "x"}))

    def test_each_of_odoos_errors_has_its_reason_and_text(self):
        for exception, reason in (
            (UserError("No way"), "odoo.user"),
            (ValidationError("No way"), "odoo.validation"),
            (RedirectWarning("No way", 1, "Go"), "odoo.user"),
        ):
            error = self.assert_refused(self.failing_with(exception), reason, "No way")
            self.assertNotIn("traceback", error)

    def test_a_lock_is_a_conflict(self):
        self.assert_refused(self.failing_with(LockError("Locked")), "odoo.conflict")

    def test_a_bug_is_logged_with_its_traceback_and_reveals_nothing_to_the_caller(self):
        with self.assertLogs(ANSWER, "ERROR"):
            answer = self.failing_with(ZeroDivisionError("internals"))
        error = self.assert_refused(answer, "odoo.error")
        self.assertNotIn("internals", error["message"])
        self.assertIn("ZeroDivisionError: internals", error["traceback"])
        self.assertEqual(error["exception"], "builtins.ZeroDivisionError")

    def test_a_lost_connection_to_postgres_is_not_mistaken_for_a_bug(self):
        for exception in (
            OperationalError("server closed the connection unexpectedly"),
            InterfaceError("connection already closed"),
            DatabaseError("SSL SYSCALL error: EOF detected"),
            PoolError("The Connection Pool Is Full"),
        ):
            with self.subTest(exception), self.assertNoLogs(ANSWER, "WARNING"):
                error = self.assert_refused(self.failing_with(exception), "database.unavailable")
                self.assertNotIn(str(exception), error["message"])
        with mute_logger(ANSWER):
            self.assert_refused(self.failing_with(ProgrammingError("can't adapt type")), "odoo.error")

    @mute_logger("odoo.addons.base.models.ir_http")
    def test_a_connection_that_is_lost_outside_of_a_call_fails_the_whole_request(self):
        lost = OperationalError("server closed the connection unexpectedly")

        def fail(*args, **kwargs):
            raise lost

        for place, name, outcome in (
            (channel, "current_state", "nothing_written"),  # before the signature is checked
            (type(self.env["ir.http"]), "_post_dispatch", "unknown"),  # counts like a failed commit
        ):
            with self.subTest(name), patch.object(place, name, fail), self.assertLogs(DISPATCHER, "WARNING"):
                raw = self.body("/gateway/execute", [self.call(create("res.partner", {"name": "Lost"}))])
                response = self.post("/gateway/execute", raw)
                self.assertEqual(response.status_code, 503, response.text)
                error = response.json()["error"]
                self.assertEqual((error["reason"], error["outcome"]), ("database.unavailable", outcome))

    def test_an_http_error_in_a_method_does_not_become_the_channels_answer(self):
        with mute_logger(ANSWER):
            self.assert_refused(self.failing_with(Forbidden()), "odoo.error")

    def test_a_callers_mistake_is_not_an_error_in_odoos_log(self):
        with self.assertNoLogs(HTTP, "INFO"), self.assertNoLogs(ANSWER, "WARNING"):
            self.execute(create("res.partner", {"nope": 1}))
            self.query(search("res.partner", [["nope", "=", 1]]))

    @mute_logger("odoo.sql_db")
    def test_an_error_about_a_constraint_names_its_fields(self):
        answer = self.execute(create("res.partner", {"email": "nobody@example.com"}))
        error = self.assert_refused(answer, "odoo.validation", "name")
        self.assertEqual(error["details"]["constraint"], "res_partner_check_name")
        self.assertIn("name", error["details"]["fields"])
        admin = self.env.ref("base.user_admin").id
        values = {"name": "Second Belgium", "code": "BE"}
        error = self.assert_refused(self.execute(create("res.country", values), uid=admin), "odoo.validation", "unique")
        self.assertEqual(error["details"]["field"], "code")
        country = self.env.ref("base.us")
        answer = self.execute({"op": "unlink", "model": "res.country", "ids": country.ids}, uid=admin)
        self.assert_refused(answer, "odoo.validation", "Another model is using the record")
        with self.assertRaises(RestrictViolation) as raised, self.env.cr.savepoint():  # what Postgres 18 says instead
            self.env.cr.execute(
                """
                do $$ begin
                  raise restrict_violation using schema = 'public', table = 'res_country_state',
                    constraint = 'res_country_state_country_id_fkey';
                end $$
                """
            )
        message = self.env["res.country.state"]._sql_error_to_message(raised.exception)
        self.assertRegex(message, r"Another model is using the record[\s\S]*'Country' \(country_id\)")
        [required] = [self.execute(create("res.currency", {"name": "GWY"}), uid=admin)]
        self.assertEqual(self.assert_refused(required, "odoo.validation")["details"]["field"], "symbol")

    @mute_logger("odoo.sql_db")
    def test_a_value_that_is_too_long_for_an_index_is_named(self):
        text = "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=20_000))
        for name, operation in {
            "create": create("res.partner", {"name": text}),
            "write": write("res.partner", self.partner.ids, {"name": text}),
            "method": method("res.partner", "create", {"name": text}),
        }.items():
            with self.subTest(name), self.assertNoLogs(ANSWER, "WARNING"):
                error = self.assert_refused(self.execute(operation), "odoo.validation", "too long", "name")
                self.assertEqual(error["details"]["field"], "name")

    def test_a_value_too_large_for_postgres_is_the_callers_mistake(self):
        for exception, reason in (
            (ProgramLimitExceeded("internals"), "odoo.validation"),
            (StatementTooComplex("internals"), "request.too_complex"),
            (TooManyColumns("internals"), "request.too_complex"),
        ):
            error = self.assert_refused(self.failing_with(exception), reason)
            self.assertNotIn("internals", str(error))

    def test_errors_are_in_the_callers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        answer = self.execute(create("res.country", {"name": "X", "code": "X0"}), context={"lang": "fr_FR"})
        self.assert_refused(answer, "odoo.access", "Vous n'êtes pas autorisé")

    def test_a_statement_past_the_deadline_is_cut(self):
        with mute_logger("odoo.sql_db"):
            answer = self.failing_with(QueryCanceled())
        self.assert_refused(answer, "odoo.timeout")

        def sleep(records, *args, **kwargs):
            records.env.cr.execute("select pg_sleep(20)")

        self.patch(type(self.env["res.partner"]), "create", sleep)
        call = self.call(create("res.partner", {"name": "x"}))
        raw = self.body("/gateway/execute", [call], deadline=in_ms(300))
        with mute_logger("odoo.sql_db"):
            response = self.post("/gateway/execute", raw)
        self.assert_refused(response.json()["results"][0], "odoo.timeout")
        self.assertLess(response.elapsed.total_seconds(), 10)

    def test_nothing_starts_past_the_deadline(self):
        for path in ("/gateway/read", "/gateway/execute"):
            raw = self.body(path, [self.call(search("res.partner"))], deadline=in_ms(-1))
            with self.subTest(path), self.assertNoLogs("odoo.api", "WARNING"):
                self.assert_refused(self.post(path, raw).json()["results"][0], "odoo.timeout")

    def test_malformed_domains_are_refused_and_the_fault_is_named(self):
        for domain, word in (
            ("x", "list"),
            (["&", ["id", "=", 1]], "&"),
            ([["name", "="]], "name"),
            ([["name", "sounds like", "x"]], "sounds like"),
            ([["create_date", ">", "yesteryear"]], "yesteryear"),
            ([["id", "=", "abc"]], "abc"),
            ([["color", ">", "abc"]], "color"),
            ([["name", "=", {}]], "name"),
            ([["name", "any", []]], "name"),
            ([["name.length", "=", 1]], "name.length"),
            ([["avatar_128", "!=", False]], "avatar_128"),
            ([["parent_id", "any!", []]], "any!"),
            ([["parent_id", "ANY!", []]], "ANY!"),
            ([["id", "=", 1]] * 501, "500"),
            ([["parent_id", "any", [["id", "=", 1]] * 200]] * 3, "500"),
            (nested("parent_id", 11), "10"),
        ):
            self.assert_refused(self.query({**search("res.partner"), "domain": domain}), "odoo.domain", word)

    def test_malformed_orders_and_limits_are_refused_and_the_fault_is_named(self):
        for order, reason, word in (
            ("name; drop table res_partner", "odoo.order", "drop table"),
            ("name sideways", "odoo.order", "sideways"),
            ("contact_address", "odoo.order", "contact_address"),
            ("country_id.code", "odoo.order", "country_id.code"),
            ("nope", "odoo.field", "nope"),
        ):
            self.assert_refused(self.query(search("res.partner", order=order)), reason, word)
        for option in ({"limit": 0}, {"limit": -1}, {"limit": "5"}, {"limit": True}, {"offset": -1}, {"offset": 2**40}):
            self.assert_refused(self.query(search("res.partner", **option)), "odoo.arguments", next(iter(option)))

    def test_invalid_groupings_are_the_callers_mistake(self):
        for groupby, aggregates, having in (
            (["create_date:century"], [], []),
            (["name:month"], [], []),
            (["properties"], [], []),
            (["properties.x:month"], [], []),
            ([], ["color:median"], []),
            (["country_id"], ["__count"], [["__count", "in", 1]]),
            (["country_id"], ["__count"], ["|", ["__count", "=", 1]]),
        ):
            with self.subTest(groupby=groupby, aggregates=aggregates, having=having):
                operation = method("res.partner", "formatted_read_group", [], groupby, aggregates, having=having)
                self.assert_refused(self.query(operation), "odoo.arguments", "cannot group")
        self.assert_refused(self.query(search("res.partner", [["id", "in", [True]]])), "odoo.domain")

    def test_models_and_fields_that_do_not_exist_are_named(self):
        for model in ("no.such.model", "_unknown", "mail.thread", "base"):
            self.assert_refused(self.query(search(model)), "odoo.model", model)
        self.assert_refused(self.query(search("res.partner", fields={"nope": {}})), "odoo.field", "nope")
        self.assert_refused(self.query(search("res.partner", fields={"name": {"fields": {}}})), "odoo.field", "name")
        deep = {"parent_id": {}}
        for _ in range(9):
            deep = {"parent_id": {"fields": deep}}
        self.assert_refused(self.query(search("res.partner", fields=deep)), "odoo.field")
