from odoo.tests import tagged

from .common import ChannelCase, method, search, tree

MODEL = "res.partner"
SPRING = "2026-03-29"  # 23 hours in Paris: 28th 23:00 to 29th 22:00, in UTC
AUTUMN = "2026-10-25"  # 25 hours: 24th 22:00 to 25th 23:00
MOMENTS = (
    "2026-03-28 22:59:59",
    "2026-03-28 23:00:00",
    "2026-03-29 21:59:59",
    "2026-03-29 22:00:00",
    "2026-10-24 21:59:59",
    "2026-10-24 22:00:00",
    "2026-10-25 22:59:59",
    "2026-10-25 23:00:00",
)
NEVER = len(MOMENTS)


@tagged("post_install", "-at_install")
class TestDays(ChannelCase):
    """A plain date that is compared with times means the caller's local day, from its first second to its last."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.caller.tz = "Europe/Paris"
        cls.parent = cls.env[MODEL].create({"name": "Parent"})
        cls.records = cls.env[MODEL].create(
            [{"name": str(number), "parent_id": cls.parent.id} for number in range(NEVER + 1)]
        )
        cls.set_times(cls.records, [*MOMENTS, None])
        cls.set_times(cls.parent, [MOMENTS[0]])

    @classmethod
    def set_times(cls, records, moments):
        """Sets `write_date`, because every model has it. Only SQL can set it."""
        cls.env.flush_all()
        for record, moment in zip(records, moments, strict=True):
            cls.env.cr.execute("update res_partner set write_date = %s where id = %s", (moment, record.id))
        cls.env.invalidate_all()

    def found(self, *domain, **call):
        """The numbers in the names of the records that a domain finds."""
        own = [["id", "in", self.records.ids], *domain]
        answer = self.query(search(MODEL, own, fields=tree("name"), order="id"), **call)
        return [int(record["name"]) for record in self.assert_ok(answer)["records"]]

    def test_every_operator(self):
        for operator, value, numbers in (
            ("=", SPRING, [1, 2]),
            ("==", SPRING, [1, 2]),
            ("=?", SPRING, [1, 2]),
            ("!=", SPRING, [0, 3, 4, 5, 6, 7, NEVER]),
            ("<>", SPRING, [0, 3, 4, 5, 6, 7, NEVER]),
            ("in", [SPRING], [1, 2]),
            ("in", [SPRING, AUTUMN], [1, 2, 5, 6]),
            ("in", [SPRING, "2026-03-30", False], [1, 2, 3, NEVER]),
            ("in", [SPRING, "2026-10-25 23:00:00"], [1, 2, 7]),
            ("not in", [SPRING, AUTUMN], [0, 3, 4, 7, NEVER]),
            ("not in", [SPRING, False], [0, 3, 4, 5, 6, 7]),
            ("<", SPRING, [0]),
            ("<=", SPRING, [0, 1, 2]),
            (">", SPRING, [3, 4, 5, 6, 7]),
            (">=", SPRING, [1, 2, 3, 4, 5, 6, 7]),
            ("=", AUTUMN, [5, 6]),
            ("!=", AUTUMN, [0, 1, 2, 3, 4, 7, NEVER]),
            ("in", [AUTUMN], [5, 6]),
            ("<", AUTUMN, [0, 1, 2, 3, 4]),
            ("<=", AUTUMN, [0, 1, 2, 3, 4, 5, 6]),
            (">", AUTUMN, [7]),
            (">=", AUTUMN, [5, 6, 7]),
            ("=", "20260329", [1, 2]),
            ("=", "2026-03-29 21:59:59", [2]),
            ("<=", "2026-03-29 21:59:59", [0, 1, 2]),
            ("<=", "9999-12-31", [0, 1, 2, 3, 4, 5, 6, 7]),
            (">=", "0001-01-01", [0, 1, 2, 3, 4, 5, 6, 7]),
        ):
            with self.subTest(operator, value=value):
                self.assertEqual(self.found(["write_date", operator, value]), numbers)
                negated = [number for number in range(NEVER + 1) if number not in numbers]
                self.assertEqual(self.found("!", ["write_date", operator, value]), negated)

    def test_a_day_is_one_condition_among_others(self):
        for domain, numbers in (
            (["|", ["write_date", "=", SPRING], ["write_date", "=", AUTUMN]], [1, 2, 5, 6]),
            (["&", ["write_date", ">=", SPRING], ["write_date", "<=", AUTUMN]], [1, 2, 3, 4, 5, 6]),
            (["|", ["name", "=", "0"], "!", ["write_date", "!=", SPRING]], [0, 1, 2]),
            ([["write_date", "=", SPRING], ["name", "=", "2"]], [2]),
        ):
            with self.subTest(domain):
                self.assertEqual(self.found(*domain), numbers)

    def test_the_request_names_the_time_zone_or_the_user_has_one(self):
        day = ["write_date", "=", SPRING]
        self.assertEqual(self.found(day, context={"tz": "UTC"}), [2, 3])
        self.assertEqual(self.found(day, context={"tz": "Pacific/Auckland"}), [0, 1])
        self.caller.tz = False
        self.assertEqual(self.found(day), [2, 3])

    def test_days_that_begin_twice_or_late(self):
        """Time zones whose clocks change at midnight."""
        for zone, day, begins, ends in (
            ("America/Havana", "2025-11-02", "2025-11-02 04:00:00", "2025-11-03 05:00:00"),
            ("Africa/Cairo", "2025-04-25", "2025-04-24 22:00:00", "2025-04-25 21:00:00"),
            ("Pacific/Apia", "2011-12-30", "2011-12-30 10:00:00", "2011-12-30 10:00:00"),
            ("Australia/Lord_Howe", "2026-04-05", "2026-04-04 13:00:00", "2026-04-05 13:30:00"),
        ):
            self.env.cr.execute("select %s::timestamp - interval '1 second', %s, %s", (begins, begins, ends))
            before, *_rest = self.env.cr.fetchone()
            self.env.cr.execute("select %s::timestamp - interval '1 second'", (ends,))
            [last] = self.env.cr.fetchone()
            self.set_times(self.records, [str(before), begins, str(last), ends, *[None] * (NEVER - 3)])
            with self.subTest(zone):
                expected = [1, 2] if begins != ends else []
                self.assertEqual(self.found(["write_date", "=", day], context={"tz": zone}), expected)

    def test_both_ends_of_a_day_apply_to_the_same_related_record(self):
        self.set_times(self.records, ["2026-03-28 12:00:00", "2026-03-30 12:00:00", *[None] * (NEVER - 1)])
        for operator, value, is_found in (
            ("=", SPRING, False),
            ("in", [SPRING, "2026-03-28"], True),
            ("=", "2026-03-30", True),
        ):
            operation = search(MODEL, [["id", "=", self.parent.id], ["child_ids.write_date", operator, value]])
            self.assertEqual(bool(self.assert_ok(self.query(operation))["records"]), is_found, (operator, value))
        inner = [["write_date", "=", "2026-03-30"]]
        operation = search(MODEL, [["id", "=", self.parent.id], ["child_ids", "any", inner]])
        self.assertTrue(self.assert_ok(self.query(operation))["records"])
        self.assertEqual(self.found(["parent_id.write_date", "=", "2026-03-28"]), list(range(NEVER + 1)))
        self.assertEqual(self.found(["parent_id.write_date", "!=", "2026-03-28"]), [])

    def test_methods_treat_days_in_the_same_way(self):
        domain = [["id", "in", self.records.ids], ["write_date", "=", SPRING]]
        self.assertEqual(self.assert_ok(self.query(method(MODEL, "search_count", domain))), 2)
        names = [row["name"] for row in self.assert_ok(self.query(method(MODEL, "search_read", domain, ["name"])))]
        self.assertEqual(names, ["1", "2"])
        [group] = self.assert_ok(self.query(method(MODEL, "formatted_read_group", domain, [], ["__count"])))
        self.assertEqual(group["__count"], 2)

    def test_groups_are_local_days(self):
        domain = [["id", "in", self.records.ids], ["write_date", "!=", False]]
        groups = self.assert_ok(
            self.query(method(MODEL, "formatted_read_group", domain, ["write_date:day"], ["__count"]))
        )
        self.assertEqual([group["__count"] for group in groups], [1, 2, 1, 1, 2, 1])
        for group in groups:
            self.assertEqual(len(self.found(*group["__extra_domain"])), group["__count"], group)

    def test_days_from_today(self):
        self.env.cr.execute(
            "update res_partner set write_date = now() at time zone 'UTC' where id = %s", (self.records[0].id,)
        )
        for value in ("today", "today +0d"):
            self.assertEqual(self.found(["write_date", "=", value]), [0], value)
        self.assertNotIn(0, self.found(["write_date", "=", "today -1d"]))
        for value in ("today +999999999d", "+99999999999y", "todayy", "2026-02-30"):
            answer = self.query(search(MODEL, [["write_date", "=", value]]))
            self.assert_refused(answer, "odoo.domain")

    def test_the_length_of_a_list_of_times_is_limited(self):
        times = [f"{year}-01-{day:02}" for year in range(1000, 2000) for day in (1, 15)]
        self.assertEqual(self.found(["write_date", "in", times[:800]]), [])
        answer = self.query(search(MODEL, [["write_date", "in", times[:1001]]]))
        self.assert_refused(answer, "odoo.domain", "1000")
