from datetime import datetime, timedelta

from odoo.tests import tagged
from odoo.tools import SQL

from ..executor.keyset import behind, keyset, place, place_to_sql
from .common import ChannelCase, search, tree

LONG = "Zoë \x01" * 200


@tagged("post_install", "-at_install")
class TestPaging(ChannelCase):
    """A list that continues after its last record shows each record once, in the order of the whole list."""

    def pages(self, model, domain, order, limit=1, context=None):
        """The ids of each page; there are at most as many pages as records."""
        operation = search(model, domain, fields=tree("id"), order=order, limit=limit)
        for _ in range(50):
            page = self.assert_ok(self.query(operation, context=context))
            yield [record["id"] for record in page["records"]]
            if "next" not in page:
                return
            operation.update(page["next"])
        self.fail("The pages do not end.")

    def assert_pages(self, model, domain, order, context=None):
        whole = self.assert_ok(self.query(search(model, domain, fields=tree("id"), order=order), context=context))
        expected = [record["id"] for record in whole["records"]]
        self.assertGreater(len(expected), 3)
        for limit in (1, 3):
            seen = [id_ for page in self.pages(model, domain, order, limit, context) for id_ in page]
            self.assertEqual(seen, expected, (order, limit))

    def partners(self):
        comments = [False, "", LONG, LONG + "a", LONG + "a", LONG + "b", "short", LONG[:40]]
        vals_list = [
            {"name": comment or "Empty", "comment": comment, "ref": "Paged", "partner_latitude": i / 3}
            for i, comment in enumerate(comments)
        ]
        partners = self.env["res.partner"].create(vals_list)
        partners.flush_recordset()
        for i, partner in enumerate(partners):
            made = datetime(2026, 1, 1) + timedelta(microseconds=i // 2)
            latitude = f"1234567890123456.{i // 2}"
            self.env.cr.execute(
                "update res_partner set create_date = %s, partner_latitude = %s where id = %s",
                [made, latitude, partner.id],
            )
        partners.invalidate_recordset()
        return [["ref", "=", "Paged"]]

    def test_over_long_empty_equal_and_exact_values(self):
        domain = self.partners()
        for order in (
            "name",
            "name desc",
            "comment",
            "comment desc, name",
            "ref, comment desc, id desc",
            "create_date",
            "create_date desc",
            "partner_latitude desc, color",
            "partner_latitude, id desc",
            "is_company, name, comment, ref, color, partner_latitude, create_date",
        ):
            with self.subTest(order=order):
                self.assert_pages("res.partner", domain, order)

    def test_over_translated_values_in_their_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        tags = self.env["res.partner.category"].create([{"name": f"Paged {i}{LONG}"} for i in range(5)])
        for i, tag in enumerate(tags[:3]):
            tag.with_context(lang="fr_FR").name = f"Paged {9 - i}{LONG}"
        domain = [["id", "in", tags.ids]]
        for lang in ("en_US", "fr_FR"):
            for order in ("name", "name desc"):
                with self.subTest(lang=lang, order=order):
                    self.assert_pages("res.partner.category", domain, order, {"lang": lang})
        operation = search("res.partner.category", domain, fields=tree("id"), order="name", limit=1)
        page = self.assert_ok(self.query(operation, context={"lang": "fr_FR"}))
        answer = self.query({**operation, **page["next"]}, context={"lang": "en_US"})
        self.assert_refused(answer, "query.cursor", "fr_FR")

    def test_over_a_long_value_that_has_changed_shows_the_others(self):
        for order, change in (("name", "write"), ("name desc", "write"), ("name", "unlink"), ("name desc", "unlink")):
            with self.subTest(order=order, change=change):
                partners = self.env["res.partner"].create(
                    [{"name": f"{LONG}{i}", "ref": order + change} for i in range(4)]
                )
                pages = self.pages("res.partner", [["ref", "=", order + change]], order)
                [first] = next(pages)
                changed = partners.browse(first)
                changed.write({"name": "Aaa"}) if change == "write" else changed.unlink()
                self.env.flush_all()
                rest = {id_ for page in pages for id_ in page}
                self.assertLessEqual(set(partners.ids) - {first}, rest)

    def test_a_page_starts_in_the_middle_of_an_index(self):
        for kind in ("seqscan", "bitmapscan", "sort"):
            self.env.cr.execute(f"set local enable_{kind} = off")
        for model, order in (
            ("res.partner", "id"),
            ("res.partner", "id desc"),
            ("sale.order", "date_order desc, id desc"),
        ):
            record = self.env[model].search([], limit=1)
            terms = keyset(record, order)
            condition = behind(record, terms, place(terms, record))
            by = SQL(", ").join([SQL("%s DESC" if term.descending else "%s", term.column) for term in terms])
            table = SQL.identifier(record._table)
            self.env.cr.execute(SQL("EXPLAIN SELECT id FROM %s WHERE %s ORDER BY %s LIMIT 2", table, condition, by))
            plan = "\n".join(line for (line,) in self.env.cr.fetchall())
            self.assertIn("Index Cond", plan, order)

    def test_sql_formats_floats_of_a_position_like_python(self):
        numbers = [0.0, -2.5, 1e-4, 1e-5, 123456.0, 0.1 + 0.2, 999999999999999.0, 1e16, 1.5e300]
        numbers += [1e15, -1e15, 1000000000000000.5, 1234567890123456.0, 9999999999999998.0]
        formats = self.env["report.paperformat"].create([{"name": "Float", "margin_top": value} for value in numbers])
        terms = keyset(formats, "margin_top, id")
        for paper in formats:
            expected = place(terms, paper)
            texts = SQL(", ").join(place_to_sql(formats, terms, {"margin_top"}))
            self.env.cr.execute(SQL("SELECT %s FROM report_paperformat WHERE id = %s", texts, paper.id))
            self.assertEqual([*self.env.cr.fetchone(), None], expected)

    def test_an_order_of_very_many_fields_is_paged_by_offset(self):
        names = ["name", "ref", "color", "comment", "city", "zip", "street", "street2"]
        page = self.assert_ok(self.query(search("res.partner", [], fields=tree("id"), order=", ".join(names), limit=1)))
        self.assertNotIn("next", page)
