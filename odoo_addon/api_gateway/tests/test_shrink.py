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

    def test_nothing_is_granted_that_was_not_before(self):
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
        self.assertNotIn("would be refused", shrink.summary)
        shrink.days = "30"
        self.assertEqual(shrink.used, "res.partner:read")
        self.assertIn("would be refused", shrink.summary)
        self.assertIn("res.country", shrink.summary)
        # No scope opens records that are code or rights.
        self.used(key, ("ir.default", "write", "json_value"))
        self.assertIn("ir.default", self.shrink(key).summary)

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
