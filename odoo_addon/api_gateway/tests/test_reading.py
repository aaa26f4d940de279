from odoo import fields
from odoo.tests import tagged
from odoo.tests.common import new_test_user

from .common import ChannelCase, read, search, tree


@tagged("post_install", "-at_install")
class TestReading(ChannelCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tag = cls.env["res.partner.category"].create({"name": "Gateway"})
        cls.parent = cls.env["res.partner"].create({"name": "Parent", "is_company": True, "city": "Ghent"})
        cls.children = cls.env["res.partner"].create(
            [
                {"name": f"Child {i}", "parent_id": cls.parent.id, "category_id": [(4, cls.tag.id)], "color": i}
                for i in range(5)
            ]
        )

    def test_attachments_are_refused_to_users_without_the_access_right(self):
        attachment = self.env["ir.attachment"].create({"name": "Public", "public": True, "raw": b"x"})
        portal = new_test_user(self.env, "gateway_portal", groups="base.group_portal")
        for operation in (search("ir.attachment"), read("ir.attachment", attachment.ids)):
            self.assert_refused(self.query(operation, uid=portal.id), "odoo.access")

    def test_an_answer_equals_that_of_the_orm_for_the_user(self):
        names = ["name", "parent_id", "color", "category_id", "create_date", "is_company", "email", "display_name"]
        domain = [["parent_id", "=", self.parent.id], ["color", ">", 1]]
        result = self.assert_ok(
            self.query(search("res.partner", domain, fields=tree(*names), order="color desc", limit=2))
        )
        expected = (
            self.env["res.partner"]
            .with_user(self.caller)
            .search_read([tuple(term) for term in domain], names, order="color desc", limit=2)
        )
        for values in expected:
            values["create_date"] = fields.Datetime.to_string(values["create_date"])
            values["parent_id"] = list(values["parent_id"])
        self.assertEqual(result["records"], expected)
        self.assertEqual([values["color"] for values in expected], [4, 3])

    def test_without_fields_the_stored_non_binary_columns_are_read(self):
        result = self.assert_ok(self.query(read("res.partner", self.partner.ids)))
        model_fields = self.env["res.partner"]._fields
        self.assertEqual(set(result["records"][0]), {"id", *result["fields"]})
        self.assertIn("write_date", result["fields"])
        for name in result["fields"]:
            field = model_fields[name]
            self.assertTrue(field.store and field.column_type and field.type != "binary", name)

    def test_fields_that_the_user_may_not_read_are_omitted_and_refused_by_name(self):
        self.patch(self.env["res.partner"]._fields["ref"], "groups", "base.group_system")
        result = self.assert_ok(self.query(read("res.partner", self.partner.ids)))
        self.assertIn("ref", result["omitted"])
        self.assertNotIn("ref", result["records"][0])
        self.assert_refused(self.query(read("res.partner", self.partner.ids, fields=tree("ref"))), "odoo.access", "ref")
        self.assert_refused(self.query(search("res.partner", [["ref", "=", "x"]])), "odoo.access", "ref")
        self.assert_refused(self.query(search("res.partner", order="ref")), "odoo.access", "ref")

    def test_records_are_read_in_the_order_of_their_ids_including_archived_ones(self):
        self.children[0].active = False
        ids = [*reversed(self.children.ids), 2**31 - 1]
        result = self.assert_ok(self.query(read("res.partner", ids, fields=tree("active"))))
        self.assertEqual([values["id"] for values in result["records"]], ids[:-1])

    def test_relations_expand_to_any_depth_with_the_same_statements_for_one_and_for_many(self):
        fields_ = tree("name", "child_ids.name", "child_ids.category_id.name", "child_ids.parent_id.city")
        result = self.assert_ok(self.query(read("res.partner", self.parent.ids, fields=fields_)))
        [parent] = result["records"]
        self.assertEqual([child["name"] for child in parent["child_ids"]], self.parent.child_ids.mapped("name"))
        self.assertEqual(parent["child_ids"][0]["category_id"], [{"id": self.tag.id, "name": "Gateway"}])
        self.assertEqual(parent["child_ids"][0]["parent_id"], {"id": self.parent.id, "city": "Ghent"})

        self.env["res.partner"].create(
            [
                {"name": f"Gwp {i}", "is_company": True, "child_ids": [(0, 0, {"name": f"C{i}{j}"}) for j in range(3)]}
                for i in range(20)
            ]
        )
        counts = []
        for limit in (2, 20):
            answer = self.query(search("res.partner", [["name", "=like", "Gwp%"]], fields=fields_, limit=limit))
            self.assert_ok(answer)
            counts.append(answer["sql"])
        self.assertEqual(*counts)

    def test_an_expanded_record_that_a_rule_hides_shows_only_its_id_and_name(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        parent = self.env["res.partner"].create(
            {"name": "Hidden", "is_company": True, "company_id": company.id, "city": "Secret"}
        )
        self.children[0].write({"company_id": False})
        self.env.cr.execute("update res_partner set parent_id = %s where id = %s", (parent.id, self.children[0].id))
        self.env.invalidate_all()
        [row] = self.assert_ok(
            self.query(read("res.partner", self.children[:1].ids, fields=tree("parent_id.city", "parent_id.name")))
        )["records"]
        self.assertEqual(row["parent_id"], {"id": parent.id, "display_name": "Hidden"})

    def test_a_record_rule_of_a_second_company_hides_its_records(self):
        company = self.env["res.company"].create({"name": "Second"})
        theirs = self.env["res.partner"].create({"name": "Theirs", "company_id": company.id})
        self.assertEqual(self.assert_ok(self.query(read("res.partner", theirs.ids)))["records"], [])
        found = self.assert_ok(self.query(search("res.partner", [["name", "=", "Theirs"]], count=True)))
        self.assertEqual((found["records"], found["total"]), ([], 0))
        self.assert_refused(
            self.query(search("res.partner"), context={"allowed_company_ids": company.ids}), "odoo.access", "compan"
        )
        self.caller.company_ids += company
        in_both = self.assert_ok(self.query(read("res.partner", theirs.ids)))
        self.assertEqual(len(in_both["records"]), 1)
        in_first = self.query(read("res.partner", theirs.ids), context={"allowed_company_ids": self.env.company.ids})
        self.assertEqual(self.assert_ok(in_first)["records"], [])

    def test_the_total_counts_past_the_page(self):
        domain = [["parent_id", "=", self.parent.id]]
        for limit, offset in ((2, 0), (80, 0), (80, 3), (80, 99)):
            found = self.assert_ok(self.query(search("res.partner", domain, limit=limit, offset=offset, count=True)))
            self.assertEqual(found["total"], 5, (limit, offset))

    def test_pages_of_a_model_that_hides_records_after_it_found_them_are_full_and_complete(self):
        # Uses messages, because hidden ones are removed after the page has been read.
        seen = self.partner.message_post(body="seen")
        hidden = self.env["res.partner"].create({"name": "Hidden"})
        for i in range(12):
            seen |= self.partner.message_post(body=f"seen {i}")
            hidden.message_post(body=f"hidden {i}")
        hidden.company_id = self.env["res.company"].create({"name": "Elsewhere"})
        all_ids = self.env["mail.message"].search([("id", ">=", min(seen.ids)), ("model", "=", "res.partner")]).ids
        self.assertLess(len(seen), len(all_ids))
        domain = [["id", "in", all_ids]]
        expected = self.env["mail.message"].with_user(self.caller).search(domain).ids
        for limit in (1, 5, 10):
            operation = search("mail.message", domain, fields=tree("model"), limit=limit)
            found, page = [], self.assert_ok(self.query({**operation, "count": "exact"}))
            self.assertEqual(page["total"], len(expected))
            while page["records"]:
                self.assertLessEqual(len(page["records"]), limit)
                found += [row["id"] for row in page["records"]]
                if "next" not in page:
                    break
                page = self.assert_ok(self.query({**operation, **page["next"]}))
            self.assertEqual(found, expected)
            second = self.assert_ok(self.query({**operation, "offset": limit}))
            self.assertEqual([row["id"] for row in second["records"]], expected[limit : 2 * limit])

    def test_dates_of_the_first_centuries_are_iso_8601(self):
        rate = self.env["res.currency.rate"].create(
            {"name": "0001-01-01", "rate": 1, "currency_id": self.env.ref("base.EUR").id}
        )
        [row] = self.assert_ok(self.query(read("res.currency.rate", rate.ids, fields=tree("name"))))["records"]
        self.assertEqual(row["name"], "0001-01-01")

    def test_values_are_in_the_requested_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.tag.with_context(lang="fr_FR").name = "Passerelle"
        operation = read("res.partner.category", self.tag.ids, fields=tree("name"))
        for context, name in (({}, "Gateway"), ({"lang": "fr_FR"}, "Passerelle")):
            [row] = self.assert_ok(self.query(operation, context=context))["records"]
            self.assertEqual(row["name"], name)
        self.assert_refused(self.query(operation, context={"lang": "xx_XX"}), "odoo.arguments", "xx_XX")
        self.assert_refused(self.query(operation, context={"tz": "Mars/Olympus"}), "odoo.arguments", "Mars/Olympus")

    def test_one_record_takes_no_more_statements_than_its_columns_need(self):
        operation = read("res.partner", self.partner.ids, fields=tree("name", "email"))
        self.query(operation)
        # one statement each for the clock, the user's companies and the record
        self.assertLessEqual(self.query(operation)["sql"], 3)

    def test_nothing_is_written_while_reading(self):
        partners = type(self.env["res.partner"])

        def _compute_display_name(records):
            records.env.cr.execute("update res_partner set color = 9 where id = %s", (self.partner.id,))

        self.patch(partners, "_compute_display_name", _compute_display_name)
        with self.assertLogs("odoo.sql_db"):
            answer = self.query(read("res.partner", self.partner.ids, fields=tree("display_name")))
        self.assert_refused(answer, "odoo.readonly")
        self.assertNotEqual(self.partner.color, 9)
