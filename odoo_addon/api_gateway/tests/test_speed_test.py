from contextlib import contextmanager
from types import SimpleNamespace
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import TransactionCase, new_test_user, tagged

from odoo.addons.base.models import res_users

GOOD = {"kind": "heavy", "state": "ok", "runs": 10, "p50_ms": 12.5, "odoo_p50_ms": 40, "details": "25 records"}


@contextmanager
def asked_for_the_password(seconds_ago=0):
    """A request whose session says when the password was last entered; Odoo's own check reads nothing else."""
    now = res_users.time.time()
    request = SimpleNamespace(
        session={"identity-check-last": now - seconds_ago},
        httprequest=SimpleNamespace(environ={"REMOTE_ADDR": "127.0.0.1"}),
    )
    with patch.object(res_users, "request", request):
        yield


@tagged("post_install", "-at_install")
class TestSpeedTest(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = "base.group_user,api_gateway.group_user"
        cls.user = new_test_user(cls.env, "measurer", groups=groups)
        cls.other = new_test_user(cls.env, "other", groups=groups)
        cls.manager = new_test_user(cls.env, "manager", groups="base.group_user,api_gateway.group_manager")
        cls.model = cls.env["gateway.speed.test"]

    def odoo_keys(self):
        self.env.invalidate_all()  # Odoo inserts its keys by SQL
        return self.env["res.users.apikeys"].search([("user_id", "=", self.user.id)])

    def test_keys_are_created_only_after_the_password_was_entered(self):
        model = self.model.with_user(self.user)
        with asked_for_the_password(seconds_ago=3600):
            for act in (model.prepare, model.confirm_identity):
                self.assertEqual(act()["res_model"], "res.users.identitycheck")
        self.assertFalse(self.odoo_keys())
        with asked_for_the_password():
            prepared = model.prepare()
        self.assertTrue(prepared["key"].startswith("gwk_"))
        self.assertEqual(len(self.odoo_keys()), 1)

    def test_the_keys_belong_to_the_user_may_only_read_and_expire_soon(self):
        model = self.model.with_user(self.user)
        with asked_for_the_password():
            first, second = model.prepare(), model.prepare()
        key = self.env["gateway.key"].search([("is_speed_test", "=", True), ("user_id", "=", self.user.id)])
        self.assertEqual(len(key), 1, "one key, so that the figures show a single caller")
        self.assertEqual(key.scopes, "read")
        self.assertLessEqual((key.expires_at - fields.Datetime.now()).total_seconds(), 600)
        self.assertNotEqual(first["key"], second["key"])
        model.finish(first["odoo_key_name"])
        self.assertEqual(self.odoo_keys().mapped("name"), [second["odoo_key_name"]])
        model.with_user(self.other).finish(second["odoo_key_name"])
        self.assertEqual(len(self.odoo_keys()), 1, "users cannot revoke another user's key")
        model.finish(second["odoo_key_name"])
        self.assertFalse(self.odoo_keys())
        self.assertEqual(key.state, "expired")

    def test_its_limits_are_its_own_and_all_other_rules_are_its_users(self):
        profile = self.env["gateway.profile"].create(
            {
                "name": "Slow",
                "minute_limit": 3,
                "max_concurrency": 1,
                "ip_list": "192.0.2.1",
                "model_names": "res.partner",
            }
        )
        self.user.gateway_profile_id = profile
        with asked_for_the_password():
            self.model.with_user(self.user).prepare()
        key = self.env["gateway.key"].search([("is_speed_test", "=", True), ("user_id", "=", self.user.id)])
        self.env.flush_all()
        self.env.cr.execute("select policy from gateway.credential('gateway_key', %s)", (key.id,))
        [policy] = self.env.cr.fetchone()
        self.assertEqual(policy["limits"], {"minute": 1200, "hour": 0, "day": 0})
        self.assertEqual((policy["subject"], policy["concurrency"]), ("key", None))
        self.assertEqual((policy["ips"], policy["models"]), (["192.0.2.1"], ["res.partner"]))

    def test_it_reads_contacts_when_the_user_sees_no_orders(self):
        with asked_for_the_password():
            self.assertEqual(self.model.with_user(self.user).prepare()["heavy"]["model"], "res.partner")
            self.user.group_ids += self.env.ref("sales_team.group_sale_salesman")  # sees only their own orders
            self.env["sale.order"].search([]).user_id = self.env.ref("base.user_admin")
            self.assertEqual(self.model.with_user(self.user).prepare()["heavy"]["model"], "res.partner")
            self.env["sale.order"].create({"partner_id": self.user.partner_id.id, "user_id": self.user.id})
            self.assertEqual(self.model.with_user(self.user).prepare()["heavy"]["model"], "sale.order")

    def test_results_belong_to_the_user_who_measured(self):
        mine = self.model.with_user(self.user).record({**GOOD, "user_id": self.other.id, "create_uid": 1})
        entry = self.model.browse(mine)
        self.assertEqual((entry.user_id, entry.p50_ms, entry.details), (self.user, 12.5, "25 records"))
        self.assertNotIn(mine, self.model.with_user(self.other).search([]).ids)
        self.assertIn(mine, self.model.with_user(self.manager).search([]).ids)
        for mode in ("write", "create", "unlink"):
            self.assertFalse(self.model.with_user(self.user).has_access(mode))

    def test_impossible_results_are_refused(self):
        for change in (
            {"kind": "other"},
            {"state": "great"},
            {"runs": "10"},
            {"runs": 10_000},
            {"p50_ms": -1},
            {"p50_ms": "1"},
            {"p50_ms": float("nan")},
            {"odoo_ms": 1e12},
            {"way": "magic"},
        ):
            with self.subTest(change), self.assertRaises(ValidationError):
                self.model.with_user(self.user).record({**GOOD, **change})
        long = self.model.with_user(self.user).record({**GOOD, "details": "x" * 10_000, "url": "y" * 10_000})
        self.assertEqual(len(self.model.browse(long).details), 500)

    def test_strangers_measure_nothing(self):
        stranger = new_test_user(self.env, "stranger", groups="base.group_user")
        model = self.model.with_user(stranger)
        with asked_for_the_password():
            for act in (model.prepare, lambda: model.record(GOOD), lambda: model.finish("x")):
                with self.assertRaises(AccessError):
                    act()
