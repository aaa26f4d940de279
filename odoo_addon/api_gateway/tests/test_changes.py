"""The changes of synced models that the change feed records (sql/022_changes.sql)."""

from odoo.exceptions import AccessError, ValidationError
from odoo.tests.common import TransactionCase, new_test_user, tagged


@tagged("post_install", "-at_install")
class TestChanges(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partners = cls.sync("res.partner")

    @classmethod
    def sync(cls, name):
        return cls.env["gateway.synced.model"].create({"model_id": cls.env["ir.model"]._get_id(name)})

    def noted(self, model="res.partner"):
        """`(id, deleted)` of changes recorded since the last call, in the order of their numbers."""
        self.env.flush_all()
        self.env.cr.execute("select last from gateway.change_state")
        [before] = self.env.cr.fetchone()
        self.env.cr.execute("select gateway.stamp_changes(10000)")
        self.env.cr.execute(
            "select res_id, deleted from gateway.change where model = %s and number > %s order by number",
            (model, before),
        )
        return self.env.cr.fetchall()

    def test_every_way_to_change_a_record(self):
        partner, other = self.env["res.partner"].create([{"name": "Ada"}, {"name": "Grace"}])
        self.assertEqual(self.noted(), [(partner.id, False), (other.id, False)])

        tag = self.env["res.partner.category"].create({"name": "Early"})
        company = self.env["res.partner"].create({"name": "Company"})
        self.noted()
        ways = {
            "a write": lambda: partner.write({"name": "Ada L."}),
            "a link": lambda: partner.write({"category_id": [(4, tag.id)]}),
            "SQL": lambda: self.env.cr.execute("update res_partner set ref = 'x' where id = %s", (partner.id,)),
            "a stored computed field": lambda: partner.write({"parent_id": company.id}),
            "an archiving": lambda: partner.write({"active": False}),
        }
        for what, change in ways.items():
            with self.subTest(what):
                # A change that only touches other tables is noticed by its new `write_date`. Within one transaction,
                # that would be the same time again, so this sets an older one.
                self.env.cr.execute("update res_partner set write_date = '2020-01-01' where id = %s", (partner.id,))
                partner.invalidate_recordset()
                self.noted()
                change()
                self.assertIn((partner.id, False), self.noted())

        other.unlink()
        self.assertEqual(self.noted(), [(other.id, True)])
        self.env.cr.execute("delete from res_partner where id = %s", (partner.id,))
        self.assertEqual(self.noted(), [(partner.id, True)])

    def test_deletions_that_a_foreign_key_cascades(self):
        self.sync("res.country.state")
        country = self.env["res.country"].create({"name": "Utopia", "code": "U1"})
        state = self.env["res.country.state"].create({"name": "North", "code": "N", "country_id": country.id})
        bank_model = "res.partner.bank"
        self.sync(bank_model)
        partner = self.env["res.partner"].create({"name": "Holder"})
        bank = self.env[bank_model].create({"acc_number": "1", "partner_id": partner.id})
        self.noted()
        self.env.cr.execute("delete from res_partner where id = %s", (partner.id,))
        self.assertEqual(self.noted(bank_model), [(bank.id, True)])
        state.unlink()
        self.assertEqual(self.noted("res.country.state"), [(state.id, True)])

    def test_a_change_in_the_model_it_inherits_by_delegation(self):
        self.sync("res.users")
        user = new_test_user(self.env, "changing")
        self.noted("res.users")
        user.partner_id.phone = "+32 2 123"
        self.assertIn((user.id, False), self.noted("res.users"))

    def test_a_record_that_changes_twice_is_read_once_with_its_newest_number(self):
        first, second = self.env["res.partner"].create([{"name": "One"}, {"name": "Two"}])
        self.noted()
        second.name = "Two again"
        self.noted()
        first.name = "One again"
        self.env.flush_all()
        second.unlink()
        self.assertEqual(self.noted(), [(first.id, False), (second.id, True)])
        self.env.cr.execute("select count(*) from gateway.change where res_id in %s", ((first.id, second.id),))
        self.assertEqual(self.env.cr.fetchone(), (2,))

    def test_changes_of_models_not_in_the_list_are_not_recorded(self):
        self.env["res.partner.category"].create({"name": "Unwatched"})
        self.assertEqual(self.noted("res.partner.category"), [])
        self.partners.unlink()
        self.env["res.partner"].create({"name": "Too late"})
        self.assertEqual(self.noted(), [])
        self.env.cr.execute("select count(*) from pg_trigger where tgfoid = 'gateway.note_change()'::regprocedure")
        self.assertEqual(self.env.cr.fetchone(), (0,))

    def test_a_model_that_is_uninstalled_or_replaced_is_not_synced_any_more(self):
        def synced():
            self.env.cr.execute("select model from gateway.synced_model order by model")
            return [name for (name,) in self.env.cr.fetchall()]

        self.partners.model_id = self.env["ir.model"]._get("res.bank")
        self.assertEqual(synced(), ["res.bank"])
        self.env["res.bank"].create({"name": "Watched"})
        self.assertEqual(len(self.noted("res.bank")), 1)
        self.env.cr.execute("delete from gateway_synced_model")  # as the model's foreign key does
        self.assertEqual(synced(), [])

    def test_retention_deletes_changes_and_stores_the_last_deleted_number(self):
        old, new = self.env["res.partner"].create([{"name": "Old"}, {"name": "New"}])
        self.noted()
        self.env.cr.execute(
            "update gateway.change set stamped_at = stamped_at - interval '31 days' where res_id = %s returning number",
            (old.id,),
        )
        [number] = self.env.cr.fetchone()
        self.env.cr.execute("select gateway.clean_changes(100)")
        self.env.cr.execute("select res_id from gateway.change where res_id in %s", ((old.id, new.id),))
        self.assertEqual(self.env.cr.fetchall(), [(new.id,)])
        self.env.cr.execute("select oldest from gateway.changes('res.partner', 2, 0, 1)")
        self.assertEqual(self.env.cr.fetchone(), (number,))

    def test_the_digest_of_rights_follows_groups_rules_and_companies(self):
        user = new_test_user(self.env, "reader")
        model_id = self.env["ir.model"]._get_id("res.partner")
        rule = self.env["ir.rule"].create({"name": "None", "model_id": model_id, "domain_force": "[(1, '=', 1)]"})
        company = self.env["res.company"].create({"name": "Second"})
        seen = {self.digest(user)}
        for what, change in {
            "a group": lambda: user.write({"group_ids": [(4, self.env.ref("base.group_partner_manager").id)]}),
            "a company": lambda: user.write({"company_ids": [(4, company.id)]}),
            "a rule": lambda: rule.write({"domain_force": "[('id', '>', 0)]"}),
            "an access right": lambda: self.env["ir.model.access"].create({"name": "x", "model_id": model_id}),
        }.items():
            with self.subTest(what):
                change()
                digest = self.digest(user)
                self.assertNotIn(digest, seen)
                seen.add(digest)
        self.env["ir.rule"].create(
            {"name": "Other", "model_id": self.env["ir.model"]._get_id("res.bank"), "domain_force": "[]"}
        )
        self.assertIn(self.digest(user), seen)

    def digest(self, user):
        self.env.flush_all()
        self.env.cr.execute("select gateway.rights_digest(%s, 'res.partner')", (user.id,))
        return self.env.cr.fetchone()[0]

    def test_only_managers_choose_models_and_some_models_cannot_be_followed(self):
        for name in ("gateway.key", "ir.config_parameter", "res.config.settings", "gateway.stat"):
            with self.subTest(name), self.assertRaises(ValidationError):
                self.sync(name)
        user = new_test_user(self.env, "curious", groups="base.group_user,api_gateway.group_user")
        with self.assertRaises(AccessError):
            self.partners.with_user(user).unlink()
        with self.assertRaises(AccessError):
            self.env["gateway.synced.model"].with_user(user).create(
                {"model_id": self.env["ir.model"]._get_id("res.bank")}
            )
