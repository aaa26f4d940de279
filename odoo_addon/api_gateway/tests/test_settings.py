from odoo.exceptions import AccessError, ValidationError
from odoo.tests import TransactionCase, new_test_user, tagged


@tagged("post_install", "-at_install")
class TestSettings(TransactionCase):
    def setUp(self):
        super().setUp()
        self.settings = self.env["res.config.settings"]

    def save(self, **values):
        settings = self.settings.create({f"gateway_{name}": value for name, value in values.items()})
        settings.set_values()

    def stored(self):
        self.env.cr.execute("select name, value from gateway.setting")
        return dict(self.env.cr.fetchall())

    def test_every_setting_has_its_field_and_every_field_its_setting(self):
        self.assertEqual(sorted(self.settings._gateway_fields().values()), sorted(self.stored()))

    def test_saving_the_shown_settings_changes_nothing(self):
        # The value of the setting need not be exactly what the page shows. For example, 3601 seconds are not whole
        # minutes.
        self.env.cr.execute("update gateway.setting set value = '3601' where name = 'token.access_s'")
        before = self.stored()
        self.save()
        self.assertEqual(self.stored(), before)

    def test_each_default_is_within_the_bounds_and_can_be_saved(self):
        self.env.cr.execute("update gateway.setting set value = default_value")
        defaults, shown = self.stored(), self.settings.get_values()
        self.env.cr.execute("update gateway.setting set value = 'null'")
        names = [field.name for field in self.settings._gateway_fields()]
        self.save(**{name.removeprefix("gateway_"): shown[name] for name in names})
        saved = {name: value for name, value in self.stored().items() if value is not None}
        # Null is shown as "", false or 0: a value equal to that counts as unchanged, so it is not saved.
        self.assertEqual(saved, {name: value for name, value in defaults.items() if value})

    def test_values_out_of_bounds_are_refused(self):
        refused = {
            "limit_default": (0, -1, 100_001, 1001),
            "body_max_mib": (0, 513),
            "answer_max_mib": (0, 513),
            "answer_max_records": (0, 1_000_001),
            "token_family_days": (0, 366),
            "token_access_minutes": (0, 1441),
            "token_issuer": ("", "x" * 201),
            "throttle_limit": (-1,),
            "throttle_cost_read": (0,),
            "webhook_timeout_seconds": (0.5, 61),
            "webhook_retry_first_seconds": (20_000,),
            "stat_minute_hours": (25,),
            "sidecar_url": ("api.example.com", "ftp://x", "https://a@b", "https://x/?a=1", "javascript:alert(1)"),
            "cors_origins": ("https://shop.example.com/", "shop.example.com", "* null"),
            "ip_block_never": ("203.0.113.300", "203.0.113.0/33", "office"),
            "webhook_egress_allow": ("localhost",),
            "compiled_except": ("HR", "*"),
            "never_exposed": ("hr.*.x", "HR", "res partner; drop"),
        }
        before = self.stored()
        for name, values in refused.items():
            for value in values:
                with self.subTest(f"{name}={value!r}"), self.assertRaises(ValidationError), self.env.cr.savepoint():
                    self.save(**{name: value})
        self.assertEqual(self.stored(), before)

    def test_lists_are_stored_with_one_entry_per_line(self):
        self.save(
            cors_origins="https://a.example.com\n https://b.example.com, http://localhost:3000 ",
            webhook_egress_allow="10.0.0.0/8\n2001:db8::/32",
            ip_block_never="203.0.113.7",
            never_exposed="hr.*\nmail.message",
        )
        stored = self.stored()
        self.assertEqual(
            stored["cors.origins"], ["https://a.example.com", "https://b.example.com", "http://localhost:3000"]
        )
        self.assertEqual(stored["webhook.egress_allow"], ["10.0.0.0/8", "2001:db8::/32"])
        self.assertEqual(stored["ip_block.never"], "203.0.113.7")
        self.env.cr.execute("select gateway.never_exposed_models()")
        [patterns] = self.env.cr.fetchone()
        self.assertLessEqual({"hr.*", "mail.message", "res.users.apikeys"}, set(patterns))
        self.save(never_exposed="")
        self.env.cr.execute("select count(*) from gateway.never_exposed where not builtin")
        self.assertEqual(self.env.cr.fetchone(), (0,))

    def test_models_that_must_never_be_exposed_cannot_be_opened(self):
        self.save(never_exposed="ir.rule")
        self.save(never_exposed="")
        self.env.cr.execute("select builtin from gateway.never_exposed where pattern = 'ir.rule'")
        self.assertEqual(self.env.cr.fetchone(), (True,))

    def test_managers_without_odoos_settings_rights_can_neither_change_settings_nor_rotate_secrets(self):
        manager = new_test_user(self.env, "manager", groups="base.group_user,api_gateway.group_manager")
        with self.assertRaises(AccessError):
            self.settings.with_user(manager).create({}).execute()
        for act in (
            lambda: self.env["gateway.signing.secret"].with_user(manager).rotate(True),
            lambda: self.env["gateway.signing.secret"].with_user(manager).state(),
            lambda: self.env["gateway.sidecar"].with_user(manager).diagnose("http://127.0.0.1"),
        ):
            with self.assertRaises(AccessError):
                act()
