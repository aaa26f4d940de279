from itertools import product

from odoo.tests import tagged

from .common import ChannelCase, method, read, search, tree

NAMES = [f"x{number}" for number in range(60)]


def terms(path, count):
    """Conditions on one field that the ORM cannot merge."""
    return [[path, "ilike", name] for name in NAMES[:count]]


def by_ids(path, count):
    return [[path, "=", number] for number in range(1, count + 1)]


def either(conditions):
    return ["|"] * (len(conditions) - 1) + conditions


@tagged("post_install", "-at_install")
class TestFloods(ChannelCase):
    """Queries that would use all of Postgres' memory never reach the ORM. Each input is just over its limit."""

    def test_the_number_of_joins_in_a_statement_is_limited(self):
        deep = ".".join(["parent_id"] * 9)
        grouped = {"domain": [], "aggregates": ["__count"]}
        floods = {
            "conditions over many records": search("res.partner", terms("child_ids.name", 17)),
            "of different kinds": search(
                "res.partner", terms("child_ids.name", 9) + terms("parent_id.category_id.name", 8)
            ),
            "either of many": search("res.partner", either(terms("category_id.name", 17))),
            "ids of many records": search("res.partner", [["child_ids", "in", [number]] for number in range(1, 18)]),
            "fields that a method searches": search("res.partner", [["message_is_follower", "=", True]] * 17),
            "inside of any": search("res.partner", [["child_ids", "any", terms("child_ids.name", 16)]]),
            "inside of not any": search("res.partner", [["parent_id", "not any", terms("child_ids.name", 17)]]),
            "conditions over one record": search("res.partner", either(terms("parent_id.name", 41))),
            "names of another model": search("res.partner", terms("parent_id", 41)),
            "hierarchies": search("res.partner", [["parent_id", "child_of", number] for number in range(1, 42)]),
            "names in a hierarchy": search("res.partner", [["parent_id", "child_of", [*NAMES[:41]]]]),
            "names in the model's own hierarchy": search("res.partner", [["id", "child_of", [*NAMES[:41]]]]),
            "names in a hierarchy over many records": search("res.partner", [["category_id", "parent_of", NAMES[:40]]]),
            "names that the model's own code searches": search("res.partner", [["state_id", "in", NAMES[:41]]]),
            "ids that cannot be merged": search(
                "res.partner", either([["category_id", "not in", [number]] for number in range(1, 18)])
            ),
            "one long path": search("res.partner", terms(f"{deep}.name", 1)),
            "fields of the parent record": search("res.users", terms("child_ids.name", 17)),
            "related fields": search(
                "account.move.line", either([["move_name", "=", "x"], *terms("move_id.name", 41)])
            ),
            "domain and order": search("res.partner", terms("parent_id.name", 40), order="country_id"),
            "domain and order of a method": method(
                "res.partner", "search_read", terms("parent_id.name", 40), ["name"], order="country_id"
            ),
            "a domain of a method": method("res.partner", "search_count", terms("child_ids.name", 17)),
            "groups": method("res.partner", "formatted_read_group", groupby=[f"{deep}.country_id"], **grouped),
            "groups of a filtered list": method(
                "res.partner",
                "formatted_read_group",
                domain=terms("parent_id.name", 40),
                groupby=["parent_id.country_id"],
                aggregates=["__count"],
            ),
            "a specification": method("res.partner", "web_read", self.partner.ids, specification_of(9)),
        }
        for kind, operation in floods.items():
            with self.subTest(kind):
                answer = self.execute(operation) if operation["op"] == "call" else self.query(operation)
                error = self.assert_refused(answer, "request.too_complex", "possible")
                self.assertIn(error["details"]["path"], error["message"])

    def test_requests_just_within_the_limits_are_answered(self):
        for kind, operation in {
            "conditions over many records": search("res.partner", terms("child_ids.name", 16)),
            "conditions over one record": search("res.partner", either(terms("parent_id.name", 40))),
            "fields of the parent record": search("res.users", either(terms("name", 60))),
            "one long path": search("res.partner", terms(f"{'.'.join(['parent_id'] * 8)}.name", 1)),
            "columns": search("res.partner", either(terms("name", 60) + terms("ref", 60))),
            "alternatives by id": search("res.partner", either(by_ids("category_id", 100))),
            "alternatives by id behind a relation": search("res.partner", either(by_ids("parent_id.category_id", 100))),
            "ids in a hierarchy": search("res.partner", [["parent_id", "child_of", list(range(1, 500))]]),
            "names of another model in a list": search("res.partner", [["parent_id", "in", NAMES]]),
        }.items():
            with self.subTest(kind):
                self.assert_ok(self.query(operation))

    def test_the_number_of_relations_is_limited_across_all_operations_of_a_request(self):
        paths = ("parent_id.name", "parent_id.ref", "parent_id.email", "parent_id.phone", "parent_id.city")
        operations = [search("res.partner", either(terms(path, 40)), fields=tree("name")) for path in paths]
        self.assertTrue(self.query(*operations, *operations)["ok"])
        error = self.assert_refused(
            self.query(*operations, search("res.partner", terms("country_id.name", 1))),
            "request.too_complex",
            "200",
        )
        self.assertEqual((error["operation"], error["details"]["path"]), (5, "country_id.name"))

    def test_a_path_that_all_operations_of_a_batch_compare_counts_once(self):
        fields = tree("name")
        for kind, operation in {
            "a domain": search("res.partner", terms("country_id.code", 1), fields=fields, limit=1),
            "an order": search("res.partner", order="parent_id", fields=fields, limit=1),
        }.items():
            with self.subTest(kind):
                self.assertTrue(self.query(*[operation] * 250)["ok"])

    def test_the_orm_merges_alternatives_by_id(self):
        for path in ("category_id", "parent_id.category_id"):
            query = self.env["res.partner"]._search(either(by_ids(path, 100)))
            self.assertEqual(str(query.select()).count('res_partner_res_partner_category_rel" AS'), 1, path)

    def test_the_number_of_entries_in_arguments_is_limited(self):
        ids, names = self.partner.ids, ["name"] * 1001
        grouped = {"domain": [], "aggregates": ["__count"]}
        for argument, operation in {
            "attributes": method("res.partner", "fields_get", ["name"], attributes=names),
            "allfields": method("res.partner", "fields_get", names),
            "views": method("res.partner", "get_views", [[False, "form"]] * 21),
            "aggregates": method("res.partner", "formatted_read_group", [], [], [f"n{i}:count" for i in range(201)]),
            "groupby": method("res.partner", "formatted_read_group", groupby=["name"] * 33, **grouped),
            "grouping_sets": method(
                "res.partner", "formatted_read_grouping_sets", grouping_sets=[["name"]] * 101, **grouped
            ),
            "order": method("res.partner", "search_read", [], ["name"], order=",".join(["name"] * 33)),
            "ids": method("res.partner", "read", [*ids * 10_001], ["name"]),
            "fields": method("res.partner", "read", ids, names),
            "fields_to_export": method("res.partner", "export_data", ids, names),
            "langs": method("res.partner.category", "get_field_translations", [1], "name", langs=names),
            "specification": method("res.partner", "web_read", ids, {"name": {"x": [{}] * 1001}}),
            "having": method("res.partner", "formatted_read_group", having=[["name:count", ">", 1]] * 251, **grouped),
        }.items():
            with self.subTest(argument):
                error = self.assert_refused(self.execute(operation), "odoo.arguments", f"'{argument}'", "at most")
                self.assertEqual(error["details"]["argument"], argument)
        self.assert_ok(self.execute(method("res.partner", "read", ids * 10_000, ["name"])))
        self.assert_ok(self.execute(method("res.partner", "fields_get", ["name"], attributes=["type"] * 1000)))

    def test_the_length_of_a_string_that_is_costly_to_process_is_limited(self):
        answer = self.execute(method("ir.actions.report", "barcode", "Code128", "x" * 3_001))
        self.assert_refused(answer, "odoo.arguments", "'value' has 3001 characters")

    def test_the_number_of_expansions_in_a_request_is_limited(self):
        steps = ("parent_id", "commercial_partner_id")
        wide = tree(*[".".join([*walk, "name"]) for length in range(1, 8) for walk in product(steps, repeat=length)])
        self.assert_refused(
            self.query(read("res.partner", self.partner.ids, fields=wide)), "request.too_complex", "200"
        )
        # If each operation of a batch repeats the same read, Postgres does not need more memory at a time.
        same = read("res.partner", self.partner.ids, fields=tree("parent_id.name", "country_id.code"))
        self.assertTrue(self.query(*[same] * 150)["ok"])

    def test_the_number_of_fields_in_an_order_is_limited(self):
        self.assert_refused(self.query(search("res.partner", order=",".join(["name"] * 33))), "odoo.order", "32")


def specification_of(depth):
    return {"parent_id": {"fields": specification_of(depth - 1) if depth > 1 else {"name": {}}}}
