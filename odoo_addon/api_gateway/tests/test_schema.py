from odoo.tests import TransactionCase, tagged

from ..hooks import uninstall_hook
from ..models.gateway_schema import Migration

# A role that exists in every cluster, cannot log in, and is not used by any test of a sidecar.
ROLE = "pg_read_all_stats"


@tagged("post_install", "-at_install")
class TestSchema(TransactionCase):
    def value(self, query, *parameters):
        self.env.cr.execute(query, parameters)
        return self.env.cr.fetchone()[0]

    def privileges(self, relation):
        return [
            privilege
            for privilege in ("select", "insert", "update", "delete", "truncate")
            if self.value("select has_table_privilege(%s, %s, %s)", ROLE, relation, privilege)
        ]

    def with_migrations(self, *extra, edit=lambda migration: migration):
        schema = type(self.env["gateway.schema"])
        migrations = [*map(edit, self.env["gateway.schema"]._migrations()), *extra]
        self.patch(schema, "_migrations", lambda model: migrations)

    def test_every_file_is_applied_once_and_recorded(self):
        files = {(m.number, m.name, m.checksum) for m in self.env["gateway.schema"]._migrations()}
        self.env.cr.execute("select number, name, checksum from gateway.migration")
        self.assertEqual(set(self.env.cr.fetchall()), files)
        self.env["gateway.schema"]._migrate()
        self.assertEqual(self.value("select count(*) from gateway.migration"), len(files))

    def test_versions_of_compiled_reads_never_return_to_earlier_values(self):
        def ids():
            return set(self.value("select gateway.read_versions()").partition("/")[2].split(","))

        self.env.cr.execute("insert into gateway.read_signal (txid) select '3' from generate_series(1, 101)")
        before = ids()
        self.env["gateway.sidecar"]._cron_clean()
        self.assertLess(len(ids()), 20)
        self.assertTrue(ids() - before)

    def test_a_new_file_is_applied_and_grants_are_given_again(self):
        self.env.cr.execute("select gateway.grant_to(%s)", (ROLE,))
        statements = """
            create table gateway.novelty (id integer);
            insert into gateway.contract (kind, name, privileges) values ('table', 'novelty', 'select')
        """
        self.with_migrations(Migration(999, "novelty", statements))
        self.env["gateway.schema"]._migrate()
        self.assertEqual(self.privileges("gateway.novelty"), ["select"])
        self.assertEqual(self.value("select name from gateway.migration where number = 999"), "novelty")

    def test_a_role_has_exactly_the_rights_in_the_contract(self):
        self.env.cr.execute("select gateway.grant_to(%s)", (ROLE,))
        self.env.cr.execute("select name, privileges from gateway.contract where kind = 'table'")
        contract = {name: sorted(privileges.split(", ")) for name, privileges in self.env.cr.fetchall()}
        self.env.cr.execute(
            "select relname from pg_class where relnamespace = 'gateway'::regnamespace and relkind in ('r', 'v')"
        )
        for (table,) in self.env.cr.fetchall():
            self.assertEqual(sorted(self.privileges(f"gateway.{table}")), contract.get(table, []), table)

    def test_a_file_that_was_changed_after_it_was_applied_stops_the_upgrade(self):
        self.with_migrations(edit=lambda m: m._replace(statements=m.statements + "-- changed"))
        with self.assertRaisesRegex(RuntimeError, "was changed after this database applied it"):
            self.env["gateway.schema"]._migrate()

    def test_a_database_of_a_newer_addon_stops_the_upgrade(self):
        self.env.cr.execute("insert into gateway.migration (number, name, checksum) values (999, 'later', '')")
        with self.assertRaisesRegex(RuntimeError, "migration 999"):
            self.env["gateway.schema"]._migrate()

    def test_uninstalling_leaves_nothing_and_a_new_installation_is_complete(self):
        triggers = "select count(*) from pg_trigger where tgname = 'gateway_changed'"
        before = self.value(triggers)
        tables = self.value("select count(*) from pg_class where relnamespace = 'gateway'::regnamespace")
        uninstall_hook(self.env)
        self.assertFalse(self.value("select to_regnamespace('gateway')"))
        self.assertEqual(self.value(triggers), 0)
        self.env["gateway.schema"]._migrate()
        self.assertEqual(self.value(triggers), before)
        self.assertEqual(
            self.value("select count(*) from pg_class where relnamespace = 'gateway'::regnamespace"), tables
        )

    def test_changes_of_cached_rows_are_reported_to_the_sidecars(self):
        user = self.env["res.users"].create({"name": "Watched", "login": "gateway_watched"})
        self.env.flush_all()
        changes = "select count(*) from gateway.config_change where entity = 'user' and entity_id = %s"
        before = self.value(changes, user.id)
        user.signature = "<p>nobody caches this</p>"
        self.env.flush_all()
        self.assertEqual(self.value(changes, user.id), before)
        user.active = False
        self.env.flush_all()
        self.assertEqual(self.value(changes, user.id), before + 1)

    def test_a_duplicated_database_has_secrets_of_its_own(self):
        original = self.value("select value from gateway.secrets('channel')")
        self.env["ir.config_parameter"].sudo().set_param("database.uuid", "another")
        self.env.flush_all()
        copied = self.value("select value from gateway.secrets('channel')")
        self.assertNotEqual(bytes(original), bytes(copied))
        self.assertEqual(self.value("select count(*) from gateway.secrets('channel')"), 1)
