from datetime import datetime

from odoo.tests import tagged

from .common import ChannelCase

NARROW = {"scopes": ["res.partner:read"], "models": None}


@tagged("post_install", "-at_install")
class TestAggregates(ChannelCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.parent = cls.env["res.partner"].create({"name": "Parent", "is_company": True})
        cls.children = cls.env["res.partner"].create(
            [{"name": f"Child {color}", "parent_id": cls.parent.id, "color": color} for color in (1, 2, 4)]
        )

    def aggregate(
        self, *group, measures=("__count",), model="res.partner", domain=None, context=None, grant=None, **options
    ):
        operation = {
            "op": "aggregate",
            "model": model,
            "domain": domain if domain is not None else [["parent_id", "=", self.parent.id]],
            "group": list(group),
            "measures": list(measures),
            "limit": 80,
            "offset": 0,
        }
        return self.query({**operation, **options}, context=context, grant=grant)

    def groups(self, *group, **options):
        return self.assert_ok(self.aggregate(*group, **options))["groups"]

    def test_counts_and_sums_by_record_and_choice(self):
        [group] = self.groups("parent_id", "type", measures=["__count", "color:sum", "color:max"])
        self.assertEqual(group["parent_id"], {"id": self.parent.id, "name": "Parent"})
        self.assertEqual(group["type"], {"value": "contact", "label": "Contact"})
        self.assertEqual((group["__count"], group["color:sum"], group["color:max"]), (3, 7, 4))

    def test_without_a_grouping_the_result_is_one_group(self):
        self.assertEqual(self.groups(measures=["color:sum"]), [{"color:sum": 7}])

    def test_a_month_follows_the_callers_time_zone_even_if_the_clocks_change_in_it(self):
        self.env.cr.execute(
            "update res_partner set create_date = %s where id = any(%s)",
            (datetime(2026, 2, 28, 23, 30), self.children.ids),
        )
        result = self.assert_ok(self.aggregate("create_date:month", context={"tz": "Europe/Brussels"}))
        self.assertEqual(result["timezone"], "Europe/Brussels")
        [group] = result["groups"]
        march = {"from": "2026-02-28T23:00:00Z", "to": "2026-03-31T22:00:00Z", "label": "March 2026"}
        self.assertEqual(group["create_date:month"], march)

    def test_having_and_order_apply_to_measures(self):
        measures = ["color:sum", "__count"]
        domain = [["id", "in", self.children.ids]]
        found = self.groups(
            "color", measures=measures, domain=domain, having=[["color:sum", ">", 1]], order="color:sum desc"
        )
        self.assertEqual([group["color"] for group in found], [4, 2])

    def test_fields_that_the_caller_may_not_read_are_refused_in_each_place(self):
        self.patch(self.env["res.partner"]._fields["ref"], "groups", "base.group_system")
        for asked in (
            {"measures": ["ref:max"]},
            {"domain": [["ref", "=", "x"]]},
            {"order": "ref"},
            {"having": [["ref:max", ">", 1]]},
        ):
            self.assert_refused(self.aggregate(**asked), "odoo.access")
        self.assert_refused(self.aggregate("ref"), "odoo.access")

    def test_scopes_and_exposure_apply_to_related_models(self):
        self.assert_refused(self.aggregate(model="sale.order", domain=[], grant=NARROW), "scope.insufficient")
        self.assert_refused(self.aggregate("user_ids.login", grant=NARROW), "scope.insufficient")
        self.assert_refused(self.aggregate("password", model="res.users", domain=[]), "odoo.exposure")
        self.assert_refused(self.aggregate(model="gateway.key", domain=[]), "odoo.exposure")

    def test_a_day_without_a_midnight_ends_at_the_next_one(self):
        self.env.cr.execute(
            "update res_partner set create_date = '2026-04-24 10:00' where id = any(%s)", (self.children.ids,)
        )
        self.env.invalidate_all()
        [group] = self.groups("create_date:day", context={"tz": "Africa/Cairo"})
        day = group["create_date:day"]
        self.assertEqual((day["from"], day["to"]), ("2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"))

    def test_only_records_allowed_by_rules_are_counted(self):
        self.env["ir.rule"].create(
            {
                "name": "Only one",
                "model_id": self.env.ref("base.model_res_partner").id,
                "domain_force": f"[('id', '!=', {self.children[0].id})]",
            }
        )
        self.assertEqual(self.groups(), [{"__count": 2}])

    def test_aggregates_that_return_lists_are_not_measures(self):
        for measure in ("name:array_agg", "id:recordset", "color", "color:sum(ref)"):
            self.assert_refused(self.aggregate(measures=[measure]), "odoo.arguments", measure)

    def test_a_measure_of_no_values_is_null(self):
        self.env.cr.execute("update res_partner set partner_latitude = null where id = any(%s)", [self.children.ids])
        expected = {"partner_latitude:avg": None, "partner_latitude:max": None, "employee:bool_or": False}
        self.assertEqual(self.groups(measures=list(expected)), [expected])

    def test_an_aggregate_without_measures_is_refused(self):
        self.assert_refused(self.aggregate(measures=[]), "odoo.arguments")
