from itertools import product

from odoo.tests import tagged

from .common import ChannelCase, method, read, search, tree

NAMES = [f"x{number}" for number in range(60)]


def terms(path, count):
    """Conditions that nothing can merge."""
    return [[path, "ilike", name] for name in NAMES[:count]]


def either(conditions):
    return ["|"] * (len(conditions) - 1) + conditions


@tagged("post_install", "-at_install")
class TestFloods(ChannelCase):
    """What would take all of Postgres's memory is refused before the ORM sees it. Each input is just over its bound."""

    def test_relations_that_one_statement_joins_are_bounded(self):
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

    def test_as_many_as_are_possible_are_answered(self):
        for kind, operation in {
            "conditions over many records": search("res.partner", terms("child_ids.name", 16)),
            "conditions over one record": search("res.partner", either(terms("parent_id.name", 40))),
            "fields of the parent record": search("res.users", either(terms("name", 60))),
            "one long path": search("res.partner", terms(f"{'.'.join(['parent_id'] * 8)}.name", 1)),
            "columns": search("res.partner", either(terms("name", 60) + terms("ref", 60))),
        }.items():
            with self.subTest(kind):
                self.assert_ok(self.query(operation))

    def test_relations_of_a_request_are_bounded_over_all_of_its_operations(self):
        operation = search("res.partner", either(terms("parent_id.name", 40)), fields=tree("name"))
        self.assertTrue(self.query(*[operation] * 5)["ok"])
        error = self.assert_refused(
            self.query(*[operation] * 5, search("res.partner", terms("country_id.name", 1))),
            "request.too_complex",
            "200",
        )
        self.assertEqual((error["operation"], error["details"]["path"]), (5, "country_id.name"))

    def test_expansions_of_a_request_are_bounded(self):
        steps = ("parent_id", "commercial_partner_id")
        wide = tree(*[".".join([*walk, "name"]) for length in range(1, 8) for walk in product(steps, repeat=length)])
        self.assert_refused(
            self.query(read("res.partner", self.partner.ids, fields=wide)), "request.too_complex", "200"
        )
        # The same one in each operation of a batch costs Postgres nothing more at a time.
        same = read("res.partner", self.partner.ids, fields=tree("parent_id.name", "country_id.code"))
        self.assertTrue(self.query(*[same] * 150)["ok"])

    def test_an_order_has_no_more_fields_than_anybody_needs(self):
        self.assert_refused(self.query(search("res.partner", order=",".join(["name"] * 33))), "odoo.order", "32")


def specification_of(depth):
    return {"parent_id": {"fields": specification_of(depth - 1) if depth > 1 else {"name": {}}}}
