import re
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests.common import TransactionCase, new_test_user, tagged

from ..tools.own_transaction import in_own_transaction


class CredentialsCase(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = "base.group_user,api_gateway.group_user"
        cls.owner = new_test_user(cls.env, "key_owner", groups=groups)
        cls.other = new_test_user(cls.env, "key_other", groups=groups)
        cls.manager = new_test_user(cls.env, "key_manager", groups="base.group_user,api_gateway.group_manager")
        cls.admin = cls.env.ref("base.user_admin")
        cls.profile = cls.env["gateway.profile"].create({"name": "Shop", "minute_limit": 10})
        cls.soon = fields.Datetime.now() + timedelta(days=30)

    def key(self, user, **values):
        return self.env["gateway.key"].with_user(user).create({"name": "A key", "expires_at": self.soon, **values})

    def row(self, query, *parameters):
        self.env.flush_all()
        self.env.cr.execute(query, parameters)
        return self.env.cr.dictfetchone()


@tagged("post_install", "-at_install")
class TestCredentialsRights(CredentialsCase):
    def test_an_owner_sees_and_changes_only_own_keys(self):
        key, foreign = self.key(self.owner), self.key(self.other)
        keys = self.env["gateway.key"].with_user(self.owner)
        self.assertEqual(keys.search([]), key)
        for attempt in (
            lambda: keys.browse(foreign.id).name,
            lambda: keys.browse(foreign.id).write({"name": "mine"}),
            lambda: keys.browse(foreign.id).action_revoke(),
            lambda: keys.browse(foreign.id)._set_secret(),
            lambda: keys.browse(foreign.id).copy(),
        ):
            with self.assertRaises(AccessError):
                attempt()
        key.with_user(self.owner).write({"name": "Another name", "scopes": "read"})
        key.with_user(self.owner).action_revoke()

    def test_clients_are_revoked_with_the_key_that_created_them(self):
        clients = self.env["gateway.client"]
        by_user = new_test_user(self.env, "key_leaver", groups="base.group_user,api_gateway.group_manager")
        odoo_keys = self.env["res.users.apikeys"]
        for user in (self.manager, by_user):
            odoo_keys.with_user(user)._generate("rpc", "a key", self.soon)
        odoo_key = odoo_keys.sudo().search([("user_id", "=", self.manager.id)])
        odoo_key_of_user = odoo_keys.sudo().search([("user_id", "=", by_user.id)])
        revoked, deleted, kept = (self.key(self.manager) for _ in range(3))
        key_of_user = self.key(by_user)
        made = {
            (kind, key.id): clients.create(
                {
                    "name": "A client",
                    "user_id": self.admin.id,
                    "maker_kind": kind,
                    "maker_id": key.id,
                    "active": active,
                }
            )
            for kind, key, active in (
                ("gateway_key", revoked, True),
                ("gateway_key", deleted, False),
                ("gateway_key", kept, True),
                ("gateway_key", key_of_user, True),
                ("odoo_key", odoo_key, True),
                ("odoo_key", odoo_key_of_user, True),
            )
        }
        self.env.cr.flush()  # tracking records the new keys in their creator's name
        revoked.with_user(self.manager).action_revoke()
        deleted.with_user(self.manager).unlink()
        odoo_key.with_user(self.manager)._remove()
        by_user.unlink()
        still = [key for key, client in made.items() if not client.revoked_at]
        self.assertEqual(still, [("gateway_key", kept.id)])
        with self.assertRaises(AccessError):
            made["gateway_key", kept.id].with_user(self.manager).write({"maker_id": 0})

    def test_clients_are_archived_and_expire_with_the_key_that_created_them(self):
        key, other = (self.key(self.manager, expires_at=self.soon) for _ in range(2))
        soon = fields.Datetime.to_datetime(self.soon)
        sooner, earliest = soon - timedelta(hours=2), soon - timedelta(hours=3)
        ends = {"lasting": False, "as the key": soon, "shorter": earliest, "of another": soon}
        made = {
            name: self.env["gateway.client"].create(
                {
                    "name": name,
                    "user_id": self.admin.id,
                    "maker_kind": "gateway_key",
                    "maker_id": (other if name == "of another" else key).id,
                    "expires_at": expires_at,
                }
            )
            for name, expires_at in ends.items()
        }
        key.with_user(self.manager).expires_at = sooner
        expected = {"lasting": sooner, "as the key": sooner, "shorter": earliest, "of another": soon}
        self.assertEqual({name: client.expires_at for name, client in made.items()}, expected)
        key.with_user(self.manager).action_archive()
        key.with_user(self.manager).action_unarchive()
        self.assertEqual([name for name, client in made.items() if client.active], ["of another"])

    def test_an_owner_cannot_lift_its_own_limits(self):
        key = self.key(self.owner)
        for values in (
            {"profile_id": self.profile.id},
            {"ip_list": "203.0.113.7"},
            {"subject": "key"},
            {"user_id": self.other.id},
            {"revoked_at": False},
            {"prefix": "gwk_"},
        ):
            with self.subTest(values), self.assertRaises(AccessError):
                key.write(values)
            with self.subTest("new", values=values), self.assertRaises(UserError):
                self.key(self.owner, **{name: value or self.soon for name, value in values.items()})
        with self.assertRaises(AccessError):
            key.with_context(default_subject="key").create({"name": "By default", "expires_at": self.soon})

    def test_users_see_neither_profiles_nor_clients_nor_tokens(self):
        for model in ("gateway.profile", "gateway.client", "gateway.token"):
            with self.subTest(model), self.assertRaises(AccessError):
                self.env[model].with_user(self.owner).search([])

    def test_a_manager_cannot_create_a_credential_for_an_administrator(self):
        of_admin = {"name": "Stolen", "user_id": self.admin.id, "expires_at": self.soon}
        keys = self.env["gateway.key"].with_user(self.manager)
        own, admins = self.key(self.manager), self.key(self.admin)
        client = self.env["gateway.client"].with_user(self.manager).create({"name": "Own", "expires_at": self.soon})
        for attempt in (
            lambda: keys.create(of_admin),
            lambda: client.create(of_admin),
            lambda: keys.with_context(default_user_id=self.admin.id).create(
                {"name": "Stolen", "expires_at": self.soon}
            ),
            lambda: keys.action_create_with_secret.__wrapped__(keys, of_admin),
            lambda: own.write({"user_id": self.admin.id}),
            lambda: client.write({"user_id": self.admin.id}),
            lambda: keys.browse(admins.id).write({"user_id": self.manager.id}),
            lambda: keys.browse(admins.id)._set_secret(),
            lambda: keys.browse(admins.id).action_rotate.__wrapped__(keys.browse(admins.id)),
            lambda: keys.browse(admins.id).copy(),
            lambda: self.admin.with_user(self.manager).write({"gateway_key_ids": [Command.create({"name": "Stolen"})]}),
            lambda: self.profile.with_user(self.manager).write(
                {"key_ids": [Command.create({**of_admin, "profile_id": self.profile.id})]}
            ),
            lambda: keys.load(["name", "user_id/.id"], [["Stolen", str(self.admin.id)]])["ids"] or self._refused(),
            lambda: own.write({"environment_name": "STOLEN"}),
            lambda: keys.create({"name": "Stolen", "environment_name": "STOLEN", "expires_at": self.soon}),
        ):
            with self.assertRaises(UserError):
                attempt()
        self.assertEqual(self.key(self.admin, user_id=self.other.id).user_id, self.other, "an administrator may")

    def _refused(self):
        raise AccessError(self.env._("load() answers with messages instead of raising"))

    def test_a_manager_administers_the_keys_of_all(self):
        key = self.key(self.owner)
        as_manager = key.with_user(self.manager)
        as_manager.write({"profile_id": self.profile.id, "ip_list": "203.0.113.0/24\n2001:db8::/32", "subject": "key"})
        self.profile.with_user(self.manager).write({"user_ids": [Command.link(self.other.id)]})
        self.assertEqual(self.other.gateway_profile_id, self.profile)
        self.profile.with_user(self.manager).write({"user_ids": [Command.unlink(self.other.id)]})
        self.assertFalse(self.other.gateway_profile_id)
        as_manager.action_revoke()
        self.assertEqual(key.state, "revoked")

    def test_a_key_lives_no_longer_than_its_users_groups_allow(self):
        for values in ({"expires_at": False}, {"expires_at": fields.Datetime.now() + timedelta(days=3000)}):
            with self.subTest(values), self.assertRaises(ValidationError):
                self.key(self.owner, **values)
            with self.subTest("later", values=values), self.assertRaises(ValidationError):
                self.key(self.owner).write(values)
        without = self.env["gateway.key"].with_user(self.owner).create({"name": "By default"})
        self.assertAlmostEqual(
            without.expires_at, fields.Datetime.now() + timedelta(days=90), delta=timedelta(minutes=1)
        )
        self.assertFalse(self.key(self.admin, expires_at=False).expires_at)

    def test_a_portal_user_cannot_create_a_key(self):
        portal = new_test_user(self.env, "key_portal", groups="base.group_portal")
        with self.assertRaises(AccessError):
            self.key(portal)
        with self.assertRaises(AccessError):
            self.key(self.admin, user_id=portal.id).with_user(portal)._set_secret()

    def test_the_superuser_has_no_credential(self):
        with self.assertRaises(ValidationError):
            self.env["gateway.key"].create({"name": "Root", "user_id": 1})

    def test_a_revoked_key_stays_revoked(self):
        key = self.key(self.owner)
        key._set_secret()
        key.action_revoke()
        for attempt in (
            lambda: key.write({"active": True}),
            lambda: key.action_unarchive(),
            lambda: key._set_secret(),
            lambda: key.action_rotate.__wrapped__(key),
        ):
            with self.assertRaises(UserError):
                attempt()
        self.assertFalse(self.row("select 1 as found from gateway.credential_secret where credential_id = %s", key.id))

    def test_secrets_need_the_password(self):
        # Without a request there is no user, so the decorator refuses.
        key = self.key(self.owner)
        for attempt in (
            lambda: key.action_generate(),
            lambda: key.action_rotate(),
            lambda: key.action_create_with_secret({"name": "Another"}),
        ):
            with self.assertRaisesRegex(UserError, "HTTP"):
                attempt()

    def test_invalid_values_are_refused_and_named(self):
        for values, culprit in (
            ({"ip_list": "203.0.113.7\n300.1.1.1"}, "300.1.1.1"),
            ({"scopes": "read everything"}, "everything"),
        ):
            with self.subTest(values), self.assertRaisesRegex(ValidationError, culprit):
                self.key(self.admin, **values)
        with self.assertRaisesRegex(ValidationError, "res.nothing"):
            self.profile.model_names = "res.partner\nres.nothing"

    def test_a_profile_in_use_cannot_be_deleted_and_an_archived_one_still_applies(self):
        self.owner.gateway_profile_id = self.profile
        self.profile.active = False
        policy = self.row("select gateway.policy(%s, null) as policy", self.owner.id)["policy"]
        self.assertEqual(policy["limits"]["minute"], 10)


@tagged("post_install", "-at_install")
class TestCredentialsSchema(CredentialsCase):
    def credential(self, kind, record):
        return self.row("select * from gateway.credential(%s, %s)", kind, record.id)

    def test_the_policy_comes_from_the_credential_or_its_user(self):
        key = self.key(self.owner)
        self.assertEqual(self.credential("gateway_key", key)["policy"]["limits"], None)
        self.owner.gateway_profile_id = self.profile
        self.assertEqual(self.credential("gateway_key", key)["policy"]["profile_id"], self.profile.id)
        own = self.profile.copy(
            {"name": "Own", "ip_list": "10.0.0.0/8, ::1\n", "model_names": "res.partner", "subject": "key"}
        )
        key.sudo().profile_id = own
        policy = self.credential("gateway_key", key)["policy"]
        self.assertEqual(
            (policy["name"], policy["ips"], policy["models"]), ("Own", ["10.0.0.0/8", "::1"], ["res.partner"])
        )
        self.assertEqual(policy["subject"], "key")
        key.sudo().subject = "user"
        self.assertEqual(self.credential("gateway_key", key)["policy"]["subject"], "user")

    def test_credentials_that_have_ended_are_not_found(self):
        for end in (
            {"active": False},
            {"expires_at": fields.Datetime.now() - timedelta(days=1)},
            {"revoked_at": fields.Datetime.now()},
        ):
            key = self.key(self.owner)
            self.assertTrue(self.credential("gateway_key", key))
            key.sudo().write(end)
            self.assertFalse(self.credential("gateway_key", key), end)

    def test_a_logins_stamp_changes_only_with_the_password_and_the_second_factor(self):
        stamps = [self.credential("login", self.owner)["stamps"]]
        self.owner.name = "Another name"
        self.assertEqual(self.credential("login", self.owner)["stamps"], stamps[0])
        self.owner.password = "another password"
        stamps.append(self.credential("login", self.owner)["stamps"])
        self.env.cr.execute("update res_users set totp_secret = 'JBSWY3DPEHPK3PXP' where id = %s", [self.owner.id])
        stamps.append(self.credential("login", self.owner)["stamps"])
        self.assertEqual([len(stamp) for stamp in stamps], [1, 1, 1])
        self.assertEqual(len({next(iter(stamp)) for stamp in stamps}), 3)

    def test_a_key_has_one_stamp_per_valid_secret(self):
        key = self.key(self.owner)
        self.assertEqual(self.credential("gateway_key", key)["stamps"], {})
        key._set_secret()
        [first] = self.credential("gateway_key", key)["stamps"].items()
        self.assertRegex(first[0], r"^secret:\d+$")
        self.assertIsNone(first[1])
        key._set_secret(grace_hours=1)
        stamps = self.credential("gateway_key", key)["stamps"]
        self.assertEqual(len(stamps), 2)
        self.assertGreater(stamps[first[0]], fields.Datetime.now().timestamp() * 1000)
        key.sudo().environment_name = "BOUND"
        self.assertIn("environment:BOUND", self.credential("gateway_key", key)["stamps"])

    def test_an_upgrade_binds_valid_tokens_to_the_secret_that_expires_first(self):
        key, bare = self.key(self.owner), self.key(self.owner)
        key._set_secret()
        key._set_secret(grace_hours=1)
        for credential, number in (("gateway_key", key.id), ("gateway_key", bare.id), ("login", self.owner.id)):
            self.env.cr.execute(
                "insert into gateway.token (jti, type, family, credential, credential_id, user_id, stamp, expires_at)"
                " values (gen_random_uuid()::text, 'access', gen_random_uuid(), %s, %s, %s, %s, 'infinity')",
                [credential, number, self.owner.id, "kept" if credential == "login" else None],
            )
        [migration] = [each for each in self.env["gateway.schema"]._migrations() if each.name == "bound_tokens"]
        [statement] = re.findall(r"^update gateway\.token t\nset stamp = .*?;$", migration.statements, re.M | re.S)
        self.env.cr.execute(statement)
        first = self.row(
            "select 'secret:' || min(id) as stamp from gateway.credential_secret where credential_id = %s", key.id
        )
        stamps = "select array_agg(stamp order by id) as stamps from gateway.token where user_id = %s"
        self.assertEqual(self.row(stamps, self.owner.id)["stamps"], [first["stamp"], None, "kept"])

    def test_a_token_has_the_name_of_its_credential(self):
        key = self.key(self.owner)
        for credential, number in (("gateway_key", key.id), ("login", self.owner.id)):
            self.env.cr.execute(
                "insert into gateway.token (jti, type, family, credential, credential_id, user_id, expires_at)"
                " values (gen_random_uuid()::text, 'access', gen_random_uuid(), %s, %s, %s, 'infinity')",
                [credential, number, self.owner.id],
            )
        tokens = self.env["gateway.token"].search([("user_id", "=", self.owner.id)], order="id")
        self.assertEqual(tokens.mapped("credential_name"), [key.name, False])

    def issued(self, kind, credential_id, *jtis):
        """The ids of tokens as a sidecar stores them: committed, not in the test's transaction."""
        delete = "delete from gateway.token where jti = any (%s) returning 1"
        self.addCleanup(in_own_transaction, self.env, delete, (list(jtis),))
        query = """
            insert into gateway.token (jti, type, family, credential, credential_id, user_id, expires_at)
            select jti, 'access', gen_random_uuid(), %s, %s, %s, 'infinity' from unnest(%s) as jti
            returning id
        """
        rows = in_own_transaction(self.env, query, (kind, credential_id, self.admin.id, list(jtis)))
        return [id_ for (id_,) in rows]

    def revoked(self, ids):
        query = "select jti from gateway.token where id = any (%s) and revoked_at is not null order by jti"
        return [jti for (jti,) in in_own_transaction(self.env, query, (ids,))]

    def test_owner_and_manager_can_revoke_the_tokens_of_a_key(self):
        key, neighbour = self.key(self.owner), self.key(self.owner)
        ids = self.issued("gateway_key", neighbour.id, "neighbour")
        for user in (self.owner, self.manager):
            # This transaction began before the token was written and does not see it.
            ids += self.issued("gateway_key", key.id, user.login)
            key.with_user(user).action_revoke_tokens()
            self.assertIn(user.login, self.revoked(ids))
        ids += self.issued("gateway_key", key.id, "stays")
        with self.assertRaises(AccessError):
            key.with_user(self.other).action_revoke_tokens()
        self.assertEqual(self.revoked(ids), ["key_manager", "key_owner"])

    def test_secrets_cannot_be_read_through_any_field(self):
        key = self.key(self.owner)
        secret = key._set_secret()
        self.assertRegex(secret, r"^gwk_[A-Za-z0-9_-]{60}$")
        values = key.sudo().read()[0]
        self.assertNotIn(secret[12:], repr(values))
        self.assertFalse([name for name, field in key._fields.items() if "hash" in name or "secret" in name])

    def test_deleting_a_key_deletes_its_secrets(self):
        key = self.key(self.owner)
        key._set_secret()
        key.sudo().unlink()
        self.assertFalse(self.row("select 1 as found from gateway.credential_secret where credential_id = %s", key.id))

    def test_uses_add_up(self):
        key = self.key(self.owner)
        for address in ("203.0.113.7", "203.0.113.8"):
            self.env.cr.execute(
                "select gateway.record_usage(%s, %s, %s, array[gateway.utc_now()], %s)",
                (["gateway_key"], [key.id], [3], [address]),
            )
        self.assertEqual((key.use_count, key.last_address), (6, "203.0.113.8"))
        keys = self.env["gateway.key"]
        self.assertIn(key, keys.search([("last_used_at", ">", "-1d")]))
        self.assertNotIn(key, keys.search([("last_used_at", "=", False)]))

    def test_the_owner_of_an_expiring_key_is_reminded_14_and_3_days_before(self):
        key = self.key(self.owner, expires_at=fields.Datetime.now() + timedelta(days=20))
        warnings = lambda: key.sudo().activity_ids.filtered(lambda activity: activity.user_id == self.owner)  # noqa: E731
        for days, count in ((15, 0), (13, 1), (12, 1), (2.9, 2), (1, 2)):
            self.env.cr.execute(
                "update gateway_key set expires_at = %s where id = %s",
                (fields.Datetime.now() + timedelta(days=days), key.id),
            )
            self.env.invalidate_all()
            self.env["gateway.key"]._warn_expiring()
            self.assertEqual(len(warnings()), count, days)

    def test_the_user_of_an_expiring_odoo_key_is_reminded_14_and_3_days_before(self):
        keys = self.env["res.users.apikeys"]
        keys.with_user(self.owner)._generate("rpc", "Old script", fields.Datetime.now() + timedelta(days=20))

        def reminders():
            return self.owner.partner_id.sudo().activity_ids.filtered(
                lambda activity: activity.user_id == self.owner and "Old script" in activity.summary
            )

        for days, count in ((15, 0), (13, 1), (12, 1), (2.9, 2), (1, 2)):
            self.env.cr.execute(
                "update res_users_apikeys set expiration_date = %s where user_id = %s",
                (fields.Datetime.now() + timedelta(days=days), self.owner.id),
            )
            self.env.invalidate_all()
            keys._warn_expiring()
            self.assertEqual(len(reminders()), count, days)
        self.assertTrue(self.row("select 1 as found from gateway.odoo_key_reminder"))
        self.owner.sudo().api_key_ids.unlink()
        keys._warn_expiring()
        self.assertFalse(self.row("select 1 as found from gateway.odoo_key_reminder r where r.days = 3"))

    def test_the_cron_removes_tokens_that_ended_and_keeps_the_others(self):
        for jti, ends in (("old", "-25 hours"), ("recent", "-1 hour"), ("living", "1 hour")):
            self.env.cr.execute(
                """
                insert into gateway.token (jti, type, family, credential, credential_id, user_id, expires_at)
                values (%s, 'access', gen_random_uuid(), 'login', %s, %s, gateway.utc_now() + %s::interval)
                """,
                (jti, self.owner.id, self.owner.id, ends),
            )
        self.env.cr.execute("select gateway.clean_tokens(100)")
        self.env.cr.execute("select jti from gateway.token where user_id = %s order by jti", (self.owner.id,))
        self.assertEqual([row[0] for row in self.env.cr.fetchall()], ["living", "recent"])

    def test_a_token_that_a_sidecar_has_just_written_is_revoked(self):
        ids = self.issued("login", self.admin.id, "busy", "other")
        with self.env.registry.cursor() as cr:
            token = self.env(cr=cr, user=self.admin.id)["gateway.token"].browse(ids[0])
            self.assertFalse(token.revoked_at)
            # The row is written after this transaction began.
            in_own_transaction(
                self.env, "update gateway.token set spent_at = gateway.utc_now() where id = %s returning 1", ids[:1]
            )
            token.action_revoke()
        self.assertEqual(self.revoked(ids), ["busy"])

    def test_a_rotation_of_the_signing_secret_overlaps_as_long_as_asked(self):
        living = lambda: self.row("select count(*) as n from gateway.secrets('jwt')")["n"]  # noqa: E731
        self.assertEqual(living(), 1)
        self.env.cr.execute("select gateway.rotate_secret('jwt', 3600)")
        self.assertEqual(living(), 2)
        self.env.cr.execute("select gateway.rotate_secret('jwt', 0)")
        self.assertEqual(living(), 1)
