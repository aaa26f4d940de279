import json

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .test_credentials_rights import CredentialsCase

WIDE_AND_NOT = [False, "read res.country:write", "res.partner:read"]


@tagged("post_install", "-at_install")
class TestShrink(CredentialsCase):
    def used(self, key, *uses, days_ago=0):
        rows = [
            {"consumer": f"gateway_key:{key.id}", "model": model, "action": action, "name": name, "requests": 1}
            for model, action, name in uses
        ]
        self.env.cr.execute("select gateway.record_used(%s)", (json.dumps(rows),))
        self.env.cr.execute(
            "update gateway.used set day = day - %s where consumer = %s and day = gateway.utc_now()::date",
            (days_ago, f"gateway_key:{key.id}"),
        )

    def called_from(self, key, *addresses, days_ago=0):
        consumer = f"gateway_key:{key.id}"
        rows = [{"consumer": consumer, "address": address, "requests": 2} for address in addresses]
        self.env.cr.execute("select gateway.record_used_addresses(%s)", (json.dumps(rows),))
        self.env.cr.execute(
            "update gateway.used_address set day = day - %s where consumer = %s and day = gateway.utc_now()::date",
            (days_ago, consumer),
        )

    def shrink(self, key, user=None, **values):
        action = key.with_user(user or self.owner).action_shrink()
        shrink = self.env["gateway.shrink"].with_user(user or self.owner).browse(action["res_id"])
        shrink.write(values)
        return shrink

    def test_the_scopes_are_those_that_were_used(self):
        cases = [
            ([("res.partner", "read", "")], "res.partner:read"),
            ([("res.partner", "read", "country_id.code")], "res.country:read res.partner:read"),
            ([("res.partner", "write", "child_ids.name")], "res.partner:write"),
            ([("res.partner", "write", "category_id.name")], "res.partner:write res.partner.category:write"),
            ([("res.partner", "delete", "")], "res.partner:delete"),
            ([("res.partner", "delete", "category_id")], "res.partner.category:delete"),
            ([("res.partner", "call", "message_post")], "res.partner:call"),
            ([("res.partner", "call", "web_name_search")], "res.partner:read"),
            ([("res.partner", "choice", "type=other")], False),
            ([("x.gone", "read", "")], False),
        ]
        for uses, expected in cases:
            key = self.key(self.owner)
            self.used(key, *uses)
            with self.subTest(uses):
                shrink = self.shrink(key)
                self.assertEqual(shrink.used and " ".join(shrink.used.split()), expected)
                self.assertEqual(shrink.can_narrow, bool(expected))

    def test_nothing_is_granted_that_was_not_granted_before(self):
        self.env["gateway.resource"].create({"name": "tags", "label": "Tag", "model_name": "res.partner.category"})
        key = self.key(self.owner, scopes="read tags_read tags_write res.country:write")
        self.used(
            key, ("res.partner", "read", ""), ("res.partner.category", "write", "name"), ("res.bank", "write", "name")
        )
        shrink = self.shrink(key)
        self.assertEqual(shrink.used.split(), ["res.partner:read", "tags_write"])
        self.assertIn("res.bank", shrink.summary)
        shrink.action_narrow()
        self.assertEqual(key.scopes, "res.partner:read tags_write")

    def test_the_preview_shows_what_would_be_refused(self):
        key = self.key(self.owner)
        self.used(key, ("res.country", "read", "code"), days_ago=40)
        self.used(key, ("res.partner", "read", "name"))
        shrink = self.shrink(key)
        self.assertNotIn("These uses", shrink.summary)
        shrink.days = "30"
        self.assertEqual(shrink.used, "res.partner:read")
        self.assertIn("These uses", shrink.summary)
        self.assertIn("res.country", shrink.summary)
        # No scope gives access to records that are code or rights.
        self.used(key, ("ir.default", "write", "json_value"))
        self.assertIn("ir.default", self.shrink(key).summary)

    def test_the_addresses_are_those_of_its_callers(self):
        hosts = [f"198.51.100.{n}" for n in range(1, 11)]
        cases = [
            (["203.0.113.7", "203.0.113.7", "203.0.113.9"], False, "203.0.113.7 203.0.113.9"),
            (["2001:db8:0:1::5", "2001:db8:0:1:abcd::9"], False, "2001:db8:0:1::/64"),
            (hosts, False, "198.51.100.0/24"),
            # The new list allows no address that the old one did not allow.
            (hosts, "198.51.100.0/28 203.0.113.0/24", "198.51.100.0/28"),
            (["203.0.113.7"], "::ffff:203.0.113.0/120", "203.0.113.7"),
            (["2001:db8::5"], "2001:db8::/120 10.0.0.0/8", "2001:db8::/120"),
            (["203.0.113.7"], "192.0.2.1", False),
            ([f"10.0.{n}.1" for n in range(60)], False, False),
            ([f"10.0.0.{n}" for n in range(201)], False, False),
        ]
        for addresses, granted, expected in cases:
            key = self.key(self.owner)
            key.with_user(self.manager).ip_list = granted
            self.called_from(key, *addresses)
            with self.subTest(addresses=addresses[0], granted=granted):
                shrink = self.shrink(key, self.manager)
                self.assertEqual(shrink.used_addresses and " ".join(shrink.used_addresses.split()), expected)
                self.assertEqual([shrink.with_addresses, shrink.can_narrow], [bool(expected)] * 2)

    def test_the_preview_counts_calls_from_addresses_that_would_be_refused(self):
        key = self.key(self.owner)
        self.used(key, ("res.partner", "read", ""))
        self.called_from(key, "192.0.2.1", days_ago=40)
        self.called_from(key, "203.0.113.7")
        shrink = self.shrink(key, self.manager)
        self.assertNotIn("because of their address", shrink.summary)
        shrink.days = "30"
        self.assertRegex(shrink.summary, r"because of their address:\s*2\b")
        shrink.with_addresses = False
        self.assertNotIn("because of their address", shrink.summary)
        shrink.with_addresses = True
        shrink.action_narrow()
        self.assertEqual([key.scopes, key.ip_list], ["res.partner:read", "203.0.113.7"])

    def test_only_managers_narrow_addresses(self):
        key = self.key(self.owner)
        self.used(key, ("res.partner", "read", ""))
        self.called_from(key, "203.0.113.7")
        self.shrink(key).action_narrow()
        self.assertEqual([key.scopes, key.ip_list], ["res.partner:read", False])
        with self.assertRaises(AccessError):
            self.shrink(key, with_addresses=True).action_narrow()

    def test_an_unused_key_cannot_be_narrowed_to_all(self):
        shrink = self.shrink(self.key(self.owner))
        self.assertFalse(shrink.can_narrow)
        with self.assertRaises(UserError):
            shrink.action_narrow()

    def test_owners_of_wide_keys_are_reminded_once_a_month(self):
        keys = [self.key(self.owner, name=f"Wide {n}", scopes=scopes) for n, scopes in enumerate(WIDE_AND_NOT)]
        for key in keys:
            self.used(key, ("res.partner", "read", ""))
        unused = self.key(self.owner)
        self.env.flush_all()
        self.env.cr.execute("update gateway_key set create_date = create_date - interval '31 days'")
        self.env.invalidate_all()
        for _ in range(2):
            self.env["gateway.shrink"]._remind()
        self.assertEqual([len(key.sudo().activity_ids) for key in [*keys, unused]], [1, 1, 0, 0])
        self.assertEqual(keys[0].sudo().activity_ids.user_id, self.owner)
        keys[0].sudo().activity_ids.unlink()
        self.env["gateway.shrink"]._remind()
        self.assertFalse(keys[0].sudo().activity_ids)
        self.env.flush_all()
        self.env.cr.execute("update gateway_key set wide_reminded_on = wide_reminded_on - 30")
        self.env.invalidate_all()
        self.env["gateway.shrink"]._remind()
        self.assertEqual([len(key.sudo().activity_ids) for key in keys], [1, 1, 0])

    def test_only_those_who_may_change_a_key_see_its_uses(self):
        key = self.key(self.owner)
        self.used(key, ("res.partner", "read", ""))
        with self.assertRaises(AccessError):
            key.with_user(self.other).action_shrink()
        values = {"kind": "gateway_key", "credential_id": key.id}
        with self.assertRaises(AccessError):
            self.env["gateway.shrink"].with_user(self.other).create(values).used  # noqa: B018
        self.assertEqual(self.shrink(key, self.manager).used, "res.partner:read")
