from contextlib import contextmanager

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests.common import TransactionCase, new_test_user, tagged

from ..tools.own_transaction import in_own_transaction

WIPE = (
    "delete from gateway.throttle where subject ~ '^(test|user):' returning 1",
    "delete from gateway.ip_block returning 1",
    "delete from gateway.ip_violation returning 1",
    "update gateway.setting set value = default_value where name = 'ip_block.never' returning 1",
)


@tagged("post_install", "-at_install")
class TestLimits(TransactionCase):
    """Sidecars commit their rows outside Odoo's transactions, so everything here runs in short transactions, like
    consecutive requests."""

    def setUp(self):
        super().setUp()
        self.wipe()
        self.addCleanup(self.wipe)

    def wipe(self):
        for query in WIPE:
            in_own_transaction(self.env, query)

    @contextmanager
    def request(self):
        """The administrator, who is a manager, in a transaction that is committed at the end."""
        with self.env.registry.cursor() as cr:
            yield self.env(cr=cr, user=self.env.ref("base.user_admin").id)

    def take(self, subject, asked, minute=0, hour=0, day=0):
        [(taken,)] = in_own_transaction(
            self.env,
            "select gateway.take(array[%s], array[%s], array[1], array[%s], array[%s], array[%s])",
            (subject, asked, minute, hour, day),
        )
        return int(taken.strip("{").split(",")[0])

    def violate(self, hits):
        in_own_transaction(self.env, "select gateway.violate('{203.0.113.7/32}', array[%s])", (hits,))

    def end_windows(self, *subjects):
        in_own_transaction(
            self.env,
            """
            update gateway.throttle set minute_start = minute_start - interval '1 minute'
            where subject = any (%s) returning 1
            """,
            (list(subjects),),
        )

    def block(self, network, **values):
        with self.request() as env:
            env["gateway.ip.block.add"].create({"network": network, **values}).action_block()

    def test_running_windows_are_listed(self):
        admin = self.env.ref("base.user_admin")
        self.take(f"user:{admin.id}", 3, minute=10, day=100)
        with self.request() as env:
            windows = env["gateway.throttle"].search([("subject", "=", f"user:{admin.id}")], order="period")
            self.assertEqual(windows.mapped("period"), ["day", "minute"])
            self.assertEqual(windows.mapped("used"), [3, 3])
            self.assertEqual(windows.mapped("most"), [100, 10])
            self.assertEqual(windows.mapped("share"), [0.03, 0.3])
            self.assertEqual(windows.user_id.id, admin.id)
            self.assertEqual(set(windows.mapped("who")), {admin.name})

    def test_an_ended_window_is_not_listed(self):
        self.take("test:1", 1, minute=10)
        self.end_windows("test:1")
        with self.request() as env:
            self.assertFalse(env["gateway.throttle"].search([("subject", "=", "test:1")]))

    def test_one_window_is_reset(self):
        self.take("test:1", 5, minute=5, hour=6)
        self.assertEqual(self.take("test:1", 1, minute=5, hour=6), 0)
        with self.request() as env:
            env["gateway.throttle"].search([("subject", "=", "test:1"), ("period", "=", "minute")]).action_reset()
        self.assertEqual(self.take("test:1", 2, minute=5, hour=6), 1)

    def test_a_busy_window_is_reset(self):
        self.take("test:1", 5, minute=5)
        with self.request() as env:
            window = env["gateway.throttle"].search([("subject", "=", "test:1")])
            # The row is written after this transaction began, which always happens to a busy row.
            self.take("test:1", 1, minute=6)
            window.action_reset()
        self.assertEqual(self.take("test:1", 6, minute=6), 6)

    def test_the_clean_up_deletes_ended_windows(self):
        self.take("test:1", 1, minute=5)
        self.take("test:2", 1, minute=5, hour=5)
        self.end_windows("test:1", "test:2")
        with self.request() as env:
            env["gateway.throttle"]._cron_clean()
        left = in_own_transaction(self.env, "select subject from gateway.throttle where subject like %s", ("test:%",))
        self.assertEqual(left, [("test:2",)])

    def test_only_managers_see_throttles_and_blocks(self):
        plain = new_test_user(self.env, "limits_user", groups="base.group_user,api_gateway.group_user")
        for name in ("gateway.throttle", "gateway.ip.block"):
            model = self.env[name].with_user(plain)
            with self.assertRaises(AccessError):
                model.search([])
        with self.assertRaises(AccessError):
            self.env["gateway.throttle"].with_user(plain).browse(1).action_reset()
        with self.assertRaises(AccessError):
            self.env["gateway.ip.block"].with_user(plain).browse(1).action_unblock()
        with self.assertRaises(AccessError):
            self.env["gateway.ip.block.add"].with_user(plain).create({"network": "203.0.113.7"})

    def test_a_manager_blocks_and_unblocks(self):
        self.block("203.0.113.0/24", minutes=30, note="noise")
        self.block("::ffff:198.51.100.7", minutes=0)
        with self.request() as env:
            block = env["gateway.ip.block"].search([("network", "=", "203.0.113.0/24")])
            self.assertEqual((block.state, block.note, block.blocked_by.id), ("blocked", "noise", env.uid))
            self.assertTrue(block.blocked_until)
            self.assertFalse(env["gateway.ip.block"].search([("network", "=", "198.51.100.7")]).blocked_until)
            block.action_unblock()
        with self.request() as env:
            self.assertEqual(env["gateway.ip.block"].search([]).mapped("network"), ["198.51.100.7"])

    def test_addresses_that_must_not_be_blocked_are_refused(self):
        for network in ("127.0.0.1", "::1", "no address", "203.0.113.7 203.0.113.8"):
            with self.assertRaises(ValidationError):
                self.block(network)
        with self.assertRaises(ValidationError):
            self.block("203.0.113.7", minutes=-1)
        with self.request() as env:
            env["gateway.ip.block.never"].create({"addresses": "203.0.113.0/24"}).action_save()
        with self.assertRaises(UserError):
            self.block("203.0.113.9")

    def test_violations_add_up_to_a_block(self):
        for hits, blocked in ((99, []), (1, [100])):
            self.violate(hits)
            with self.request() as env:
                self.assertEqual(env["gateway.ip.block"].search([]).mapped("violations"), blocked)

    def test_an_unblocked_address_starts_from_zero(self):
        self.violate(100)
        with self.request() as env:
            env["gateway.ip.block"].search([]).action_unblock()
        self.violate(99)
        with self.request() as env:
            self.assertFalse(env["gateway.ip.block"].search([]))

    def test_never_block_unblocks_an_address_and_lists_it(self):
        self.violate(100)
        with self.request() as env:
            env["gateway.ip.block"].search([]).action_never_block()
        with self.request() as env:
            self.assertFalse(env["gateway.ip.block"].search([]))
            wizard = env["gateway.ip.block.never"].create({})
            self.assertEqual(wizard.addresses, "203.0.113.7")
            wizard.addresses = "203.0.113.7\n 2001:db8::/32 "
            wizard.action_save()
        with self.request() as env:
            self.assertEqual(env["gateway.ip.block"]._never_blocked(), "203.0.113.7\n2001:db8::/32")
            with self.assertRaises(ValidationError):
                env["gateway.ip.block.never"].create({"addresses": "nonsense"})

    def test_a_profile_shows_its_busiest_caller(self):
        users = new_test_user(self.env, "limits_1") | new_test_user(self.env, "limits_2")
        for user, asked in zip(users, (4, 7), strict=True):
            self.take(f"user:{user.id}", asked, minute=10, hour=50)
        # Only this transaction sees the users; only new transactions see the windows.
        profile = self.env["gateway.profile"].create({"name": "Busy", "minute_limit": 10, "hour_limit": 50})
        users.gateway_profile_id = profile
        subjects = profile._subjects()
        self.assertEqual(set(subjects), {f"user:{user.id}" for user in users})
        with self.request() as env:
            busiest = env["gateway.profile"]._busiest(subjects)
            self.assertEqual({period: window.used for period, window in busiest.items()}, {"minute": 7, "hour": 7})

    def test_a_new_profile_has_used_nothing(self):
        profile = self.env["gateway.profile"].new({"name": "New"})
        self.assertEqual((profile.minute_used, profile.minute_resets_at), (0, False))
