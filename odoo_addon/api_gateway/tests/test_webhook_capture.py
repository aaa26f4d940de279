"""Changes that become jobs. Tests do not commit: `flush` does the work of the precommit hook."""

import json

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, TransactionCase, new_test_user, tagged


class WebhookCase(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["gateway.webhook"].search([("active", "=", True)]).active = False
        cls.owner = new_test_user(
            cls.env, "hook_owner", groups="api_gateway.group_manager,base.group_partner_manager,base.group_user"
        )

    def webhook(self, model="res.partner", owner=None, watched=(), fields=(), **values):
        def ids(names):
            return [self.env["ir.model.fields"]._get(model, name).id for name in names]

        return self.env["gateway.webhook"].create(
            {
                "name": "Test",
                "url": "https://receiver.example/hook",
                "model_id": self.env["ir.model"]._get_id(model),
                "user_id": (owner or self.owner).id,
                "watched_field_ids": ids(watched),
                "payload_field_ids": ids(fields),
                **values,
            }
        )

    def new_transaction(self):
        """All tests share one transaction, in which a record's jobs are merged. This discards the jobs so far."""
        self.env.cr.flush()
        self.env.cr.execute("delete from gateway.webhook_job")
        self.env.cr.cache.pop("api_gateway.webhooks", None)

    def jobs(self):
        self.env.cr.flush()
        self.env.cr.execute(
            "select event, res_id, changed, previous, record_values, state, error from gateway.webhook_job order by id"
        )
        return self.env.cr.dictfetchall()


@tagged("post_install", "-at_install")
class TestWebhookCapture(WebhookCase):
    def test_a_created_record_causes_one_job(self):
        self.webhook()
        partner = self.env["res.partner"].create({"name": "Azure"})
        partner.name = "Azure Interior"
        [job] = self.jobs()
        self.assertEqual((job["event"], job["res_id"], job["changed"]), ("create", partner.id, []))

    def test_a_changed_record_has_its_changed_fields_and_their_old_values(self):
        belgium, france = self.env.ref("base.be"), self.env.ref("base.fr")
        partner = self.env["res.partner"].create({"name": "Azure", "country_id": belgium.id, "phone": False})
        self.webhook(watched=["name", "country_id", "phone"])
        self.new_transaction()
        partner.write({"name": "Azure Interior", "country_id": france.id, "phone": "1", "comment": "unwatched"})
        [job] = self.jobs()
        self.assertEqual(job["event"], "write")
        self.assertEqual(job["changed"], ["country_id", "name", "phone"])
        self.assertEqual(
            job["previous"], {"name": "Azure", "country_id": {"id": belgium.id, "name": "Belgium"}, "phone": None}
        )

    def test_several_writes_are_one_change_from_the_first_to_the_last_value(self):
        partner = self.env["res.partner"].create({"name": "One"})
        self.webhook(watched=["name", "phone"])
        self.new_transaction()
        for name in ("Two", "Three"):
            partner.name = name
            self.env.flush_all()
        with self.env.cr.savepoint():
            partner.phone = "1"
        partner.name = "Four"
        [job] = self.jobs()
        self.assertEqual(job["previous"], {"name": "One", "phone": None})
        self.assertEqual(job["changed"], ["name", "phone"])

    def test_a_write_that_changes_nothing_watched_causes_no_job(self):
        partner = self.env["res.partner"].create({"name": "One", "phone": "1"})
        self.webhook(watched=["phone"])
        self.new_transaction()
        partner.name = "Two"
        partner.phone = "1"
        self.env.flush_all()
        partner.phone = "2"
        self.env.flush_all()
        partner.phone = "1"
        self.assertEqual(self.jobs(), [])

    def test_changes_rolled_back_to_a_savepoint_cause_no_job(self):
        partner = self.env["res.partner"].create({"name": "One"})
        self.webhook()
        self.new_transaction()
        for flush in (True, False):
            savepoint = self.env.cr.savepoint(flush=flush)
            partner.name = "Two"
            self.env["res.partner"].create({"name": "Gone"})
            partner.copy().unlink()
            self.env.flush_all()
            savepoint.close(rollback=True)
            self.env.invalidate_all(flush=False)
        self.assertEqual(self.jobs(), [])

    def test_a_record_created_and_deleted_in_one_transaction_causes_no_job(self):
        self.webhook()
        with self.env.cr.savepoint():
            partner = self.env["res.partner"].create({"name": "Short"})
        partner.unlink()
        self.assertEqual(self.jobs(), [])

    def test_a_deleted_record_is_reported_with_its_last_values(self):
        partner = self.env["res.partner"].create({"name": "Old", "is_company": True, "category_id": []})
        self.webhook(fields=["name", "is_company", "category_id", "create_date", "parent_id", "color"])
        self.new_transaction()
        partner.name = "Older"
        self.env.cr.flush()
        created = partner.create_date
        partner.unlink()
        [job] = self.jobs()
        self.assertEqual(job["event"], "unlink")
        self.assertEqual(
            job["record_values"],
            {
                "id": partner.id,
                "name": "Older",
                "is_company": True,
                "category_id": [],
                "create_date": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "parent_id": None,
                "color": 0,
            },
        )

    def test_a_recomputed_stored_field_is_a_change(self):
        parent = self.env["res.partner"].create({"name": "Parent", "is_company": True})
        child = self.env["res.partner"].create({"name": "Child", "parent_id": parent.id})
        self.webhook(watched=["complete_name"])
        self.new_transaction()
        parent.name = "Mother"
        jobs = {job["res_id"]: job for job in self.jobs()}
        self.assertEqual(jobs[child.id]["previous"], {"complete_name": "Parent, Child"})

    def test_relations_written_by_commands_are_changes(self):
        tag = self.env["res.partner.category"].create({"name": "Tag"})
        partner = self.env["res.partner"].create({"name": "One"})
        self.webhook(watched=["category_id", "child_ids"], on_create=False)
        self.new_transaction()
        partner.write({"category_id": [(4, tag.id)], "child_ids": [(0, 0, {"name": "Child"})]})
        [job] = self.jobs()
        self.assertEqual(job["previous"], {"category_id": [], "child_ids": []})

    def test_translations_are_changes(self):
        country = self.env.ref("base.be")
        self.webhook("res.country", watched=["name"], on_create=False, on_unlink=False)
        self.new_transaction()
        country.update_field_translations("name", {"en_US": "Belgique"})
        [job] = self.jobs()
        self.assertEqual(job["previous"], {"name": "Belgium"})

    def test_only_the_chosen_events_cause_jobs(self):
        self.webhook(on_create=False, on_write=False)
        partner = self.env["res.partner"].create({"name": "One"})
        self.new_transaction()
        partner.name = "Two"
        self.assertEqual(self.jobs(), [])
        partner.unlink()
        self.assertEqual([job["event"] for job in self.jobs()], ["unlink"])

    def test_the_domain_applies_to_the_changed_record(self):
        partner = self.env["res.partner"].create({"name": "One"})
        self.webhook(domain="[('phone', '!=', False)]")
        self.new_transaction()
        partner.name = "Two"
        self.assertEqual(self.jobs(), [])
        partner.phone = "1"
        self.assertEqual([job["event"] for job in self.jobs()], ["write"])

    def test_archiving_a_record_is_reported_too(self):
        partner = self.env["res.partner"].create({"name": "One"})
        self.webhook(watched=["active"])
        self.new_transaction()
        partner.active = False
        self.assertEqual([job["previous"] for job in self.jobs()], [{"active": True}])

    def test_each_webhook_gets_its_job_and_its_own_fields(self):
        self.webhook(watched=["name"])
        self.webhook(watched=["phone"], with_previous=False)
        partner = self.env["res.partner"].create({"name": "One"})
        self.new_transaction()
        partner.write({"name": "Two", "phone": "1"})
        self.assertEqual(
            [(job["changed"], job["previous"]) for job in self.jobs()], [(["name"], {"name": "One"}), (["phone"], None)]
        )

    def test_records_that_the_owner_may_not_see_cause_no_event(self):
        self.env["ir.rule"].create(
            {
                "name": "Test",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": "[('name', '!=', 'Hidden')]",
                "groups": [self.env.ref("base.group_user").id],
            }
        )
        self.webhook()
        hidden = self.env["res.partner"].create({"name": "Hidden"})
        hidden.phone = "1"
        hidden.unlink()
        self.assertEqual(self.jobs(), [])

    def test_fields_of_other_groups_are_not_sent(self):
        field = self.env["res.users"]._fields["share"]
        self.webhook("res.users", on_create=False, on_unlink=False)
        user = new_test_user(self.env, "somebody")
        self.new_transaction()
        self.patch(field, "groups", "base.group_system")
        user.write({"group_ids": [(6, 0, [self.env.ref("base.group_portal").id])]})
        self.assertTrue(user.share)
        for job in self.jobs():
            self.assertNotIn("share", job["changed"])
            self.assertNotIn("share", job["previous"])

    def test_another_companys_value_is_not_a_change(self):
        field = self.env["res.partner"]._fields["barcode"]
        self.assertTrue(field.company_dependent)
        partner = self.env["res.partner"].create({"name": "One"})
        other = self.env["res.company"].create({"name": "Other"})
        self.webhook(watched=["barcode"])
        self.new_transaction()
        partner.with_company(other).barcode = "other"
        self.assertEqual(self.jobs(), [])
        partner.with_company(self.owner.company_id).barcode = "own"
        self.assertEqual([job["previous"] for job in self.jobs()], [{"barcode": None}])

    def test_a_webhook_that_cannot_be_evaluated_does_not_make_a_write_fail(self):
        webhook = self.webhook()
        partner = self.env["res.partner"].create({"name": "One"})
        self.new_transaction()
        self.env.cr.execute('update gateway_webhook set domain = \'[("gone", "=", 1)]\' where id = %s', (webhook.id,))
        self.env.registry.clear_cache("stable")
        self.env.invalidate_all()
        with self.assertLogs("odoo.addons.api_gateway.webhooks.capture", "WARNING"):
            partner.name = "Two"
            [job] = self.jobs()
        self.assertEqual(partner.name, "Two")
        self.assertEqual(job["state"], "dead")
        self.assertIn("gone", job["error"])

    def test_an_archived_webhook_or_owner_collects_nothing(self):
        webhook = self.webhook()
        webhook.active = False
        self.env["res.partner"].create({"name": "One"})
        webhook.active = True
        self.owner.active = False
        self.env["res.partner"].create({"name": "Two"})
        self.assertEqual(self.jobs(), [])
        self.assertEqual(webhook.health, "ownerless")

    def test_changing_a_webhook_changes_which_models_are_watched(self):
        webhook = self.webhook()
        for active, watched in ((False, set()), (True, {"res.partner"})):
            webhook.active = active
            # The end of a request also flushes, and the worker keeps its cache after that.
            self.env.cr.flush()
            self.assertEqual(self.env["gateway.webhook"]._watched().keys(), watched)
        webhook.unlink()
        self.assertFalse(self.env["gateway.webhook"]._watched())

    def test_unwatched_models_cost_no_statement(self):
        partners = self.env["res.partner"].create([{"name": "One"}, {"name": "Two"}])

        def statements(phone):
            self.new_transaction()
            self.env.invalidate_all()
            self.env["gateway.webhook"]._watched()
            before = self.cr.sql_log_count
            partners.write({"phone": phone})
            self.env.cr.flush()
            return self.cr.sql_log_count - before

        statements("0")
        unwatched = statements("1")
        self.webhook("res.country")
        statements("0")
        self.assertEqual(statements("2"), unwatched)
        self.webhook("res.partner")
        statements("0")
        self.assertGreater(statements("3"), unwatched)


@tagged("post_install", "-at_install")
class TestWebhookRights(WebhookCase):
    def test_the_form_shows_the_event_of_a_real_record_before_it_is_saved(self):
        partner = self.env["res.partner"].create({"name": "Newest", "ref": "R-1"})
        with Form(self.env["gateway.webhook"].with_user(self.owner)) as form:
            form.name, form.url = "New", "https://receiver.example/hook"
            form.model_id = self.env["ir.model"]._get("res.partner")
            self.assertIn('"name": "Newest"', form.preview)
            form.payload_field_ids.add(self.env["ir.model.fields"]._get("res.partner", "ref"))
            self.assertEqual(json.loads(form.preview)["data"]["values"], {"id": partner.id, "ref": "R-1"})
            form.payload_field_ids.add(self.env["ir.model.fields"]._get("res.partner", "signup_type"))
            self.assertIn("may not read the field", form.preview)
            form.payload_field_ids.remove(id=self.env["ir.model.fields"]._get("res.partner", "signup_type").id)
            form.domain = "[('nonsense', '=', 1)]"
            self.assertIn("The domain cannot be used", form.preview)
            form.domain = "[('name', '=', 'Nobody has this name')]"
            self.assertIn("No record", form.preview)
            form.user_id = self.env.ref("base.user_admin")
            self.assertIn("Only the webhook's owner", form.preview)
            form.user_id = self.owner

    def test_a_manager_owns_and_changes_only_own_webhooks(self):
        other = new_test_user(self.env, "other_manager", groups="api_gateway.group_manager,base.group_user")
        own = self.webhook().with_user(self.owner)
        self.assertIn('"res.partner.create"', own.preview)
        self.assertIn("Only the webhook's owner", own.with_user(other).preview)
        own.url = "https://elsewhere.example"
        with self.assertRaises(AccessError):
            own.with_user(other).url = "https://mine.example"
        with self.assertRaises(AccessError):
            own.with_user(other).action_show_secret()
        with self.assertRaises(AccessError):
            own.with_user(other).action_send_test()
        with self.assertRaises(AccessError):
            own.user_id = other
        with self.assertRaises(AccessError):
            self.env["gateway.webhook"].with_user(other).create(
                {"name": "X", "url": own.url, "model_id": own.model_id.id, "user_id": self.owner.id}
            )
        self.assertEqual(own.with_user(other).name, "Test")

    def test_users_see_no_webhooks(self):
        user = new_test_user(self.env, "plain", groups="api_gateway.group_user")
        for model in ("gateway.webhook", "gateway.webhook.job", "gateway.webhook.attempt", "gateway.webhook.header"):
            with self.assertRaises(AccessError):
                self.env[model].with_user(user).search([])

    def test_a_job_and_its_attempts_are_named_after_the_change(self):
        webhook = self.webhook()
        partner = self.env["res.partner"].create({"name": "One"})
        self.env.cr.flush()
        job = self.env["gateway.webhook.job"].search([("webhook_id", "=", webhook.id)])
        self.env.cr.execute(
            "insert into gateway.webhook_attempt (job_id, webhook_id, started_at, ms, status)"
            " values (%s, %s, gateway.utc_now(), 5, 999), (0, %s, gateway.utc_now(), 5, null)",
            (job.id, webhook.id, webhook.id),
        )
        attempts = self.env["gateway.webhook.attempt"].search([("webhook_id", "=", webhook.id)], order="id")
        name = f"res.partner {partner.id}: Created"
        self.assertEqual([job.display_name, *attempts.mapped("display_name")], [name, name, "Test"])
        self.assertEqual(attempts.mapped("status_class"), ["5", "none"])

    def test_only_owner_and_administrators_see_sent_bodies(self):
        webhook = self.webhook()
        self.env["res.partner"].create({"name": "One"})
        self.env.cr.flush()
        self.env.cr.execute("update gateway.webhook_job set body = '{\"secret\": 1}'")
        job = self.env["gateway.webhook.job"].search([("webhook_id", "=", webhook.id)])
        other = new_test_user(self.env, "other_manager", groups="api_gateway.group_manager,base.group_user")
        self.assertIn("secret", job.with_user(self.owner).body)
        self.assertNotIn("secret", job.with_user(other).body)

    def test_hidden_models_and_unreadable_ones_cannot_be_watched(self):
        for model in ("ir.config_parameter", "res.users.apikeys", "gateway.webhook", "ir.cron", "change.password.user"):
            with self.subTest(model), self.assertRaises(ValidationError):
                self.webhook(model, owner=self.env.ref("base.user_admin"))
        with self.assertRaises(ValidationError):
            self.webhook("ir.ui.view")
        with self.assertRaises(ValidationError):
            self.webhook(owner=self.env.ref("base.user_root"))

    def test_a_domain_is_data_and_stays_within_the_owners_rights(self):
        for domain in ("__import__('os').system('true')", "[('name', '=', uid)]", "[('nothing', '=', 1)]", "[(", "[1]"):
            with self.subTest(domain), self.assertRaises(ValidationError):
                self.webhook(domain=domain)

    def test_addresses_and_headers_are_checked(self):
        for url in ("ftp://a.example", "https://", "//a.example", "javascript:alert(1)", "https://user:pass@a.example"):
            with self.subTest(url), self.assertRaises(ValidationError):
                self.webhook(url=url)
        for name, value in (
            ("X-A", "a\r\nX-B: b"),
            ("X A", "a"),
            ("Connection", "close"),
            ("Transfer-Encoding", "chunked"),
            ("Content-Type", "text/plain"),
            ("webhook-id", "1"),
            ("X-A", "é"),
        ):
            with self.subTest((name, value)), self.assertRaises(ValidationError):
                self.webhook(header_ids=[(0, 0, {"name": name, "value": value})])

    def test_header_values_are_stored_but_not_shown(self):
        webhook = self.webhook(header_ids=[(0, 0, {"name": "Authorization", "value": "Bearer s3cret"})])
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(webhook.header_ids.value, "••••••••")
        self.env.cr.execute("select headers from gateway.webhooks() where id = %s", (webhook.id,))
        self.assertEqual(self.env.cr.fetchone()[0], [{"name": "Authorization", "value": "Bearer s3cret"}])
        purposes = [f"webhook:{webhook.id}", f"webhook_header:{webhook.header_ids.id}"]
        count = "select count(*) from gateway.secret where purpose = any(%s)"
        self.env.cr.execute(count, (purposes,))
        self.assertEqual(self.env.cr.fetchone()[0], 2)
        webhook.unlink()
        self.env.cr.execute(count, (purposes,))
        self.assertEqual(self.env.cr.fetchone()[0], 0)

    def test_a_rotated_secret_stays_valid_with_the_new_one(self):
        webhook = self.webhook()
        [first] = webhook._signing_secrets()
        webhook.action_rotate_secret()
        self.assertEqual(webhook._signing_secrets()[1], first)
        self.assertTrue(first.startswith("whsec_"))
        self.env.cr.execute("update gateway.secret set expires_at = gateway.utc_now() where expires_at is not null")
        self.assertEqual(len(webhook._signing_secrets()), 1)

    def test_a_copy_of_the_database_has_other_secrets_and_no_header_values(self):
        webhook = self.webhook(header_ids=[(0, 0, {"name": "Authorization", "value": "Bearer s3cret"})])
        [secret] = webhook._signing_secrets()
        self.env["ir.config_parameter"].set_param("database.uuid", "another")
        self.env.flush_all()
        self.assertNotEqual(webhook._signing_secrets(), [secret])
        self.env.cr.execute("select headers from gateway.webhooks() where id = %s", (webhook.id,))
        self.assertEqual(self.env.cr.fetchone()[0], [{"name": "Authorization", "value": None}])

    def test_the_form_of_a_new_webhook_opens_and_saves(self):
        form = Form(self.env["gateway.webhook"].with_user(self.owner))
        form.name = "New"
        form.url = "https://receiver.example"
        form.model_id = self.env["ir.model"]._get("res.partner")
        with form.header_ids.new() as header:
            header.name = "Authorization"
            header.value = "Bearer 1"
        webhook = form.save()
        self.assertEqual((webhook.health, webhook.model_name), ("new", "res.partner"))
        with Form(webhook) as form:
            form.url = "https://elsewhere.example"
        self.env.cr.execute("select headers -> 0 ->> 'value' from gateway.webhooks() where id = %s", (webhook.id,))
        self.assertEqual(self.env.cr.fetchone()[0], "Bearer 1")
