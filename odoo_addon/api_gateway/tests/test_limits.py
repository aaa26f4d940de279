from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests.common import TransactionCase, new_test_user, tagged

from ..tools.own_transaction import in_own_transaction


@tagged("post_install", "-at_install")
class TestLimits(TransactionCase):
    """The hot tables are written as sidecars write them: committed, outside of Odoo's transaction."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(cls.env, "limits_manager", groups="base.group_user,api_gateway.group_manager")
        cls.plain = new_test_user(cls.env, "limits_user", groups="base.group_user,api_gateway.group_user")

    def setUp(self):
        super().setUp()
        self.wipe()
        self.addCleanup(self.wipe)

    def wipe(self):
        self.run_committed("delete from gateway.throttle where subject ~ '^(test|user|login):' returning 1")
        self.run_committed("delete from gateway.ip_block returning 1")
        self.run_committed("delete from gateway.ip_violation returning 1")

    def run_committed(self, query, params=()):
        rows = in_own_transaction(self.env, query, params)
        self.env.invalidate_all()
        return rows

    def take(self, subject, asked, minute=0, hour=0, day=0):
        [(granted, *_)] = self.run_committed(
            "select * from gateway.take(array[%s], array[%s], array[1], array[%s], array[%s], array[%s])",
            (subject, asked, minute, hour, day),
        )
        return int(granted.strip("{}"))

    @property
    def throttles(self):
        return self.env["gateway.throttle"].with_user(self.manager)

    @property
    def blocks(self):
        return self.env["gateway.ip.block"].with_user(self.manager)

    def test_running_windows_are_listed(self):
        subject = f"user:{self.plain.id}"
        self.take(subject, 3, minute=10, day=100)
        windows = self.throttles.search([("subject", "=", subject)], order="period")
        self.assertEqual(windows.mapped("period"), ["day", "minute"])
        self.assertEqual(windows.mapped("used"), [3, 3])
        self.assertEqual(windows.mapped("most"), [100, 10])
        self.assertEqual(windows.user_id, self.plain)
        self.assertEqual(set(windows.mapped("who")), {self.plain.name})
        self.assertEqual(windows.mapped("share"), [0.03, 0.3])

    def test_an_ended_window_is_not_listed(self):
        self.take("test:1", 1, minute=10)
        self.run_committed(
            "update gateway.throttle set minute_start = minute_start - interval '1 minute' where subject = 'test:1' returning 1"
        )
        self.assertFalse(self.throttles.search([("subject", "=", "test:1")]))

    def test_one_window_is_reset(self):
        self.take("test:1", 5, minute=5, hour=6)
        self.assertEqual(self.take("test:1", 1, minute=5, hour=6), 0)
        self.throttles.search([("subject", "=", "test:1"), ("period", "=", "minute")]).action_reset()
        self.env.invalidate_all()
        self.assertEqual(self.take("test:1", 2, minute=5, hour=6), 1)

    def test_the_clean_up_forgets_what_has_ended(self):
        self.take("test:1", 1, minute=5)
        self.take("test:2", 1, hour=5)
        self.run_committed(
            "update gateway.throttle set minute_start = '-infinity' where subject in ('test:1', 'test:2') returning 1"
        )
        self.env["gateway.throttle"]._clean()
        left = self.run_committed("select subject from gateway.throttle where subject like 'test:%%'")
        self.assertEqual(left, [("test:2",)])

    def test_only_managers_see_throttles_and_blocks(self):
        for model in ("gateway.throttle", "gateway.ip.block"):
            with self.assertRaises(AccessError):
                self.env[model].with_user(self.plain).search([])
        self.take("test:1", 1, minute=5)
        window = self.throttles.search([("subject", "=", "test:1")])
        with self.assertRaises(AccessError):
            window.with_user(self.plain).action_reset()

    def test_a_manager_blocks_and_unblocks(self):
        add = self.env["gateway.ip.block.add"].with_user(self.manager)
        add.create({"network": "203.0.113.0/24", "minutes": 30, "note": "noise"}).action_block()
        add.create({"network": "::ffff:198.51.100.7", "minutes": 0}).action_block()
        self.env.invalidate_all()
        block = self.blocks.search([("network", "=", "203.0.113.0/24")])
        self.assertEqual((block.state, block.note, block.blocked_by), ("blocked", "noise", self.manager))
        self.assertTrue(block.blocked_until)
        self.assertFalse(self.blocks.search([("network", "=", "198.51.100.7/32")]).blocked_until)
        block.action_unblock()
        self.env.invalidate_all()
        self.assertEqual(self.blocks.search([]).mapped("network"), ["198.51.100.7/32"])

    def test_what_must_not_be_blocked_is_refused(self):
        add = self.env["gateway.ip.block.add"].with_user(self.manager)
        for network in ("127.0.0.1", "::1", "no address", "203.0.113.7 203.0.113.8"):
            with self.assertRaises(ValidationError):
                add.create({"network": network})
        self.blocks._set_never_blocked("203.0.113.0/24")
        with self.assertRaises(UserError):
            add.create({"network": "203.0.113.9"}).action_block()

    def test_violations_add_up_to_a_block(self):
        for hits, blocked in ((99, 0), (1, 1)):
            self.run_committed("select gateway.violate('{203.0.113.7/32}', array[%s])", (hits,))
            self.assertEqual(self.blocks.search_count([]), blocked)
        self.assertEqual(self.blocks.search([]).violations, 100)

    def test_an_unblocked_address_starts_anew(self):
        self.run_committed("select gateway.violate('{203.0.113.7/32}', '{100}')")
        self.blocks.search([]).action_unblock()
        self.run_committed("select gateway.violate('{203.0.113.7/32}', '{99}')")
        self.assertFalse(self.blocks.search([]))

    def test_never_block_unblocks_and_lists(self):
        self.run_committed("select gateway.violate('{203.0.113.7/32}', '{100}')")
        self.blocks.search([]).action_never_block()
        self.env.invalidate_all()
        self.assertFalse(self.blocks.search([]))
        wizard = self.env["gateway.ip.block.never"].with_user(self.manager).create({})
        self.assertEqual(wizard.addresses, "203.0.113.7/32")
        wizard.addresses = "203.0.113.7/32\n 2001:db8::/32 "
        wizard.action_save()
        self.assertEqual(self.blocks._never_blocked(), "203.0.113.7/32\n2001:db8::/32")
        with self.assertRaises(ValidationError):
            wizard.addresses = "nonsense"

    def test_a_profile_shows_its_busiest_caller(self):
        other = new_test_user(self.env, "limits_other", groups="base.group_user")
        profile = self.env["gateway.profile"].create({"name": "Busy", "minute_limit": 10, "hour_limit": 50})
        (self.plain | other).gateway_profile_id = profile
        self.take(f"user:{self.plain.id}", 4, minute=10, hour=50)
        self.take(f"user:{other.id}", 7, minute=10, hour=50)
        profile.invalidate_recordset()
        self.assertEqual((profile.minute_used, profile.hour_used, profile.day_used), (7, 7, 0))
        self.assertTrue(profile.minute_resets_at)
        action = profile.action_open_throttles()
        self.assertEqual(self.throttles.search_count(action["domain"]), 4)

    def test_a_new_profile_has_used_nothing(self):
        profile = self.env["gateway.profile"].new({"name": "New"})
        self.assertEqual((profile.minute_used, profile.minute_resets_at), (0, False))
