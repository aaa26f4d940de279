import socket

from odoo.modules.registry import Registry
from odoo.tests import new_test_user, tagged

from ..executor.dry_run import MAX_RECORDS
from .common import ChannelCase, create, method, read, search, tree, write


@tagged("post_install", "-at_install")
class TestDryRun(ChannelCase):
    def rehearse(self, *operations, differences=True, **call):
        call = {**self.call(*operations, **call), "dry_run": {"differences": differences}}
        response = self.post("/gateway/execute", self.body("/gateway/execute", [call]))
        self.assertEqual(response.status_code, 200, response.text)
        return response.json()["results"][0]

    def difference(self, answer):
        self.assert_ok(answer)
        [difference] = answer["dry_run"]["differences"]
        return difference

    def patch_partners(self, name, function):
        self.patch(type(self.env["res.partner"]), name, function)

    def test_a_creation_shows_the_record_and_leaves_no_trace(self):
        children = [[0, 0, {"name": "Child"}]]
        difference = self.difference(self.rehearse(create("res.partner", {"name": "Tried", "child_ids": children})))
        self.assertEqual((difference["name"], difference["before"]), ("Tried", None))
        self.assertEqual(difference["after"]["name"], "Tried")
        self.assertEqual([child["display_name"] for child in difference["after"]["child_ids"]], ["Tried, Child"])
        self.assertFalse(self.env["res.partner"].search([("name", "in", ("Tried", "Child"))]))

    def test_an_update_shows_its_changes_and_the_fields_computed_from_them(self):
        difference = self.difference(self.rehearse(write("res.partner", self.partner.ids, {"name": "New"})))
        self.assertEqual(difference["before"]["name"], "Gateway Partner")
        self.assertEqual(difference["after"]["complete_name"], "New")
        self.assertNotIn("email", difference["after"])
        self.assertNotIn("write_date", difference["after"])
        self.assertEqual(self.partner.name, "Gateway Partner")

    def test_a_deletion_and_a_method_show_their_effects_on_the_records_they_name(self):
        difference = self.difference(self.rehearse({"op": "unlink", "model": "res.partner", "ids": self.partner.ids}))
        self.assertEqual((difference["name"], difference["after"]), ("Gateway Partner", None))
        call = {**method("res.partner", "action_archive"), "ids": self.partner.ids}
        difference = self.difference(self.rehearse(call))
        self.assertEqual((difference["before"], difference["after"]), ({"active": True}, {"active": False}))
        self.assertTrue(self.partner.exists().active)
        difference = self.difference(self.rehearse(method("res.partner", "action_archive", self.partner.ids)))
        self.assertEqual((difference["before"], difference["after"]), ({"active": True}, {"active": False}))

    def test_later_operations_see_earlier_ones_and_results_are_those_of_a_real_run(self):
        ref = {"$ref": "made.id"}
        answer = self.rehearse(
            {**create("res.partner", {"name": "Tried"}), "name": "made"},
            read("res.partner", [ref], fields=tree("name")),
            differences=False,
        )
        self.assertEqual(answer["results"][1]["records"][0]["name"], "Tried")
        self.assertEqual(answer["dry_run"], {"mails": 0, "outside": False})

    def test_many_records_are_shown_in_part(self):
        partners = self.env["res.partner"].create([{"name": str(i)} for i in range(MAX_RECORDS + 5)])
        answer = self.rehearse(write("res.partner", partners.ids, {"color": 4}))
        self.assertEqual(len(answer["dry_run"]["differences"]), MAX_RECORDS)
        self.assertGreater(answer["dry_run"]["unseen"], 0)

    def test_rights_scopes_and_rules_apply_and_nothing_unreadable_is_shown(self):
        only_writes = {"scopes": ["write"], "models": None}
        answer = self.rehearse(write("res.partner", self.partner.ids, {"name": "x"}), grant=only_writes)
        self.assert_ok(answer)
        self.assertEqual(answer["dry_run"]["differences"], [])
        self.assertEqual(answer["dry_run"]["unseen"], 1)
        only_reads = {"scopes": ["read"], "models": None}
        changed = write("res.partner", self.partner.ids, {"name": "x"})
        self.assert_refused(self.rehearse(changed, grant=only_reads), "scope.insufficient")
        portal = new_test_user(self.env, "gateway_portal", groups="base.group_portal")
        self.assert_refused(self.rehearse(changed, uid=portal.id), "odoo.missing")
        self.assert_refused(self.rehearse(write("res.partner", [2**30], {"name": "x"})), "odoo.missing")
        self.assert_refused(self.rehearse(write("ir.rule", [1], {"name": "x"})), "odoo.exposure")

    def test_malformed_operations_are_refused_as_usual(self):
        for operation in (
            {"op": "write", "model": "res.partner", "ids": "1", "values": {}},
            {"op": "write", "model": ["res.partner"], "ids": [1], "values": {}},
            {"op": "write", "model": "res.partner", "ids": self.partner.ids, "values": {"nope": 1}},
            {"op": "create", "model": "res.partner", "values": ["x"]},
        ):
            answer = self.rehearse(operation)
            self.assertFalse(answer["ok"])
            self.assertNotEqual(answer["error"]["reason"], "odoo.error", answer)

    def test_a_method_that_commits_is_stopped_before_it_does(self):
        def toggle(records):
            records.name = "Committed"
            records.env.cr.commit()

        self.patch_partners("action_archive", toggle)
        call = {**method("res.partner", "action_archive"), "ids": self.partner.ids}
        self.assert_refused(self.rehearse(call), "odoo.dry_run", "commits")
        self.assertEqual(self.partner.name, "Gateway Partner")
        self.assert_ok(self.execute(call))
        self.assertEqual(self.partner.name, "Committed")

    def test_nothing_leaves_odoo_and_no_other_transaction_begins(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            address = server.getsockname()
            ways_out = {
                "reaches another system": lambda records: socket.create_connection(address, timeout=5).close(),
                "transaction of its own": lambda records: Registry.cursor(records.env.registry).close(),
            }
            call = {**method("res.partner", "action_archive"), "ids": self.partner.ids}
            for sentence, way_out in ways_out.items():
                with self.subTest(sentence):
                    self.patch_partners("action_archive", way_out)
                    self.assert_refused(self.rehearse(call), "odoo.dry_run", sentence)
            server.settimeout(0)
            with self.assertRaises(BlockingIOError):
                server.accept()

    def test_a_failed_connection_is_reported_even_if_the_method_catches_the_error(self):
        def careful(records):
            try:
                socket.create_connection(("127.0.0.1", 9), timeout=5)
            except Exception:
                records.name = "Not sent"

        self.patch_partners("action_archive", careful)
        answer = self.rehearse({**method("res.partner", "action_archive"), "ids": self.partner.ids})
        self.assertEqual(self.difference(answer)["after"]["name"], "Not sent")
        self.assertTrue(answer["dry_run"]["outside"])

    def test_mails_are_counted_and_not_sent(self):
        def write_to_them(records):
            records.env["mail.mail"].sudo().create([{"email_to": "a@example.com"}, {"email_to": "b@example.com"}])

        self.patch_partners("action_archive", write_to_them)
        answer = self.rehearse({**method("res.partner", "action_archive"), "ids": self.partner.ids})
        self.assert_ok(answer)
        self.assertEqual(answer["dry_run"]["mails"], 2)
        self.assertFalse(self.env["mail.mail"].search([("email_to", "=", "a@example.com")]))

    def test_the_reading_path_and_combined_writes_refuse_dry_runs(self):
        call = {**self.call(search("res.partner")), "dry_run": {"differences": False}}
        response = self.post("/gateway/read", self.body("/gateway/read", [call]))
        self.assertEqual(response.json()["error"]["reason"], "channel.malformed")
        calls = [{**self.call(create("res.partner", {"name": "x"})), "dry_run": {"differences": False}}] * 2
        response = self.post("/gateway/execute", self.body("/gateway/execute", calls))
        self.assertEqual(response.json()["error"]["reason"], "channel.malformed")
