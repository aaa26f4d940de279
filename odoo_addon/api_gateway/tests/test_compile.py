import hashlib
import hmac
import json
import re

from odoo.tests.common import new_test_user, tagged

from ..executor.compiling.overrides import named_methods, verdict
from ..executor.state import _states
from .common import ChannelCase, method, read, search, tree
from .compiled import Slots, UnfitError, run

PARTNER = tree("name", "email", "parent_id", "category_id", "create_date")
# Each entry: a model, a domain, and the same domain with other values of the same kind.
CONDITIONS = [
    ("res.partner", [["name", "ilike", "é%"]], [["name", "ilike", "o'b\\r"]]),
    ("res.partner", [["name", "=", "Zoë"], ["name", "!=", "Zoë"]], [["name", "=", "Zoë"], ["name", "!=", "x"]]),
    (
        "res.partner",
        [["name", "in", ["Zoë", "x"]], ["name", "in", ["Zoë"]]],
        [["name", "in", ["a"]], ["name", "in", ["a", "b"]]],
    ),
    ("res.partner", [["color", ">", -5]], [["color", ">", -2]]),
    ("res.partner", [["color", "<=", 5]], [["color", "<=", 1]]),
    ("res.partner", ["|", ["id", "in", [1, 2, 3]], ["id", "=", 5]], ["|", ["id", "in", [7]], ["id", "=", 7]]),
    ("res.partner", [["create_date", ">", "2020-01-01 10:00:00"]], [["create_date", ">", "2999-01-01 00:00:00"]]),
    ("res.partner", [["parent_id", "=", "Azure"]], [["parent_id", "=", "Gateway"]]),
    ("res.partner", [["parent_id.name", "ilike", "az"]], [["parent_id.name", "ilike", "de"]]),
    ("res.partner", [["child_ids", "any", [["name", "like", "a"]]]], [["child_ids", "any", [["name", "like", "Z"]]]]),
    ("res.partner", [["id", "child_of", 1]], [["id", "child_of", 14]]),
    ("res.partner", [["parent_id", "child_of", [1, 9]]], [["parent_id", "child_of", [14]]]),
    ("res.partner", [["company_id", "parent_of", [1]]], [["company_id", "parent_of", [2]]]),
    ("res.partner", [["category_id", "in", [1, 2]]], [["category_id", "in", [3]]]),
    ("res.partner", [["active", "=", False]], [["active", "=", False]]),
    ("res.country", [["name", "=like", "Fr%"]], [["name", "=like", "Ger%"]]),
    ("res.currency.rate", [["rate", ">", 1.25]], [["rate", ">", 0.5]]),
    ("res.currency.rate", [["name", ">=", "2020-01-01"]], [["name", ">=", "2999-01-01"]]),
    ("res.users", [["partner_id.parent_id", "=", False]], [["partner_id.parent_id", "=", False]]),
]
REFUSED = [
    (search("res.partner", [["create_date", ">", "today"]]), "clock"),
    (search("res.partner", [["create_date", ">", "2020-01-01"]]), "values"),
    (search("res.partner", [["color", "=", "5"]]), "values"),
    (search("res.partner", [["parent_id", "in", ["a", "b"]]]), "values"),
    (search("res.partner", [["id", "in", []]]), "constant"),
    (search("res.partner", [["id", "child_of", "Azure"]]), "values"),
    (search("res.partner", fields=tree("avatar_128")), "field"),
    (search("res.partner", fields=tree("commercial_partner_country_id")), "field"),
    (search("res.partner", order="nothing"), "field"),
    (search("res.partner", count="estimated"), "context"),
    (search("mail.message"), "model"),
    (search("ir.rule", fields=tree("name")), "rights"),
    (search("res.users", fields=tree("password")), "rights"),
    (search("nothing"), "model"),
    (search("res.users", fields=tree("company_ids")), "field"),
    (read("ir.attachment", [1]), "model"),
]


@tagged("post_install", "-at_install")
class TestCompile(ChannelCase):
    """A compiled read equals the executor's, or is not compiled."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.second = cls.env["res.company"].create({"name": "Second"})
        companies = [(6, 0, [cls.env.company.id, cls.second.id])]
        cls.admin = cls.env.ref("base.user_admin")
        cls.admin.company_ids = companies
        cls.portal = new_test_user(cls.env, "gateway_portal", groups="base.group_portal")
        cls.french = new_test_user(
            cls.env, "gateway_french", groups="base.group_user", lang="fr_FR", company_ids=companies
        )
        parent = cls.env["res.partner"].create({"name": "Azure \n Deep ", "is_company": True})
        tag = cls.env["res.partner.category"].create(
            {"name": "Tag", "parent_id": cls.env["res.partner.category"].search([], limit=1).id}
        )
        tag.with_context(lang="fr_FR").name = "Étiquette"
        cls.env["res.partner"].create(
            [
                {"name": name, "company_id": company, "parent_id": parent.id, "category_id": [(6, 0, tag.ids)], **more}
                for name in ("é%_a", "Zoë", "")
                for company in (False, cls.second.id)
                for more in ({}, {"active": False}, {"type": "invoice", "company_name": "C"})
                if name or "type" in more
            ]
        )

    def settle(self):
        """This process made all changes itself, so its caches are up to date, although tests send no signals."""
        self.env.flush_all()
        self.env.cr.execute("select gateway.read_versions()")
        numbers = [*map(int, self.env.cr.fetchone()[0].partition("/")[0].split("."))]
        caches = dict(zip(("default", "stable", "groups"), numbers[1:], strict=True))
        self.patch(self.env.registry, "registry_sequence", numbers[0])
        self.patch(self.env.registry, "cache_sequences", {**self.env.registry.cache_sequences, **caches})

    def compiled(self, operation, **call):
        """The plan and its values, or the reason for a refusal."""
        slots = Slots()
        self.settle()
        result = self.assert_ok(self.execute({"op": "compile", "read": slots.of(operation)}, **call))
        if "refused" in result:
            return result["refused"], None
        signature = hmac.new(self.secret, result["plan_text"].encode(), hashlib.sha256).hexdigest()
        self.assertEqual(result["signature"], signature)
        return json.loads(result["plan_text"]), slots.values

    def assert_same(self, operation, plan=None, values=None, **call):
        """The compiled read equals the executor's. `plan` and `values`: a plan of another read, and the values of this
        one."""
        if plan is None:
            plan, values = self.compiled(operation, **call)
        self.assertNotIn("why", plan, operation)
        expected = self.assert_ok(self.query(operation, **call))
        given = run(self.env.cr, plan, values)
        if operation["op"] == "read":
            rows = {row["id"]: row for row in given["records"]}
            given["records"] = [rows[id_] for id_ in operation["ids"] if id_ in rows]
        self.assertEqual(_plain(given["records"]), expected["records"], plan["text"])
        self.assertEqual([*map(list, given["records"])], [*map(list, expected["records"])], "the order of fields")
        self.assertEqual(given.get("total"), expected.get("total"))
        if "next" in expected:
            self.assertEqual(given["place"], expected["next"])
        self.assertEqual((plan["fields"], plan["omitted"]), (expected["fields"], expected["omitted"]))
        return expected

    def test_pages_of_all_models_equal_the_executors(self):
        compiled = found = 0
        for name in sorted(self.env.registry):
            model = self.env[name]
            if model._abstract or model._transient:
                continue
            for user in (self.admin, self.portal):
                plan, values = self.compiled(search(name, limit=9), uid=user.id)
                if "why" not in plan:
                    compiled += 1
                    self.assert_reads_only_its_relations(plan)
                    found += bool(self.assert_same(search(name, limit=9), plan, values, uid=user.id)["records"])
        self.assertGreater(compiled, 130)
        self.assertGreater(found, 60)

    def test_conditions_work_for_other_values_of_the_same_kind(self):
        for model, domain, other in CONDITIONS:
            for user in (self.admin, self.french):
                call = {"uid": user.id, "context": {"tz": "Europe/Paris"}}
                fields = PARTNER if model == "res.partner" else None
                operation, others = (search(model, terms, fields=fields) for terms in (domain, other))
                with self.subTest(domain=domain, user=user.login):
                    plan, values = self.compiled(operation, **call)
                    self.assert_same(operation, plan, values, **call)
                    slots = Slots()
                    slots.of(others)
                    self.assert_same(others, plan, slots.values, **call)

    def test_trees_names_counts_and_single_records(self):
        wide = tree(
            "display_name",
            "child_ids.name",
            "child_ids.parent_id",
            "category_id.parent_id.name",
            "child_ids.category_id.name",
        )
        for user in (self.admin, self.caller, self.french):
            for context in ({}, {"lang": "fr_FR"}, {"lang": "en_US", "tz": "UTC"}):
                self.assert_same(
                    search("res.partner", limit=20, fields=wide, count="exact"), uid=user.id, context=context
                )
        self.assert_same(search("res.partner", limit=2, offset=500, count="exact"))
        self.assert_same(
            search("res.users", fields=tree("name", "partner_id.name", "partner_id.country_id"), count="exact")
        )
        ids = self.env["res.partner"].with_context(active_test=False).search([], limit=12).ids
        self.assert_same(read("res.partner", [*ids, ids[0], 2**30], fields=wide), uid=self.admin.id)

    def test_reading_methods_give_their_raw_results(self):
        fields = ["name", "parent_id", "category_id", "create_date", "partner_latitude", "active"]
        domain = [["name", "ilike", "a"], ["color", "<", 4]]
        ids = self.env["res.partner"].search([], limit=5, order="name").ids
        for operation in (
            method("res.partner", "search_read", domain, fields=fields, limit=9, order="name, id"),
            method(
                "res.partner",
                "search_read",
                domain,
                fields=fields,
                load=None,
                order="id desc",
                context={"lang": "fr_FR"},
            ),
            method("res.partner", "search", domain, limit=7, offset=2, order="id"),
            method("res.partner", "search", []),
            method("res.partner", "search_count", domain),
            method("res.partner", "search_count", [], limit=3),
            method("res.partner", "read", ids, fields=["name", "display_name", "user_id"]),
            method("res.partner", "read", [*ids[::-1], ids[0]], fields=["name"]),
        ):
            for user in (self.admin, self.french):
                with self.subTest(operation=operation, user=user.login):
                    plan, values = self.compiled(operation, uid=user.id)
                    self.assertNotIn("why", plan)
                    expected = self.assert_ok(self.query(operation, uid=user.id))
                    given = run(self.env.cr, plan, values)
                    self.assertEqual(_plain(given), expected)
                    if plan["result"] == "rows":
                        self.assertEqual([*given[0]], [*expected[0]], "the order of fields")
        for operation, why in (
            (method("res.partner", "search_read", []), "field"),
            (method("res.partner", "read", ids), "field"),
            (method("res.partner", "name_search", "a"), "context"),
            (method("res.partner", "search", [], context={"active_test": False}), "context"),
            (method("mail.message", "search", []), "model"),
        ):
            self.assertEqual(self.compiled(operation)[0].get("why"), why, operation)

    def test_after_a_rotation_the_new_secret_signs(self):
        self.env.cr.execute("select gateway.rotate_secret('channel', 3600)")
        self.env.cr.execute("select value from gateway.secret where purpose = 'channel' and expires_at is null")
        self.secret = bytes(self.env.cr.fetchone()[0])
        self.addCleanup(_states.clear)
        self.compiled(search("res.country", fields=tree("name")))

    def test_a_hidden_record_still_shows_its_name(self):
        partner = self.env["res.partner"].create({"name": "Far", "company_id": self.second.id})
        child = self.env["res.partner"].create({"name": "Near", "parent_id": partner.id})
        child.company_id = False
        found = self.assert_same(read("res.partner", child.ids, fields=tree("parent_id.name", "parent_id.email")))
        self.assertEqual(found["records"][0]["parent_id"], {"id": partner.id, "display_name": "Far"})

    def test_pages_follow_each_other(self):
        for order in ("name desc, id", "create_date, active desc", "color, name", "type, id desc"):
            operation = search("res.partner", limit=7, order=order, fields=tree("name", "active"))
            for _page in range(4):
                following = self.assert_same(operation)["next"]
                operation = search(
                    "res.partner",
                    limit=7,
                    order=following["order"],
                    after=following["after"],
                    fields=operation["fields"],
                    count="exact",
                )

    def test_rules_and_companies_are_in_the_plan(self):
        operation = search("res.partner", fields=tree("name", "company_id"), limit=100, order="id")
        for companies in ([self.env.company.id], [self.second.id], [self.second.id, self.env.company.id]):
            self.assert_same(operation, uid=self.french.id, context={"allowed_company_ids": companies})
        self.env["ir.rule"].create(
            {
                "name": "No Zoë",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": "[('name', '!=', 'Zoë'), ('create_uid', '!=', user.id)]",
            }
        )
        names = {record["name"] for record in self.assert_same(operation, uid=self.french.id)["records"]}
        self.assertNotIn("Zoë", names)

    def test_a_rule_that_reads_the_clock_is_not_compiled(self):
        self.env["ir.rule"].create(
            {
                "name": "Until today",
                "model_id": self.env["ir.model"]._get_id("res.country"),
                "domain_force": "[('create_date', '<', 'today +1d')]",
            }
        )
        self.assertEqual(self.compiled(search("res.country"))[0]["why"], "clock")

    def test_records_with_properties_are_read_by_odoo(self):
        operation = search("project.task", fields=tree("name", "task_properties"), limit=3)
        plan, values = self.compiled(operation, uid=self.admin.id)
        self.assert_same(operation, plan, values, uid=self.admin.id)
        project = self.env["project.task"].search([], limit=1).project_id
        project.task_properties_definition = [{"name": "note", "string": "Note", "type": "char"}]
        self.env.flush_all()
        self.assertRaises(UnfitError, run, self.env.cr, plan, values)

    def test_a_read_that_is_not_compiled_has_a_reason(self):
        for operation, why in REFUSED:
            with self.subTest(operation=operation):
                refused, _values = self.compiled(operation)
                self.assertEqual(refused.get("why"), why, refused)
        narrowed = {"scopes": ["res.partner:read"], "models": None}
        refused, _values = self.compiled(search("res.country"), grant=narrowed)
        self.assertEqual(refused["why"], "rights")
        refused, _values = self.compiled(
            search("res.partner"), context={"allowed_company_ids": [self.second.id]}, uid=self.admin.id
        )
        self.assertNotIn("why", refused)

    def test_a_plan_lists_everything_that_it_reads(self):
        plan, _values = self.compiled(
            search("res.partner", [["parent_id.country_id", "=", "France"]], fields=tree("user_id", "category_id.name"))
        )
        self.assertLessEqual(
            {"res_partner", "res_country", "res_users", "res_partner_category", "res_partner_res_partner_category_rel"},
            plan["relations"].keys(),
        )
        self.assertLessEqual(
            {"id", "parent_id", "company_id", "user_id", "active"}, {*plan["relations"]["res_partner"]}
        )
        self.assertNotIn("password", plan["relations"]["res_users"])

    def test_a_count_names_a_column_so_that_the_reader_role_gets_a_right(self):
        for limit in ({}, {"limit": 3}):
            plan, _values = self.compiled(method("res.country", "search_count", [], **limit))
            self.assertIn("id", plan["relations"]["res_country"])

    def test_a_plan_reads_all_tables_that_it_joins(self):
        self.env["ir.rule"].create(
            {
                "name": "Followed",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": "[('message_partner_ids', 'in', [user.partner_id.id])]",
            }
        )
        for fields in (tree("name"), tree("category_id.name", "user_ids.name", "child_ids.user_id.name")):
            plan, _values = self.compiled(search("res.partner", fields=fields), uid=self.french.id)
            self.assertIn("mail_followers", plan["relations"])
            self.assert_reads_only_its_relations(plan)

    def assert_reads_only_its_relations(self, plan):
        """Postgres knows which columns a view of the plan depends on. The plan must name these, and no
        others except keys that link records."""
        self.env.cr.execute("SAVEPOINT seen")
        self.env.cr.execute("CREATE TEMP VIEW seen AS " + re.sub(r"\$\d+", "NULL", plan["text"]).replace("%", "%%"), ())
        self.env.cr.execute(
            """
            SELECT DISTINCT c.relname, a.attname
            FROM pg_rewrite r JOIN pg_depend d ON d.objid = r.oid JOIN pg_class c ON c.oid = d.refobjid
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid AND a.attnum > 0
            WHERE r.ev_class = 'seen'::regclass AND d.refclassid = 'pg_class'::regclass
            """
        )
        read = {*self.env.cr.fetchall()}
        self.env.cr.execute("ROLLBACK TO seen")
        named = {(table, column) for table, columns in plan["relations"].items() for column in columns}
        self.assertLessEqual(read, named, plan["text"])
        links = {(table, column) for table, column in named - read if table.endswith("_rel")}
        self.assertEqual(named - read - links, set(), plan["text"])

    def test_all_of_odoos_overrides_are_classified(self):
        """If this fails, classify each method in the message, as described in `scripts/stack/known_methods.py`."""
        new = {name for name, function in named_methods(self.env.registry).items() if not verdict(function)}
        self.assertEqual(new, set())


def _plain(value):
    return json.loads(json.dumps(value, default=str))
