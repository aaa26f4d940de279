from odoo.tests import tagged

from .common import ChannelCase


@tagged("post_install", "-at_install")
class TestMetadata(ChannelCase):
    def test_the_models_are_those_that_the_user_may_use(self):
        listed = {model["model"]: model for model in self.assert_ok(self.query({"op": "models"}))}
        rights = {"read": True, "write": False, "create": False, "unlink": False}
        self.assertEqual(listed["res.country"], {"model": "res.country", "name": "Country", **rights})
        self.assertTrue(listed["res.partner"]["create"])
        self.assertNotIn("ir.logging", listed)
        for name in listed:
            self.assertTrue(any(self.env[name].with_user(self.caller).has_access(mode) for mode in ("read", "create")))

    def test_fields_are_described_as_the_user_sees_them(self):
        self.patch(self.env["res.partner"]._fields["ref"], "groups", "base.group_system")
        described = self.assert_ok(self.query({"op": "describe", "models": ["res.partner"]}))["res.partner"]
        self.assertNotIn("ref", described)
        self.assertEqual(described["country_id"]["relation"], "res.country")
        self.assertIn(["contact", "Contact"], described["type"]["selection"])
        self.assert_refused(self.query({"op": "describe", "models": ["ir.logging"]}), "odoo.access")
        self.assert_refused(self.query({"op": "describe", "models": ["nope"]}), "odoo.model", "nope")

    def test_descriptions_are_in_the_callers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        field = self.env["ir.model.fields"]._get("res.partner", "name")
        field.with_context(lang="fr_FR").field_description = "Dénomination"
        operation = {"op": "describe", "models": ["res.partner"]}
        described = self.assert_ok(self.query(operation, context={"lang": "fr_FR"}))["res.partner"]
        self.assertEqual(described["name"]["string"], "Dénomination")

    def test_types_describe_every_field_for_the_sidecar(self):
        types = self.assert_ok(self.query({"op": "types", "models": ["res.partner", "res.country"]}))
        self.assertEqual(set(types), {"res.partner", "res.country"})
        self.assertEqual(set(types["res.partner"]), set(self.env["res.partner"]._fields))
        self.assertEqual(
            types["res.partner"]["country_id"],
            {"type": "many2one", "relation": "res.country", "stored": True, "required": False},
        )
